using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>Says which fields an object sets.</summary>
internal static class FieldSetExtractor
{
    public static FieldSet Extract(JsonObject value, SchemaType type)
    {
        var builder = new FieldSetBuilder();
        VisitMap(value, type, builder);
        return builder.Build();
    }

    private static void Visit(JsonNode? value, SchemaType type, FieldSetBuilder parent, PathElement element)
    {
        switch (TypeShape.Of(type, value))
        {
            case ShapeKind.Map when value is JsonObject fields:
                VisitMap(fields, type, parent.Below(element));
                break;
            case ShapeKind.List when value is JsonArray items:
                VisitList(items, type, parent.Below(element));
                break;
            case ShapeKind.Leaf:
                parent.Add(element);
                break;
        }
    }

    private static void VisitMap(JsonObject fields, SchemaType type, FieldSetBuilder builder)
    {
        foreach (var (name, value) in fields)
        {
            var element = PathElement.Field(name);
            Visit(value, TypeShape.TypeOf(type, name), builder, element);
            if (value is null or JsonObject { Count: 0 } || !TypeShape.IsNamed(type, name))
            {
                builder.Add(element);
            }
        }
    }

    private static void VisitList(JsonArray items, SchemaType type, FieldSetBuilder builder)
    {
        var elements = items.Select(i => TypeShape.ElementOf(type, i)).ToArray();
        var counts = elements.CountBy(e => e).ToDictionary();
        for (var i = 0; i < elements.Length; i++)
        {
            builder.Add(elements[i]);
            if (counts[elements[i]] == 1)
            {
                Visit(items[i], type.Element!, builder, elements[i]);
            }
        }
    }
}
