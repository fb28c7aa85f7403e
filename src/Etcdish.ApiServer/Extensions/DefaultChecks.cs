using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>Defaults must fit the schemas that they stand in, and hold nothing that would be pruned.</summary>
internal static class DefaultChecks
{
    public static void Check(JsonObject schema, string path, List<FieldError> errors)
    {
        if (schema["default"] is { } content)
        {
            CheckDefault(schema, content, $"{path}.default", errors);
        }

        foreach (var (name, property) in schema.Part("properties") ?? [])
        {
            if (property is JsonObject inner)
            {
                Check(inner, $"{path}.properties[{name}]", errors);
            }
        }

        foreach (var field in new[] { "items", "additionalProperties" })
        {
            if (schema.Part(field) is { } inner)
            {
                Check(inner, $"{path}.{field}", errors);
            }
        }
    }

    private static void CheckDefault(JsonObject source, JsonNode content, string path, List<FieldError> errors)
    {
        var schema = CustomSchema.Of(source);
        var value = content.DeepClone();
        SchemaDefaults.Apply(value, schema);
        foreach (var error in SchemaValidator.Check(value, null, schema))
        {
            var inner = error.Path == "<nil>" ? path : $"{path}.{error.Path}";
            errors.Add(error with { Path = inner });
        }

        if (content is JsonObject fields)
        {
            var pruned = (JsonObject)fields.DeepClone();
            SchemaPruner.PruneRoot(pruned, schema, unknown: null);
            if (!JsonNode.DeepEquals(pruned, fields))
            {
                var detail = $"Invalid value: {JsonValues.Show(content)}: must not have unknown fields";
                errors.Add(new FieldError(path, "FieldValueInvalid", detail));
            }
        }
    }
}
