using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>No item of a set, and no key of a map list, may come twice.</summary>
internal static class ListKeyChecks
{
    public static List<FieldError> Check(JsonNode? value, CustomSchema schema)
    {
        var errors = new List<FieldError>();
        Visit(value, schema, "", errors);
        return errors;
    }

    /// <summary>The item of a map list that has the same keys, or null.</summary>
    public static JsonNode? FindByKeys(JsonArray? items, JsonNode? like, CustomSchema schema) =>
        items is null || like is not JsonObject
            ? null
            : items.FirstOrDefault(item => item is JsonObject && KeyOf(item, schema) == KeyOf(like, schema));

    private static void Visit(JsonNode? value, CustomSchema schema, string path, List<FieldError> errors)
    {
        switch (value)
        {
            case JsonObject fields:
                foreach (var (name, field) in fields)
                {
                    if (schema.OfField(name) is { } inner)
                    {
                        Visit(field, inner, path.Length == 0 ? name : $"{path}.{name}", errors);
                    }
                }

                break;
            case JsonArray items:
                CheckList(items, schema, path, errors);
                for (var i = 0; schema.Items is { } inner && i < items.Count; i++)
                {
                    Visit(items[i], inner, $"{path}[{i}]", errors);
                }

                break;
        }
    }

    private static void CheckList(JsonArray items, CustomSchema schema, string path, List<FieldError> errors)
    {
        if (schema.ListType is not ("set" or "map"))
        {
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < items.Count; i++)
        {
            if (schema.ListType == "map" && items[i] is not JsonObject)
            {
                errors.Add(new FieldError(
                    $"{path}[{i}]",
                    "FieldValueInvalid",
                    $"Invalid value: {JsonValues.Show(items[i])}: must be an object for an array of list-type map"));
            }
            else if (!seen.Add(schema.ListType == "map" ? KeyOf(items[i], schema) : JsonValues.Show(items[i])))
            {
                var shown = schema.ListType == "map" ? KeyOf(items[i], schema) : JsonValues.Show(items[i]);
                errors.Add(new FieldError($"{path}[{i}]", "FieldValueDuplicate", $"Duplicate value: {shown}"));
            }
        }
    }

    /// <summary>The keys of an item as errors show them: as an object with those fields.</summary>
    private static string KeyOf(JsonNode? item, CustomSchema schema)
    {
        var keys = new JsonObject();
        foreach (var key in schema.ListKeys.Order(StringComparer.Ordinal))
        {
            if ((item as JsonObject)?[key] is { } value)
            {
                keys[key] = value.DeepClone();
            }
        }

        return JsonValues.Show(keys);
    }
}
