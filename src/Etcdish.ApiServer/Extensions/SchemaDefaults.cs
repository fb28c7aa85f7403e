using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Extensions;

/// <summary>Fills in defaults, and takes away nulls where the schema allows none.</summary>
internal static class SchemaDefaults
{
    public static void Apply(JsonNode? value, CustomSchema schema)
    {
        switch (value)
        {
            case JsonObject fields:
                ApplyToObject(fields, schema);
                break;
            case JsonArray items when schema.Items is { } item:
                for (var i = 0; i < items.Count; i++)
                {
                    if (items[i] is null && !item.IsNullable && item.Default is { } content)
                    {
                        items[i] = content.DeepClone();
                    }

                    Apply(items[i], item);
                }

                break;
        }
    }

    private static void ApplyToObject(JsonObject fields, CustomSchema schema)
    {
        foreach (var (name, field) in schema.Properties)
        {
            var isThere = fields.TryGetPropertyValue(name, out var value);
            if (isThere && (value is not null || field.IsNullable))
            {
                continue;
            }

            // A null that is not allowed stands for nothing, so that the default applies.
            if (field.Default is { } content)
            {
                fields[name] = content.DeepClone();
            }
            else if (isThere)
            {
                fields.Remove(name);
            }
        }

        foreach (var (name, value) in fields.ToArray())
        {
            if (schema.OfField(name) is not { } field)
            {
                continue;
            }

            if (value is null && !field.IsNullable && !schema.ByName.ContainsKey(name) && !ReferenceEquals(field, CustomSchema.Anything))
            {
                SetOrRemove(fields, name, field.Default);
            }

            Apply(fields[name], field);
        }
    }

    private static void SetOrRemove(JsonObject fields, string name, JsonNode? content)
    {
        if (content is null)
        {
            fields.Remove(name);
        }
        else
        {
            fields[name] = content.DeepClone();
        }
    }
}
