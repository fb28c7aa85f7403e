using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Etcdish.Kubernetes;

/// <summary>Single values of each kind.</summary>
internal sealed partial class ProtobufDecoder
{
    private void WriteValue(SchemaType type, ref WireReader reader, WireType wire)
    {
        switch (type.Kind)
        {
            case ValueKind.Int32:
                Require(wire, WireType.Varint);
                writer.WriteNumberValue((int)reader.ReadVarint());
                break;
            case ValueKind.Int64:
                Require(wire, WireType.Varint);
                writer.WriteNumberValue((long)reader.ReadVarint());
                break;
            case ValueKind.Bool:
                Require(wire, WireType.Varint);
                writer.WriteBooleanValue(reader.ReadVarint() != 0);
                break;
            case ValueKind.Double:
                Require(wire, WireType.Fixed64);
                WriteDouble(BitConverter.UInt64BitsToDouble(reader.ReadFixed64()));
                break;
            default:
                Require(wire, WireType.Bytes);
                WriteContent(type, reader.ReadBytes());
                break;
        }
    }

    private void WriteContent(SchemaType type, ReadOnlySpan<byte> content)
    {
        switch (type.Kind)
        {
            case ValueKind.String:
                WriteText(content);
                break;
            case ValueKind.Struct:
                WriteStruct(type.Struct!, content);
                break;
            case ValueKind.Bytes:
                writer.WriteBase64StringValue(content);
                break;
            case ValueKind.Quantity:
                WriteQuantity(content);
                break;
            case ValueKind.Time or ValueKind.MicroTime:
                WriteTime(content, type.Kind == ValueKind.MicroTime);
                break;
            case ValueKind.Duration:
                writer.WriteStringValue(DurationText.Format((long)ReadNumbers(content).First));
                break;
            case ValueKind.IntOrString:
                WriteIntOrString(content);
                break;
            case ValueKind.StringList:
                WriteStringList(content, number: 1);
                break;
            case ValueKind.RawExtension or ValueKind.FieldsV1 or ValueKind.JsonMessage:
                WriteEmbedded(ReadSingle(content, 1));
                break;
            case ValueKind.SchemaOrArray or ValueKind.SchemaOrBool or ValueKind.SchemaOrStrings:
                WriteSchemaUnion(type.Kind, content);
                break;
            default:
                throw new WireFormatException($"a value of kind {type.Kind} has no protobuf form");
        }
    }

    /// <summary>Whether Go would leave the value out of JSON, given that the field may be left out. Structs never are.</summary>
    private static bool IsEmpty(SchemaType type, WireReader reader, WireType wire) => type.Kind switch
    {
        ValueKind.String or ValueKind.Bytes or ValueKind.Time or ValueKind.MicroTime or ValueKind.StringList or ValueKind.RawExtension
            or ValueKind.FieldsV1 or ValueKind.JsonMessage => wire == WireType.Bytes && reader.ReadBytes().IsEmpty,
        ValueKind.Int32 or ValueKind.Int64 or ValueKind.Bool => wire == WireType.Varint && reader.ReadVarint() == 0,
        ValueKind.Double => wire == WireType.Fixed64 && reader.ReadFixed64() == 0,
        _ => false,
    };

    private void WriteAbsent(SchemaType type)
    {
        switch (type.Kind)
        {
            case ValueKind.Int32 or ValueKind.Int64 or ValueKind.Double:
                writer.WriteNumberValue(0);
                break;
            case ValueKind.Bool:
                writer.WriteBooleanValue(false);
                break;
            default:
                WriteContent(type, []);
                break;
        }
    }

    private void WriteText(ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            throw new WireFormatException("protobuf: a string is not valid UTF-8");
        }

        writer.WriteStringValue(text);
    }

    private void WriteDouble(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new WireFormatException("protobuf: a number is not finite");
        }

        writer.WriteNumberValue(value);
    }

    private void WriteQuantity(ReadOnlySpan<byte> content)
    {
        var text = ReadSingle(content, 1);
        if (text.IsEmpty)
        {
            writer.WriteStringValue("0"u8);
            return;
        }

        if (!Quantity.TryParse(text, out var quantity, out var problem))
        {
            throw new WireFormatException(problem);
        }

        Span<byte> canonical = stackalloc byte[Quantity.MaxTextLength];
        writer.WriteStringValue(canonical[..quantity.WriteTo(canonical)]);
    }

    private void WriteTime(ReadOnlySpan<byte> content, bool withMicroseconds)
    {
        if (content.IsEmpty)
        {
            writer.WriteNullValue();
            return;
        }

        var (seconds, nanos) = ReadNumbers(content);
        Span<byte> text = stackalloc byte[TimeText.ScratchLength];
        if (!TimeText.TryFormat((long)seconds, withMicroseconds ? (int)nanos : 0, withMicroseconds, text, out var length))
        {
            throw new WireFormatException("protobuf: a time is outside of the years 1 to 9999");
        }

        writer.WriteStringValue(text[..length]);
    }

    private void WriteIntOrString(ReadOnlySpan<byte> content)
    {
        var reader = new WireReader(content);
        ulong type = 0, number = 0;
        ReadOnlySpan<byte> text = default;
        while (!reader.IsAtEnd)
        {
            switch (reader.ReadTag())
            {
                case (1, WireType.Varint): type = reader.ReadVarint(); break;
                case (2, WireType.Varint): number = reader.ReadVarint(); break;
                case (3, WireType.Bytes): text = reader.ReadBytes(); break;
                case var (_, wire): reader.Skip(wire); break;
            }
        }

        switch (type)
        {
            case 0:
                writer.WriteNumberValue((int)number);
                break;
            case 1:
                WriteText(text);
                break;
            default:
                throw new WireFormatException(string.Create(CultureInfo.InvariantCulture, $"protobuf: {type} is no kind of int-or-string"));
        }
    }

    private void WriteStringList(ReadOnlySpan<byte> content, int number)
    {
        writer.WriteStartArray();
        var reader = new WireReader(content);
        while (!reader.IsAtEnd)
        {
            var (found, wire) = reader.ReadTag();
            if (found != number)
            {
                reader.Skip(wire);
                continue;
            }

            Require(wire, WireType.Bytes);
            WriteText(reader.ReadBytes());
            CheckSize();
        }

        writer.WriteEndArray();
    }

    /// <summary>An object inside of an object: JSON text, or an envelope again.</summary>
    private void WriteEmbedded(ReadOnlySpan<byte> raw)
    {
        if (raw.IsEmpty)
        {
            writer.WriteNullValue();
        }
        else if (ProtobufEnvelope.IsEnvelope(raw))
        {
            Enter();
            WriteEnvelope(raw, expected: null);
            Leave();
        }
        else
        {
            WriteJsonText(raw);
        }
    }

    private void WriteJsonText(ReadOnlySpan<byte> json)
    {
        try
        {
            JsonCopy.Text(json, writer, Math.Max(1, limits.MaxDepth - _depth));
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or ArgumentException)
        {
            // The last two: an escape that stands for half a surrogate pair, and bytes that are no UTF-8.
            throw new WireFormatException($"the embedded object is no valid JSON: {fault.Message}");
        }

        CheckSize();
    }

    private void WriteSchemaUnion(ValueKind kind, ReadOnlySpan<byte> content)
    {
        var schema = catalog.GetStruct("apiextensions/v1.JSONSchemaProps");
        var schemaNumber = kind == ValueKind.SchemaOrBool ? 2 : 1;
        if (TryReadSingle(content, schemaNumber, out var message))
        {
            WriteStruct(schema, message);
        }
        else if (kind == ValueKind.SchemaOrBool)
        {
            writer.WriteBooleanValue(ReadNumbers(content).First != 0);
        }
        else if (kind == ValueKind.SchemaOrStrings)
        {
            WriteStringList(content, number: 2);
        }
        else
        {
            var items = new Field("items", SchemaType.ListOf(SchemaType.Object(schema))) { Number = 2 };
            var reader = new WireReader(content);
            WriteList(items, ref reader, content.Length);
        }
    }

    private static ReadOnlySpan<byte> ReadSingle(ReadOnlySpan<byte> message, int number) =>
        TryReadSingle(message, number, out var value) ? value : default;

    private static bool TryReadSingle(ReadOnlySpan<byte> message, int number, out ReadOnlySpan<byte> value)
    {
        value = default;
        var isFound = false;
        var reader = new WireReader(message);
        while (!reader.IsAtEnd)
        {
            var (found, wire) = reader.ReadTag();
            if (found == number)
            {
                Require(wire, WireType.Bytes);
                value = reader.ReadBytes();
                isFound = true;
            }
            else
            {
                reader.Skip(wire);
            }
        }

        return isFound;
    }

    private static (ulong First, ulong Second) ReadNumbers(ReadOnlySpan<byte> message)
    {
        var reader = new WireReader(message);
        ulong first = 0, second = 0;
        while (!reader.IsAtEnd)
        {
            switch (reader.ReadTag())
            {
                case (1, WireType.Varint): first = reader.ReadVarint(); break;
                case (2, WireType.Varint): second = reader.ReadVarint(); break;
                case var (_, wire): reader.Skip(wire); break;
            }
        }

        return (first, second);
    }

    private static void Require(WireType actual, WireType expected)
    {
        if (actual != expected)
        {
            throw new WireFormatException($"protobuf: wire type {(int)actual} where {(int)expected} belongs");
        }
    }
}
