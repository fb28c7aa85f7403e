using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Subresources;

/// <summary>Where an object keeps what its Scale shows. Paths are written as <c>.spec.replicas</c>.</summary>
/// <param name="SpecPath">The wanted number of replicas.</param>
/// <param name="StatusPath">The number there is.</param>
/// <param name="SelectorPath">The selector of the replicas: text, a LabelSelector or plain labels; null if there is none.</param>
internal sealed record ScalePaths(string SpecPath, string StatusPath, string? SelectorPath)
{
    /// <summary>The paths of the kinds that are built in.</summary>
    public static ScalePaths BuiltIn { get; } = new(".spec.replicas", ".status.replicas", ".spec.selector");

    public long? ReadSpec(JsonObject value) => Parent(value, SpecPath, out var field).Number(field);

    public long? ReadStatus(JsonObject value) => Parent(value, StatusPath, out var field).Number(field);

    public void WriteSpec(JsonObject value, long replicas)
    {
        var parts = Split(SpecPath);
        var at = value;
        foreach (var part in parts.AsSpan()[..^1])
        {
            at = at.Ensure(part);
        }

        at[parts[^1]] = replicas;
    }

    /// <summary>The selector in the notation of query strings; empty if there is none.</summary>
    /// <exception cref="ApiException">The object's selector cannot be understood.</exception>
    public string ReadSelector(JsonObject value)
    {
        if (SelectorPath is null)
        {
            return "";
        }

        try
        {
            return Parent(value, SelectorPath, out var field)?[field] switch
            {
                JsonObject labels when IsPlain(labels) => LabelSelector.FromLabels(
                    labels.Select(label => KeyValuePair.Create(label.Key, label.Value!.GetValue<string>()))).ToString(),
                JsonObject selector => LabelSelector.FromObject(selector).ToString(),
                JsonValue text when text.TryGetValue<string>(out var written) => written,
                _ => "",
            };
        }
        catch (SelectorException e)
        {
            throw ApiErrors.BadRequest(e.Message);
        }
    }

    private static bool IsPlain(JsonObject labels) =>
        labels.All(label => label.Key is not ("matchLabels" or "matchExpressions") && label.Value is JsonValue);

    private static JsonObject? Parent(JsonObject value, string path, out string field)
    {
        var parts = Split(path);
        field = parts[^1];
        JsonObject? at = value;
        foreach (var part in parts.AsSpan()[..^1])
        {
            at = at.Part(part);
        }

        return at;
    }

    /// <summary>The names of the fields on a path.</summary>
    public static string[] Split(string path) => path.Split('.', StringSplitOptions.RemoveEmptyEntries);
}
