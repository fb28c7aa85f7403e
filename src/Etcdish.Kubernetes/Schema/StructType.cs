using System.Buffers;
using System.Text;

namespace Etcdish.Kubernetes;

/// <summary>
/// An object type with named fields. Immutable once loaded; the fields of a built-in type are read from its notation file at first use, so
/// that a type graph of six hundred types costs nothing until it is asked.
/// </summary>
public sealed class StructType
{
    private readonly Lazy<Body> _body;

    /// <summary>A type of one's own, such as that of a custom resource.</summary>
    /// <param name="name">A name for messages.</param>
    /// <param name="fields">The fields in the order in which JSON shall name them.</param>
    /// <param name="isAtomic">Whether the struct has one owner as a whole.</param>
    /// <param name="additional">The type of fields that are not named, or null if there are none.</param>
    public StructType(string name, IEnumerable<Field> fields, bool isAtomic = false, SchemaType? additional = null)
    {
        Name = name;
        Additional = additional;
        var all = fields.ToArray();
        _body = new Lazy<Body>(() => new Body(all, isAtomic, IsObject: false, IsUnion: false));
    }

    internal StructType(string name, Func<Body> load)
    {
        Name = name;
        _body = new Lazy<Body>(load);
    }

    /// <summary>Group version and name, such as <c>core/v1.PodSpec</c>.</summary>
    public string Name { get; }

    /// <summary>The fields as declared, inlined structs as one field each.</summary>
    public IReadOnlyList<Field> Fields => _body.Value.Fields;

    /// <summary>The fields as JSON has them: those of inlined structs in their place.</summary>
    public IReadOnlyList<Field> JsonFields => _body.Value.JsonFields;

    /// <summary>Whether the struct has one owner as a whole, unless the field that holds it says otherwise.</summary>
    public bool IsAtomic => _body.Value.IsAtomic;

    /// <summary>Whether this is a whole API object, with <c>kind</c> and <c>apiVersion</c>.</summary>
    public bool IsObject => _body.Value.IsObject;

    /// <summary>Whether at most one of the fields beside the discriminator is set.</summary>
    public bool IsUnion => _body.Value.IsUnion;

    /// <summary>The type of fields that are not named, or null if there are none.</summary>
    public SchemaType? Additional { get; }

    /// <summary>The declared fields in the order of their protobuf numbers; those without a number are left out.</summary>
    internal Field[] WireOrder => _body.Value.WireOrder;

    /// <summary>Whether every field but <c>kind</c> and <c>apiVersion</c> has a protobuf number.</summary>
    internal bool HasWireForm => _body.Value.HasWireForm;

    /// <summary>Finds a field by the UTF-8 bytes of its JSON name, also one of an inlined struct.</summary>
    public Field? FindField(ReadOnlySpan<byte> utf8Name) => _body.Value.Names.Find(utf8Name);

    /// <summary>Finds a field by its JSON name, also one of an inlined struct.</summary>
    public Field? FindField(string name)
    {
        const int StackLimit = 256;
        var size = Encoding.UTF8.GetMaxByteCount(name.Length);
        if (size <= StackLimit)
        {
            Span<byte> bytes = stackalloc byte[StackLimit];
            return FindField(bytes[..Encoding.UTF8.GetBytes(name, bytes)]);
        }

        var rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            return FindField(rented.AsSpan(0, Encoding.UTF8.GetBytes(name, rented)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>The place of a field in <see cref="Fields"/> by its protobuf number, or -1.</summary>
    internal int IndexOfNumber(int number)
    {
        var byNumber = _body.Value.IndexByNumber;
        return (uint)number < (uint)byNumber.Length ? byNumber[number] : -1;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>What is read from the notation.</summary>
    internal sealed record Body(Field[] Fields, bool IsAtomic, bool IsObject, bool IsUnion)
    {
        private readonly Lazy<Field[]> _jsonFields = new(() => [.. Flatten(Fields)]);
        private readonly Lazy<NameTable> _names = new(() => new NameTable([.. Flatten(Fields)]));

        public Field[] JsonFields => _jsonFields.Value;

        public NameTable Names => _names.Value;

        public Field[] WireOrder { get; } = [.. Fields.Where(f => f.Number > 0).OrderBy(f => f.Number)];

        public bool HasWireForm { get; } = Fields.All(f => f.Number > 0 || f.Name is "kind" or "apiVersion");

        public short[] IndexByNumber { get; } = IndexNumbers(Fields);

        private static IEnumerable<Field> Flatten(Field[] fields) =>
            fields.SelectMany(f => f.IsInline ? f.Type.Struct!.JsonFields : [f]);

        private static short[] IndexNumbers(Field[] fields)
        {
            var index = new short[fields.Select(f => f.Number).DefaultIfEmpty().Max() + 1];
            Array.Fill(index, (short)-1);
            for (short i = 0; i < fields.Length; i++)
            {
                if (fields[i].Number > 0)
                {
                    index[fields[i].Number] = i;
                }
            }

            return index;
        }
    }
}
