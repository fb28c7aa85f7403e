using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>
/// Finds what keeps a configuration from being applied: fields that its type does not have, which reading would drop but which nobody must
/// own, scalars of another kind, and items of a list that cannot be told apart.
/// </summary>
internal static class ConfigurationFault
{
    /// <summary>The path of the first fault and what is wrong there, or null.</summary>
    public static string? Find(JsonNode? value, SchemaType type) => value switch
    {
        JsonObject fields => FindInObject(fields, type),
        JsonArray items when type.Kind == ValueKind.List => FindInList(items, type),
        JsonValue scalar => FindInScalar(scalar, type.Kind),
        _ => null,
    };

    private static string? FindInScalar(JsonValue scalar, ValueKind expected)
    {
        var kind = scalar.GetValueKind();
        return expected switch
        {
            ValueKind.String when kind != JsonValueKind.String => $": expected string, got {scalar.ToJsonString()}",
            ValueKind.Bool when kind is not (JsonValueKind.True or JsonValueKind.False) =>
                $": expected boolean, got {scalar.ToJsonString()}",
            ValueKind.Int32 or ValueKind.Int64 when kind != JsonValueKind.Number =>
                $": expected numeric (int or float), got {(kind == JsonValueKind.String ? "string" : "bool")}",
            _ => null,
        };
    }

    private static string? FindInObject(JsonObject fields, SchemaType type)
    {
        foreach (var (name, value) in fields)
        {
            if (type.Struct is { Additional: null } closed && closed.FindField(name) is null)
            {
                return $".{name}: field not declared in schema";
            }

            if (Find(value, TypeShape.TypeOf(type, name)) is { } fault)
            {
                return $".{name}{fault}";
            }
        }

        return null;
    }

    private static string? FindInList(JsonArray items, SchemaType type)
    {
        var seen = type.ListKind == ListKind.Atomic ? null : new HashSet<PathElement>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var step = $"[{i}]";
            if (seen is not null)
            {
                if (!TryElement(type, items[i], out var element, out var fault))
                {
                    return $": element {i}: {fault}";
                }

                if (!seen.Add(element))
                {
                    return $": duplicate entries for key {element}";
                }

                step = element.ToString();
            }

            if (Find(items[i], type.Element!) is { } below)
            {
                return step + below;
            }
        }

        return null;
    }

    private static bool TryElement(SchemaType list, JsonNode? item, out PathElement element, out string fault)
    {
        try
        {
            (element, fault) = (TypeShape.ElementOf(list, item), "");
            return true;
        }
        catch (ApplyException e)
        {
            (element, fault) = (PathElement.Field(""), e.Message);
            return false;
        }
    }
}
