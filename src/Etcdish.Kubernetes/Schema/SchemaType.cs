namespace Etcdish.Kubernetes;

/// <summary>
/// The type of one value: a node of the type graph, immutable. Built-in kinds get theirs from the notation files, custom resources from
/// their definitions through the methods below.
/// </summary>
public sealed class SchemaType
{
    private readonly bool? _isAtomic;

    private SchemaType(ValueKind kind, bool? isAtomic = null)
    {
        Kind = kind;
        _isAtomic = isAtomic;
    }

    /// <summary>The type of a value that no schema describes: objects are shared field by field, lists are atomic.</summary>
    public static SchemaType Deduced { get; } = new(ValueKind.Json);

    /// <summary>A plain string.</summary>
    public static SchemaType String { get; } = new(ValueKind.String);

    /// <summary>What the value is.</summary>
    public ValueKind Kind { get; }

    /// <summary>The type of the items of a list or of the values of a map, else null.</summary>
    public SchemaType? Element { get; private init; }

    /// <summary>The fields of a struct, else null.</summary>
    public StructType? Struct { get; private init; }

    /// <summary>The known values of a string, else null.</summary>
    public EnumType? Enum { get; private init; }

    /// <summary>How the items of a list are told apart.</summary>
    public ListKind ListKind { get; private init; }

    /// <summary>The fields that tell items of a <see cref="ListKind.Map"/> apart, in the order of the schema.</summary>
    public IReadOnlyList<string> Keys { get; private init; } = [];

    /// <summary>Whether a struct or map has one owner as a whole.</summary>
    public bool IsAtomic => _isAtomic ?? Struct?.IsAtomic ?? false;

    /// <summary>A type without parts: neither struct nor list nor map.</summary>
    /// <exception cref="ArgumentException"><paramref name="kind"/> has parts.</exception>
    public static SchemaType Scalar(ValueKind kind) => kind switch
    {
        ValueKind.Struct or ValueKind.List or ValueKind.Map => throw new ArgumentException($"{kind} has parts", nameof(kind)),
        ValueKind.StringList => new SchemaType(kind) { Element = String },
        _ => new SchemaType(kind),
    };

    /// <summary>A string with known values.</summary>
    public static SchemaType OneOf(EnumType values) => new(ValueKind.String) { Enum = values };

    /// <summary>An object with fields. <paramref name="isAtomic"/> null means: as the struct says.</summary>
    public static SchemaType Object(StructType type, bool? isAtomic = null) => new(ValueKind.Struct, isAtomic) { Struct = type };

    /// <summary>A map with string keys.</summary>
    public static SchemaType MapOf(SchemaType element, bool isAtomic = false) => new(ValueKind.Map, isAtomic) { Element = element };

    /// <summary>A list; <paramref name="keys"/> only for a <see cref="ListKind.Map"/>.</summary>
    /// <exception cref="ArgumentException">A list of kind Map without keys, or keys without it.</exception>
    public static SchemaType ListOf(SchemaType element, ListKind kind = ListKind.Atomic, params IReadOnlyList<string> keys)
    {
        if (kind == ListKind.Map != keys.Count > 0)
        {
            throw new ArgumentException("a list has keys if, and only if, it is a map", nameof(keys));
        }

        return new SchemaType(ValueKind.List) { Element = element, ListKind = kind, Keys = keys };
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        ValueKind.List => $"{Element}[]",
        ValueKind.Map => $"{Element}{{}}",
        ValueKind.Struct => Struct!.Name,
        _ => Kind.ToString(),
    };
}
