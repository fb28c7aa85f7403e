using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Etcdish.Server.Configuration;

namespace Etcdish.Server.Logging;

/// <summary>Writes a log line as etcd's zap encoder does: one JSON object a line, or tab-separated for the console.</summary>
internal static class LogLineFormatter
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    private static readonly JsonWriterOptions _writerOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The line with its line end, as UTF-8.</summary>
    public static byte[] Format(
        bool isConsole, LogLevel level, DateTimeOffset time, string caller, string message, ReadOnlySpan<LogField> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        string stamp = time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        if (isConsole)
        {
            buffer.Write(Encoding.UTF8.GetBytes($"{stamp}\t{Name(level)}\t{caller}\t{message}"));
            if (fields.Length > 0)
            {
                buffer.Write("\t"u8);
            }
        }

        if (!isConsole || fields.Length > 0)
        {
            using var json = new Utf8JsonWriter(buffer, _writerOptions);
            json.WriteStartObject();
            if (!isConsole)
            {
                json.WriteString("level"u8, Name(level));
                json.WriteString("ts"u8, stamp);
                json.WriteString("caller"u8, caller);
                json.WriteString("msg"u8, message);
            }

            foreach (LogField field in fields)
            {
                json.WritePropertyName(field.Name);
                WriteValue(json, field.Value);
            }

            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>"Folder/File.cs:line" from what the compiler gives for the calling place.</summary>
    public static string Caller(string file, int line)
    {
        int slash = file.LastIndexOf('/');
        int folder = slash > 0 ? file.LastIndexOf('/', slash - 1) : -1;
        return string.Create(CultureInfo.InvariantCulture, $"{file.AsSpan(folder + 1)}:{line}");
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Debug => "debug",
        LogLevel.Info => "info",
        LogLevel.Warn => "warn",
        LogLevel.Error => "error",
        LogLevel.Panic => "panic",
        _ => "fatal",
    };

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case ulong number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case TimeSpan duration:
                json.WriteStringValue(GoDuration.Format(duration));
                break;
            case IEnumerable<string> texts:
                json.WriteStartArray();
                foreach (string text in texts)
                {
                    json.WriteStringValue(text);
                }

                json.WriteEndArray();
                break;
            default:
                json.WriteStringValue(value.ToString());
                break;
        }
    }
}
