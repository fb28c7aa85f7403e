using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>How a value takes part in ownership.</summary>
internal enum ShapeKind
{
    /// <summary>One owner for all of it: a scalar, an atomic list or map.</summary>
    Leaf,

    /// <summary>Items with owners of their own.</summary>
    List,

    /// <summary>Fields with owners of their own.</summary>
    Map,
}

/// <summary>What a type makes of a value. What no schema describes goes by its look: objects by field, all else whole.</summary>
internal static class TypeShape
{
    public static ShapeKind Of(SchemaType type, JsonNode? value) => type.Kind switch
    {
        ValueKind.Struct or ValueKind.Map => !type.IsAtomic && value is (null or JsonObject) ? ShapeKind.Map : ShapeKind.Leaf,
        ValueKind.List => type.ListKind != ListKind.Atomic && value is (null or JsonArray) ? ShapeKind.List : ShapeKind.Leaf,
        _ => IsDeduced(type) && value is JsonObject ? ShapeKind.Map : ShapeKind.Leaf,
    };

    /// <summary>The type of a field of an object.</summary>
    public static SchemaType TypeOf(SchemaType type, string field) => type.Kind switch
    {
        ValueKind.Struct => type.Struct!.FindField(field)?.Type ?? type.Struct.Additional ?? SchemaType.Deduced,
        ValueKind.Map => type.Element!,
        _ => SchemaType.Deduced,
    };

    /// <summary>The type behind a step.</summary>
    public static SchemaType TypeBelow(SchemaType type, PathElement element) =>
        element.FieldName is { } name ? TypeOf(type, name)
        : element.IsKey && type.Kind == ValueKind.List ? type.Element!
        : SchemaType.Deduced;

    /// <summary>Whether a field is named by the schema: it is then owned by what it holds, and not for being there.</summary>
    public static bool IsNamed(SchemaType type, string field) => type.Struct?.FindField(field) is not null;

    /// <summary>The step that leads to an item of a list with owners by item.</summary>
    /// <exception cref="ApplyException">The item has no such step: it lacks every key, or is of the wrong kind.</exception>
    public static PathElement ElementOf(SchemaType list, JsonNode? item)
    {
        if (list.ListKind == ListKind.Set)
        {
            return item is not null && ScalarValue.TryRead(item, out var value)
                ? PathElement.Value(value)
                : throw new ApplyException("a list of kind set holds something that is no scalar");
        }

        if (item is not JsonObject fields)
        {
            throw new ApplyException("associative list with keys may not have non-map elements");
        }

        if (list.Keys.Count == 1 && TryReadKey(list, fields, list.Keys[0], out var only))
        {
            return PathElement.Key(list.Keys[0], only);
        }

        var keys = new List<KeyValuePair<string, ScalarValue>>(list.Keys.Count);
        foreach (var key in list.Keys)
        {
            if (TryReadKey(list, fields, key, out var value))
            {
                keys.Add(KeyValuePair.Create(key, value));
            }
        }

        return keys.Count > 0
            ? PathElement.Key(keys)
            : throw new ApplyException(
                $"associative list with keys has an element that omits all key fields [\"{string.Join("\" \"", list.Keys)}\"]");
    }

    private static bool TryReadKey(SchemaType list, JsonObject fields, string key, out ScalarValue value)
    {
        if (fields.TryGetPropertyValue(key, out var node))
        {
            return ScalarValue.TryRead(node, out value) ? true : throw new ApplyException($"the key {key} of a list's item is no scalar");
        }

        value = default;
        return list.Element!.Struct?.FindField(key)?.DefaultJson is { } json && ScalarValue.TryRead(JsonNode.Parse(json), out value);
    }

    private static bool IsDeduced(SchemaType type) => type.Kind is ValueKind.Json or ValueKind.JsonMessage or ValueKind.RawExtension
        or ValueKind.FieldsV1 or ValueKind.SchemaOrArray or ValueKind.SchemaOrBool or ValueKind.SchemaOrStrings;
}
