using System.Text.Json;

namespace Etcdish.Kubernetes;

/// <summary>
/// Writes a protobuf message as JSON. Fields come by number on the wire and in the order of their declaration in JSON, so each message is
/// looked through once to note where its fields lie; nothing is copied but into the output. For one thread and one object at a time.
/// </summary>
internal sealed partial class ProtobufDecoder(SchemaCatalog catalog, CodecLimits limits, Utf8JsonWriter writer)
{
    private readonly PathTracker _path = new();
    private int _depth;

    /// <summary>Where the object is that is being decoded: after a fault, where the fault is.</summary>
    public string Path => _path.ToString();

    /// <summary>Decodes <c>k8s\0</c> and what follows; returns what the object says it is.</summary>
    public ObjectHeader WriteEnvelope(ReadOnlySpan<byte> envelope, StructType? expected)
    {
        var unknown = ProtobufEnvelope.Read(envelope);
        var header = unknown.Header;
        var type = expected ?? catalog.FindKind(header.ApiVersion, header.Kind)
            ?? throw new WireFormatException($"no kind \"{header.Kind}\" is registered for version \"{header.ApiVersion}\"");
        if (unknown.IsJson)
        {
            WriteJsonText(unknown.Raw);
        }
        else
        {
            WriteObject(type, header, unknown.Raw);
        }

        return header;
    }

    private void WriteObject(StructType type, in ObjectHeader header, ReadOnlySpan<byte> message)
    {
        Enter();
        writer.WriteStartObject();
        if (header.Kind.Length > 0)
        {
            writer.WriteString("kind"u8, header.Kind);
        }

        if (header.ApiVersion.Length > 0)
        {
            writer.WriteString("apiVersion"u8, header.ApiVersion);
        }

        WriteFields(type, message);
        writer.WriteEndObject();
        Leave();
    }

    private void WriteStruct(StructType type, ReadOnlySpan<byte> message)
    {
        Enter();
        writer.WriteStartObject();
        WriteFields(type, message);
        writer.WriteEndObject();
        Leave();
    }

    private void WriteFields(StructType type, ReadOnlySpan<byte> message)
    {
        var fields = type.Fields;
        Span<Occurrence> found = stackalloc Occurrence[fields.Count];
        found.Clear();
        NoteFields(type, message, found);
        for (var i = 0; i < fields.Count; i++)
        {
            if (!found[i].IsPresent)
            {
                continue;
            }

            var field = fields[i];
            var reader = new WireReader(message) { Position = found[i].Start };
            if (field.IsInline)
            {
                reader.ReadTag();
                WriteFields(field.Type.Struct!, reader.ReadBytes());
                continue;
            }

            _path.PushField(field.Name);
            WriteField(field, ref reader, found[i].End);
            _path.Pop();
        }
    }

    /// <summary>Notes for each field the place of its first tag and the end of its last value.</summary>
    private void NoteFields(StructType type, ReadOnlySpan<byte> message, Span<Occurrence> found)
    {
        var reader = new WireReader(message);
        while (!reader.IsAtEnd)
        {
            var start = reader.Position;
            var (number, wire) = reader.ReadTag();
            reader.Skip(wire);
            var index = type.IndexOfNumber(number);
            if (index < 0)
            {
                continue;
            }

            var field = type.Fields[index];
            if (found[index].IsPresent && field.Type.Kind is not (ValueKind.List or ValueKind.Map))
            {
                _path.PushField(field.Name);
                throw new WireFormatException("protobuf: the field appears twice");
            }

            found[index] = new Occurrence(found[index].IsPresent ? found[index].Start : start, reader.Position);
        }
    }

    private void WriteField(Field field, ref WireReader reader, int end)
    {
        switch (field.Type.Kind)
        {
            case ValueKind.List:
                writer.WritePropertyName(field.EncodedName);
                WriteList(field, ref reader, end);
                break;
            case ValueKind.Map:
                writer.WritePropertyName(field.EncodedName);
                WriteMap(field, ref reader, end);
                break;
            default:
                var wire = reader.ReadTag().Type;
                if (field.IsPointer || field.IsAlwaysWritten || !IsEmpty(field.Type, reader, wire))
                {
                    writer.WritePropertyName(field.EncodedName);
                    WriteValue(field.Type, ref reader, wire);
                }

                break;
        }
    }

    private void WriteList(Field field, ref WireReader reader, int end)
    {
        Enter();
        writer.WriteStartArray();
        _path.PushIndex(0);
        var element = field.Type.Element!;
        for (var index = 0; reader.Position < end;)
        {
            var (number, wire) = reader.ReadTag();
            if (number != field.Number)
            {
                reader.Skip(wire);
                continue;
            }

            _path.SetIndex(index);
            if (wire == WireType.Bytes && IsVarint(element.Kind))
            {
                index += WritePacked(element, reader.ReadBytes());
                continue;
            }

            WriteValue(element, ref reader, wire);
            CheckSize();
            index++;
        }

        _path.Pop();
        writer.WriteEndArray();
        Leave();
    }

    private int WritePacked(SchemaType element, ReadOnlySpan<byte> packed)
    {
        var reader = new WireReader(packed);
        var count = 0;
        for (; !reader.IsAtEnd; count++)
        {
            WriteValue(element, ref reader, WireType.Varint);
            CheckSize();
        }

        return count;
    }

    private void Enter()
    {
        if (++_depth > limits.MaxDepth)
        {
            throw new WireFormatException($"the object nests deeper than {limits.MaxDepth} levels");
        }

        CheckSize();
    }

    private void Leave() => _depth--;

    private void CheckSize()
    {
        if (writer.BytesCommitted + writer.BytesPending > limits.MaxOutputBytes)
        {
            throw new WireFormatException($"the object is larger than {limits.MaxOutputBytes} bytes");
        }
    }

    private static bool IsVarint(ValueKind kind) => kind is ValueKind.Int32 or ValueKind.Int64 or ValueKind.Bool;

    /// <summary>Where a field lies in its message.</summary>
    private readonly record struct Occurrence(int Start, int End)
    {
        public bool IsPresent => End > 0;
    }
}
