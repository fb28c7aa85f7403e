using System.Text.Json;

namespace Etcdish.Kubernetes;

/// <summary>
/// Writes a JSON object as the protobuf message that Go writes for it: fields in the order of their numbers, maps in the order of their
/// keys, and what is no pointer written even if it is empty. One pass over the text: the fields of an object are written as they come, and
/// set in order when it ends. For one thread and one object at a time.
/// </summary>
internal sealed partial class ProtobufEncoder(SchemaCatalog catalog, CodecLimits limits, MessageBuffer buffer)
{
    private readonly PathTracker _path = new();
    private readonly List<Written> _written = [];

    /// <summary>Where the object is that is being encoded: after a fault, where the fault is.</summary>
    public string Path => _path.ToString();

    /// <summary>Encodes a whole text as a message of the type.</summary>
    public void WriteMessage(StructType type, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = limits.MaxDepth });
        reader.Read();
        WriteStruct(type, ref reader);
        reader.Read();
    }

    private void WriteStruct(StructType type, ref Utf8JsonReader reader)
    {
        if (!type.HasWireForm)
        {
            throw new WireFormatException($"{type.Name} has no protobuf form");
        }

        Require(reader.TokenType, JsonTokenType.StartObject, "an object");
        var start = buffer.Length;
        var first = _written.Count;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            WriteProperty(type, first, ref reader);
        }

        var end = buffer.Length;
        WriteInOrder(type, first);
        buffer.MoveDown(end, start);
        _written.RemoveRange(first, _written.Count - first);
    }

    private void WriteProperty(StructType type, int first, ref Utf8JsonReader reader)
    {
        var field = FindField(type, ref reader);
        reader.Read();
        if (field is null || field.Number == 0 || reader.TokenType == JsonTokenType.Null)
        {
            // Fields this version does not know have no number to go by: Go drops them as well.
            reader.Skip();
            return;
        }

        _path.PushField(field.Name);
        if (Find(field, first) is not null)
        {
            throw new WireFormatException("the field appears twice");
        }

        var start = buffer.Length;
        WriteField(field.Number, field.Type, ref reader);
        _written.Add(new Written(field, start, buffer.Length - start));
        _path.Pop();
    }

    private static Field? FindField(StructType type, ref Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? type.FindField(reader.GetString()!) : type.FindField(reader.ValueSpan);

    private Written? Find(Field field, int first)
    {
        for (var i = first; i < _written.Count; i++)
        {
            if (ReferenceEquals(_written[i].Field, field))
            {
                return _written[i];
            }
        }

        return null;
    }

    private void WriteInOrder(StructType type, int first)
    {
        foreach (var field in type.WireOrder)
        {
            if (field.IsInline)
            {
                var start = buffer.Length;
                WriteInOrder(field.Type.Struct!, first);
                buffer.WrapFrom(start, field.Number);
            }
            else if (Find(field, first) is { } written)
            {
                buffer.AppendCopy(written.Start, written.Length);
            }
            else if (!field.IsPointer)
            {
                WriteEmpty(field.Number, field.Type);
            }
        }
    }

    private void WriteField(int number, SchemaType type, ref Utf8JsonReader reader)
    {
        switch (type.Kind)
        {
            case ValueKind.List:
                WriteList(number, type.Element!, ref reader);
                break;
            case ValueKind.Map:
                WriteMap(number, type.Element!, ref reader);
                break;
            default:
                WriteValue(number, type, ref reader);
                break;
        }
    }

    private void WriteList(int number, SchemaType element, ref Utf8JsonReader reader)
    {
        Require(reader.TokenType, JsonTokenType.StartArray, "a list");
        _path.PushIndex(0);
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            _path.SetIndex(index);
            if (reader.TokenType == JsonTokenType.Null)
            {
                WriteEmpty(number, element);
            }
            else
            {
                WriteValue(number, element, ref reader);
            }
        }

        _path.Pop();
    }

    private void WriteMap(int number, SchemaType element, ref Utf8JsonReader reader)
    {
        Require(reader.TokenType, JsonTokenType.StartObject, "a map");
        var start = buffer.Length;
        var first = _written.Count;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            WriteEntry(number, element, ref reader);
        }

        SortEntries(first);
        var end = buffer.Length;
        foreach (var entry in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_written)[first..])
        {
            buffer.AppendCopy(entry.Start, entry.Length);
        }

        buffer.MoveDown(end, start);
        _written.RemoveRange(first, _written.Count - first);
    }

    private void WriteEntry(int number, SchemaType element, ref Utf8JsonReader reader)
    {
        var start = buffer.Length;
        var key = reader.GetString()!;
        _path.PushField(key);
        WriteText(1, ref reader);
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            WriteEmpty(2, element);
        }
        else
        {
            WriteValue(2, element, ref reader);
        }

        buffer.WrapFrom(start, number);
        _written.Add(new Written(null, start, buffer.Length - start) { Key = key });
        _path.Pop();
    }

    private void SortEntries(int first)
    {
        // Go orders keys by their bytes; UTF-16 order differs from it only for characters beyond the first plane.
        var entries = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_written)[first..];
        entries.Sort(static (a, b) => Utf8Order.Compare(a.Key, b.Key));
        for (var i = 1; i < entries.Length; i++)
        {
            if (entries[i].Key == entries[i - 1].Key)
            {
                _path.PushField(entries[i].Key!);
                throw new WireFormatException("the field appears twice");
            }
        }
    }

    private static void Require(JsonTokenType actual, JsonTokenType expected, string what)
    {
        if (actual != expected)
        {
            throw new WireFormatException($"must be {what}");
        }
    }

    /// <summary>A field or map entry that stands in the buffer and waits for its place.</summary>
    private readonly record struct Written(Field? Field, int Start, int Length)
    {
        public string? Key { get; init; }
    }
}
