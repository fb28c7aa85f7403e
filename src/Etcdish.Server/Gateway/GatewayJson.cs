using System.Buffers;
using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Etcdish.Server.Gateway;

/// <summary>
/// Messages as etcd's gateway writes them: compact, names as in the .proto files, bytes as base64, 64-bit integers as text, enums by
/// name, and what is zero left out. Google.Protobuf's own formatter agrees on all but the spaces, which scripts stumble over.
/// </summary>
internal static class GatewayJson
{
    private static readonly JsonParser _parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    private static readonly JsonWriterOptions _writerOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a message; unknown fields are skipped, numbers may be numbers or text, enums names or numbers.</summary>
    /// <exception cref="InvalidProtocolBufferException">The text is JSON but not this message.</exception>
    /// <exception cref="InvalidJsonException">The text is not JSON.</exception>
    public static IMessage Parse(string json, MessageDescriptor type) => _parser.Parse(json, type);

    /// <summary>Starts a writer with the gateway's escaping.</summary>
    public static Utf8JsonWriter OpenWriter(IBufferWriter<byte> output) => new(output, _writerOptions);

    /// <summary>Writes a message as an object.</summary>
    public static void Write(Utf8JsonWriter json, IMessage message)
    {
        json.WriteStartObject();
        foreach (FieldDescriptor field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            object value = field.Accessor.GetValue(message);
            if (!IsPresent(message, field, value))
            {
                continue;
            }

            json.WritePropertyName(field.Name);
            if (field.IsRepeated)
            {
                WriteList(json, field, (IList)value);
            }
            else
            {
                WriteValue(json, field, value);
            }
        }

        json.WriteEndObject();
    }

    private static bool IsPresent(IMessage message, FieldDescriptor field, object? value)
    {
        if (field.ContainingOneof is { } oneof)
        {
            return oneof.Accessor.GetCaseFieldDescriptor(message) == field;
        }

        return value switch
        {
            null => false,
            IList list => list.Count > 0,
            ByteString bytes => bytes.Length > 0,
            string text => text.Length > 0,
            bool flag => flag,
            IMessage => true,
            Enum number => Convert.ToInt32(number, null) != 0,
            _ => Convert.ToDouble(value, null) != 0,
        };
    }

    private static void WriteList(Utf8JsonWriter json, FieldDescriptor field, IList values)
    {
        json.WriteStartArray();
        foreach (object value in values)
        {
            WriteValue(json, field, value);
        }

        json.WriteEndArray();
    }

    private static void WriteValue(Utf8JsonWriter json, FieldDescriptor field, object value)
    {
        switch (value)
        {
            case IMessage message:
                Write(json, message);
                break;
            case ByteString bytes:
                json.WriteBase64StringValue(bytes.Span);
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case long or ulong:
                json.WriteStringValue(value.ToString());
                break;
            case Enum:
                WriteEnum(json, field, Convert.ToInt32(value, null));
                break;
            default:
                json.WriteNumberValue(Convert.ToDouble(value, null));
                break;
        }
    }

    private static void WriteEnum(Utf8JsonWriter json, FieldDescriptor field, int number)
    {
        if (field.EnumType.FindValueByNumber(number) is { } known)
        {
            json.WriteStringValue(known.Name);
        }
        else
        {
            json.WriteNumberValue(number);
        }
    }
}
