using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Extensions;

/// <summary>Takes away the fields that a schema does not know.</summary>
internal static class SchemaPruner
{
    /// <summary>Prunes a whole custom resource; its kind, version and metadata are not the schema's.</summary>
    /// <param name="value">The resource.</param>
    /// <param name="schema">Its schema.</param>
    /// <param name="unknown">Receives the paths of what was taken away, or null.</param>
    public static void PruneRoot(JsonObject value, CustomSchema schema, List<string>? unknown) =>
        PruneObject(value, schema, "", unknown, isResource: true);

    private static void Prune(JsonNode? value, CustomSchema schema, string path, List<string>? unknown)
    {
        switch (value)
        {
            case JsonObject fields:
                PruneObject(fields, schema, path, unknown, schema.IsEmbeddedResource);
                break;
            case JsonArray items when schema.Items is { } item:
                for (var i = 0; i < items.Count; i++)
                {
                    Prune(items[i], item, $"{path}[{i}]", unknown);
                }

                break;
        }
    }

    private static void PruneObject(JsonObject fields, CustomSchema schema, string path, List<string>? unknown, bool isResource)
    {
        List<string>? dropped = null;
        foreach (var (name, value) in fields)
        {
            if (isResource && name is ("apiVersion" or "kind" or "metadata"))
            {
                continue;
            }

            var inner = path.Length == 0 ? name : $"{path}.{name}";
            if (schema.OfField(name) is { } field)
            {
                Prune(value, field, inner, unknown);
            }
            else if (!schema.PreservesUnknown)
            {
                (dropped ??= []).Add(name);
                unknown?.Add(inner);
            }
        }

        foreach (var name in dropped ?? [])
        {
            fields.Remove(name);
        }
    }
}
