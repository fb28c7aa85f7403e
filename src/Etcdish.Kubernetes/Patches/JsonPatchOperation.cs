using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>One operation. What is missing is noticed when it is applied, as operations before it may fail first.</summary>
internal sealed record JsonPatchOperation(string Kind, string? Path, string? From, bool HasValue, JsonNode? Value)
{
    public static JsonPatchOperation Read(JsonNode? node)
    {
        if (node is not JsonObject fields)
        {
            throw new PatchException(PatchFault.Malformed, "error decoding patch: an operation is an object");
        }

        return new JsonPatchOperation(
            ReadText(fields, "op") ?? "unknown", ReadText(fields, "path"), ReadText(fields, "from"), fields.ContainsKey("value"),
                fields["value"]);
    }

    private static string? ReadText(JsonObject fields, string name) =>
        fields[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
