using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Etcdish.Kubernetes;

/// <summary>Single values, and Go's words for those of the wrong type.</summary>
internal sealed partial class JsonNormalizer
{
    private void WriteValue(SchemaType type, ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            WriteNull(type);
            return;
        }

        switch (type.Kind)
        {
            case ValueKind.Struct:
                WriteStruct(type, ref reader);
                break;
            case ValueKind.List or ValueKind.StringList:
                WriteList(type, ref reader);
                break;
            case ValueKind.Map:
                WriteMap(type, ref reader);
                break;
            case ValueKind.SchemaOrArray or ValueKind.SchemaOrBool or ValueKind.SchemaOrStrings:
                WriteSchemaUnion(type, ref reader);
                break;
            case ValueKind.RawExtension or ValueKind.FieldsV1 or ValueKind.JsonMessage or ValueKind.Json:
                WriteAny(ref reader);
                break;
            default:
                WriteScalar(type, ref reader);
                break;
        }
    }

    private void WriteScalar(SchemaType type, ref Utf8JsonReader reader)
    {
        var token = reader.TokenType;
        switch (type.Kind)
        {
            case ValueKind.String when token == JsonTokenType.String:
                WriteText(ref reader);
                break;
            case ValueKind.Bool when token is JsonTokenType.True or JsonTokenType.False:
                writer.WriteBooleanValue(token == JsonTokenType.True);
                break;
            case ValueKind.Int32 when token == JsonTokenType.Number && reader.TryGetInt32(out _):
            case ValueKind.Int64 when token == JsonTokenType.Number && reader.TryGetInt64(out _):
            case ValueKind.IntOrString when token == JsonTokenType.Number && reader.TryGetInt32(out _):
            case ValueKind.Double when token == JsonTokenType.Number && reader.TryGetDouble(out var number) && double.IsFinite(number):
                writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                break;
            case ValueKind.IntOrString when token == JsonTokenType.String:
                WriteText(ref reader);
                break;
            case ValueKind.Bytes when token == JsonTokenType.String:
                WriteBytes(ref reader);
                break;
            case ValueKind.Quantity when token is JsonTokenType.String or JsonTokenType.Number:
                WriteQuantity(ref reader);
                break;
            case ValueKind.Time or ValueKind.MicroTime when token == JsonTokenType.String:
                WriteTime(ref reader, type.Kind == ValueKind.MicroTime);
                break;
            case ValueKind.Duration when token == JsonTokenType.String:
                WriteDuration(ref reader);
                break;
            default:
                throw Mismatch(ref reader, GoName(type));
        }
    }

    /// <summary>A null that is an item or a map's value stands for the empty value.</summary>
    private void WriteNull(SchemaType type)
    {
        switch (type.Kind)
        {
            case ValueKind.String:
                writer.WriteStringValue(""u8);
                break;
            case ValueKind.Int32 or ValueKind.Int64 or ValueKind.Double or ValueKind.IntOrString:
                writer.WriteNumberValue(0);
                break;
            case ValueKind.Bool:
                writer.WriteBooleanValue(false);
                break;
            case ValueKind.Quantity:
                writer.WriteStringValue("0"u8);
                break;
            case ValueKind.Struct:
                writer.WriteStartObject();
                writer.WriteEndObject();
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    private void WriteText(ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped)
        {
            writer.WriteStringValue(reader.GetString());
            return;
        }

        if (!Utf8.IsValid(reader.ValueSpan))
        {
            throw new WireFormatException("the string is not valid UTF-8");
        }

        writer.WriteStringValue(reader.ValueSpan);
    }

    private void WriteBytes(ref Utf8JsonReader reader)
    {
        if (!reader.TryGetBytesFromBase64(out var bytes))
        {
            throw new WireFormatException("illegal base64 data");
        }

        writer.WriteBase64StringValue(bytes);
    }

    private void WriteQuantity(ref Utf8JsonReader reader)
    {
        var text = reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped
            ? Encoding.UTF8.GetBytes(reader.GetString()!)
            : reader.ValueSpan;
        if (!Quantity.TryParse(text, out var quantity, out var problem))
        {
            throw new WireFormatException(problem);
        }

        Span<byte> canonical = stackalloc byte[Quantity.MaxTextLength];
        writer.WriteStringValue(canonical[..quantity.WriteTo(canonical)]);
    }

    private void WriteTime(ref Utf8JsonReader reader, bool withMicroseconds)
    {
        var text = reader.GetString()!;
        if (!TimeText.TryParse(text, out var seconds, out var nanoseconds))
        {
            throw new WireFormatException($"parsing time \"{text}\": must be a time such as 2006-01-02T15:04:05Z");
        }

        Span<byte> canonical = stackalloc byte[TimeText.ScratchLength];
        TimeText.TryFormat(seconds, nanoseconds, withMicroseconds, canonical, out var length);
        writer.WriteStringValue(canonical[..length]);
    }

    private void WriteDuration(ref Utf8JsonReader reader)
    {
        var text = reader.GetString()!;
        if (!DurationText.TryParse(text, out var nanoseconds))
        {
            throw new WireFormatException($"time: invalid duration \"{text}\"");
        }

        writer.WriteStringValue(DurationText.Format(nanoseconds));
    }

    private void WriteSchemaUnion(SchemaType type, ref Utf8JsonReader reader)
    {
        var schema = SchemaType.Object(_structs[^1]);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                WriteStruct(schema, ref reader);
                break;
            case JsonTokenType.StartArray when type.Kind != ValueKind.SchemaOrBool:
                WriteList(SchemaType.ListOf(type.Kind == ValueKind.SchemaOrStrings ? SchemaType.String : schema), ref reader);
                break;
            case JsonTokenType.True or JsonTokenType.False when type.Kind == ValueKind.SchemaOrBool:
                writer.WriteBooleanValue(reader.TokenType == JsonTokenType.True);
                break;
            default:
                throw new WireFormatException(type.Kind == ValueKind.SchemaOrBool ? "boolean or JSON schema expected"
                    : "schema or array expected");
        }
    }

    private WireFormatException Mismatch(ref Utf8JsonReader reader, string expected)
    {
        var found = reader.TokenType switch
        {
            JsonTokenType.String => "string",
            JsonTokenType.Number when expected is "int32" or "int64" =>
                "number " + Encoding.UTF8.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan),
            JsonTokenType.Number => "number",
            JsonTokenType.True or JsonTokenType.False => "bool",
            JsonTokenType.StartArray => "array",
            JsonTokenType.Null => "null",
            _ => "object",
        };
        if (_structs.Count == 0)
        {
            return new WireFormatException($"json: cannot unmarshal {found} into Go value of type {expected}");
        }

        var owner = _structs[^1].Name;
        var field = $"{owner[(owner.LastIndexOf('.') + 1)..]}.{_path.WithoutIndexes()}";
        return new WireFormatException($"json: cannot unmarshal {found} into Go struct field {field} of type {expected}");
    }

    /// <summary>What Go calls a type in its errors.</summary>
    private static string GoName(SchemaType type) => type.Kind switch
    {
        ValueKind.Struct => StructName(type.Struct!.Name),
        ValueKind.List => "[]" + GoName(type.Element!),
        ValueKind.StringList => "[]string",
        ValueKind.Map => "map[string]" + GoName(type.Element!),
        ValueKind.String => type.Enum is { } values ? StructName(values.Name) : "string",
        ValueKind.Bool => "bool",
        ValueKind.Int32 => "int32",
        ValueKind.Int64 => "int64",
        ValueKind.Double => "float64",
        ValueKind.Bytes => "[]uint8",
        ValueKind.Quantity => "resource.Quantity",
        ValueKind.Time => "v1.Time",
        ValueKind.MicroTime => "v1.MicroTime",
        ValueKind.Duration => "v1.Duration",
        ValueKind.IntOrString => "intstr.IntOrString",
        _ => type.Kind.ToString(),
    };

    private static string StructName(string name) => name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..];
}
