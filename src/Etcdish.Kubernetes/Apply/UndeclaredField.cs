using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>Finds a field that a type does not have. Reading drops such fields, but what is applied must not own what is dropped.</summary>
internal static class UndeclaredField
{
    /// <summary>The path of the first such field, or null.</summary>
    public static string? Find(JsonNode? value, SchemaType type) => value switch
    {
        JsonObject fields => FindInObject(fields, type),
        JsonArray items when type.Kind == ValueKind.List => FindInList(items, type),
        _ => null,
    };

    private static string? FindInObject(JsonObject fields, SchemaType type)
    {
        foreach (var (name, value) in fields)
        {
            if (type.Struct is { Additional: null } closed && closed.FindField(name) is null)
            {
                return "." + name;
            }

            if (Find(value, TypeShape.TypeOf(type, name)) is { } path)
            {
                return $".{name}{path}";
            }
        }

        return null;
    }

    private static string? FindInList(JsonArray items, SchemaType type)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (Find(items[i], type.Element!) is { } path)
            {
                return type.ListKind == ListKind.Map ? TypeShape.ElementOf(type, items[i]) + path : $"[{i}]{path}";
            }
        }

        return null;
    }
}
