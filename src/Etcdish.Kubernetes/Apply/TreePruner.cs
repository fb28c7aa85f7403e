using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>Takes fields away from an object; what is left without content by that goes too. The object itself is not changed.</summary>
internal static class TreePruner
{
    public static JsonObject Remove(JsonObject value, FieldSet fields, SchemaType type) => RemoveFromMap(value, fields, type) ?? [];

    private static JsonNode? Remove(JsonNode? value, FieldSet fields, SchemaType type) => TypeShape.Of(type, value) switch
    {
        ShapeKind.Map when value is JsonObject { Count: > 0 } map => RemoveFromMap(map, fields, type),
        ShapeKind.List when value is JsonArray { Count: > 0 } list => RemoveFromList(list, fields, type),
        _ => value?.DeepClone(),
    };

    private static JsonObject? RemoveFromMap(JsonObject map, FieldSet fields, SchemaType type)
    {
        var rest = new JsonObject();
        foreach (var (name, value) in map)
        {
            var element = PathElement.Field(name);
            if (fields.Contains(element))
            {
                continue;
            }

            var below = fields.Below(element);
            if (below.IsEmpty)
            {
                rest[name] = value?.DeepClone();
            }
            else if (Remove(value, below, TypeShape.TypeOf(type, name)) is { } kept)
            {
                rest[name] = kept;
            }
        }

        return rest.Count > 0 ? rest : null;
    }

    private static JsonArray? RemoveFromList(JsonArray list, FieldSet fields, SchemaType type)
    {
        var rest = new JsonArray();
        foreach (var item in list)
        {
            var element = TypeShape.ElementOf(type, item);
            if (!fields.Contains(element))
            {
                var below = fields.Below(element);
                rest.Add(below.IsEmpty ? item?.DeepClone() : Remove(item, below, type.Element!));
            }
        }

        return rest.Count > 0 ? rest : null;
    }
}
