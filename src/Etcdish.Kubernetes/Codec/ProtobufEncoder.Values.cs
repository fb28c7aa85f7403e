using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Etcdish.Kubernetes;

/// <summary>Single values of each kind.</summary>
internal sealed partial class ProtobufEncoder
{
    private void WriteValue(int number, SchemaType type, ref Utf8JsonReader reader)
    {
        switch (type.Kind)
        {
            case ValueKind.String:
                WriteText(number, ref reader);
                break;
            case ValueKind.Int32:
                buffer.AppendTag(number, WireType.Varint);
                buffer.AppendVarint((ulong)ReadInteger(ref reader, int.MinValue, int.MaxValue));
                break;
            case ValueKind.Int64:
                buffer.AppendTag(number, WireType.Varint);
                buffer.AppendVarint((ulong)ReadInteger(ref reader, long.MinValue, long.MaxValue));
                break;
            case ValueKind.Bool:
                buffer.AppendTag(number, WireType.Varint);
                buffer.AppendVarint(ReadBool(ref reader) ? 1u : 0);
                break;
            case ValueKind.Double:
                buffer.AppendTag(number, WireType.Fixed64);
                buffer.AppendFixed64(BitConverter.DoubleToUInt64Bits(ReadDouble(ref reader)));
                break;
            case ValueKind.Bytes:
                WriteBytes(number, ref reader);
                break;
            default:
                var start = buffer.Length;
                WriteContent(type, ref reader);
                buffer.WrapFrom(start, number);
                break;
        }
    }

    private void WriteContent(SchemaType type, ref Utf8JsonReader reader)
    {
        switch (type.Kind)
        {
            case ValueKind.Struct:
                WriteStruct(type.Struct!, ref reader);
                break;
            case ValueKind.Quantity:
                WriteQuantity(ref reader);
                break;
            case ValueKind.Time or ValueKind.MicroTime:
                WriteTime(ReadText(ref reader), type.Kind == ValueKind.MicroTime);
                break;
            case ValueKind.Duration:
                buffer.AppendTag(1, WireType.Varint);
                buffer.AppendVarint((ulong)(DurationText.TryParse(ReadText(ref reader), out var nanoseconds)
                    ? nanoseconds : throw new WireFormatException("must be a duration such as 1h2m3s")));
                break;
            case ValueKind.IntOrString:
                WriteIntOrString(ref reader);
                break;
            case ValueKind.StringList:
                WriteList(1, SchemaType.String, ref reader);
                break;
            case ValueKind.RawExtension or ValueKind.FieldsV1 or ValueKind.JsonMessage:
                var start = buffer.Length;
                CopyCompact(ref reader);
                buffer.WrapFrom(start, 1);
                break;
            case ValueKind.SchemaOrArray or ValueKind.SchemaOrBool or ValueKind.SchemaOrStrings:
                WriteSchemaUnion(type.Kind, ref reader);
                break;
            default:
                throw new WireFormatException($"a value of kind {type.Kind} has no protobuf form");
        }
    }

    /// <summary>The form of a value that is no pointer and is missing.</summary>
    private void WriteEmpty(int number, SchemaType type)
    {
        switch (type.Kind)
        {
            case ValueKind.Int32 or ValueKind.Int64 or ValueKind.Bool:
                buffer.AppendTag(number, WireType.Varint);
                buffer.AppendVarint(0);
                break;
            case ValueKind.Double:
                buffer.AppendTag(number, WireType.Fixed64);
                buffer.AppendFixed64(0);
                break;
            case ValueKind.Quantity:
                buffer.AppendBytes(number, [0x0a, 1, (byte)'0']);
                break;
            case ValueKind.IntOrString:
                buffer.AppendBytes(number, [0x08, 0, 0x10, 0, 0x1a, 0]);
                break;
            case ValueKind.Duration:
                buffer.AppendBytes(number, [0x08, 0]);
                break;
            case ValueKind.Struct:
                var start = buffer.Length;
                WriteInOrder(type.Struct!, _written.Count);
                buffer.WrapFrom(start, number);
                break;
            case ValueKind.List or ValueKind.Map or ValueKind.Bytes or ValueKind.StringList:
                break;
            default:
                buffer.AppendBytes(number, []);
                break;
        }
    }

    private void WriteText(int number, ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            throw new WireFormatException("must be a string");
        }

        buffer.AppendTag(number, WireType.Bytes);
        if (!reader.ValueIsEscaped)
        {
            if (!Utf8.IsValid(reader.ValueSpan))
            {
                throw new WireFormatException("a string is not valid UTF-8");
            }

            buffer.AppendVarint((ulong)reader.ValueSpan.Length);
            buffer.Append(reader.ValueSpan);
            return;
        }

        var text = Encoding.UTF8.GetBytes(reader.GetString()!);
        buffer.AppendVarint((ulong)text.Length);
        buffer.Append(text);
    }

    private void WriteBytes(int number, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String || !reader.TryGetBytesFromBase64(out var bytes))
        {
            throw new WireFormatException("must be a string of base64");
        }

        buffer.AppendBytes(number, bytes);
    }

    private void WriteQuantity(ref Utf8JsonReader reader)
    {
        var text = reader.TokenType is JsonTokenType.String && reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!)
            : reader.TokenType is JsonTokenType.String or JsonTokenType.Number ? reader.ValueSpan
            : throw new WireFormatException("must be a quantity such as 500m");
        if (!Quantity.TryParse(text, out var quantity, out var problem))
        {
            throw new WireFormatException(problem);
        }

        Span<byte> canonical = stackalloc byte[Quantity.MaxTextLength];
        buffer.AppendBytes(1, canonical[..quantity.WriteTo(canonical)]);
    }

    private void WriteTime(string text, bool withMicroseconds)
    {
        if (!TimeText.TryParse(text, out var seconds, out var nanoseconds))
        {
            throw new WireFormatException("must be a time such as 2006-01-02T15:04:05Z");
        }

        buffer.AppendTag(1, WireType.Varint);
        buffer.AppendVarint((ulong)seconds);
        buffer.AppendTag(2, WireType.Varint);
        buffer.AppendVarint(withMicroseconds ? (ulong)(nanoseconds / 1000 * 1000) : 0);
    }

    private void WriteIntOrString(ref Utf8JsonReader reader)
    {
        var isText = reader.TokenType == JsonTokenType.String;
        buffer.AppendTag(1, WireType.Varint);
        buffer.AppendVarint(isText ? 1u : 0);
        buffer.AppendTag(2, WireType.Varint);
        buffer.AppendVarint(isText ? 0 : (ulong)ReadInteger(ref reader, int.MinValue, int.MaxValue));
        if (isText)
        {
            WriteText(3, ref reader);
        }
        else
        {
            buffer.AppendBytes(3, []);
        }
    }

    private void WriteSchemaUnion(ValueKind kind, ref Utf8JsonReader reader)
    {
        var schema = SchemaType.Object(catalog.GetStruct("apiextensions/v1.JSONSchemaProps"));
        if (kind == ValueKind.SchemaOrBool)
        {
            var isSchema = reader.TokenType == JsonTokenType.StartObject;
            buffer.AppendTag(1, WireType.Varint);
            buffer.AppendVarint(isSchema || ReadBool(ref reader) ? 1u : 0);
            if (isSchema)
            {
                WriteValue(2, schema, ref reader);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            WriteValue(1, schema, ref reader);
        }
        else
        {
            WriteList(2, kind == ValueKind.SchemaOrStrings ? SchemaType.String : schema, ref reader);
        }
    }

    /// <summary>Copies the value the reader stands at, with its own spelling and without white space.</summary>
    private void CopyCompact(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        var needsComma = false;
        do
        {
            var type = reader.TokenType;
            if (needsComma && type is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
            {
                buffer.Append(","u8);
            }

            var quote = type is JsonTokenType.String or JsonTokenType.PropertyName ? "\""u8 : default;
            buffer.Append(quote);
            buffer.Append(reader.ValueSpan);
            buffer.Append(quote);
            if (type == JsonTokenType.PropertyName)
            {
                buffer.Append(":"u8);
            }

            needsComma = type is not (JsonTokenType.StartObject or JsonTokenType.StartArray or JsonTokenType.PropertyName);
        }
        while ((reader.CurrentDepth > depth || reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject) && reader.Read());
    }

    private static string ReadText(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new WireFormatException("must be a string");

    private static bool ReadBool(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw new WireFormatException("must be true or false"),
    };

    private static long ReadInteger(ref Utf8JsonReader reader, long min, long max) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) && value >= min && value <= max
            ? value
            : throw new WireFormatException(string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}"));

    private static double ReadDouble(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value) && double.IsFinite(value)
            ? value
            : throw new WireFormatException("must be a number");
}
