using System.Buffers;
using System.Text;
using System.Text.Json;
using YamlDotNet.Core;

namespace Etcdish.Kubernetes;

/// <summary>
/// YAML to JSON, by the rules of YAML 1.1 that Kubernetes reads it by: <c>yes</c>, <c>on</c> and <c>y</c> are true, <c>0644</c> is octal,
/// <c>&lt;&lt;</c> merges. The first document counts. Keys that appear twice stay, for strict validation to find.
/// </summary>
public static class YamlConverter
{
    /// <summary>Writes the first document as JSON.</summary>
    /// <param name="yaml">The text in UTF-8; JSON is YAML and is only checked and copied.</param>
    /// <param name="output">Where the JSON goes; undefined after an error.</param>
    /// <param name="limits">Bounds, or null for the defaults; anchors may not unfold to more than the output limit.</param>
    /// <exception cref="ObjectFormatException">The text is no YAML, or beyond the limits.</exception>
    public static void ToJson(ReadOnlySpan<byte> yaml, IBufferWriter<byte> output, CodecLimits? limits = null)
    {
        limits ??= CodecLimits.Default;
        if (IsJson(yaml, limits.MaxDepth))
        {
            output.Write(yaml);
            return;
        }

        using var writer = new Utf8JsonWriter(output, JsonOptions.Writer);
        try
        {
            var text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(yaml);
            var document = YamlDocumentReader.Read(text, limits.MaxDepth);
            new YamlJsonWriter(writer, limits).Write(document);
        }
        catch (Exception fault) when (fault is YamlException or WireFormatException or DecoderFallbackException or ArgumentException)
        {
            throw new ObjectFormatException("", $"error converting YAML to JSON: yaml: {fault.Message}");
        }
    }

    private static bool IsJson(ReadOnlySpan<byte> text, int maxDepth)
    {
        var start = text.IndexOfAnyExcept(" \t\r\n"u8);
        if (start < 0 || text[start] != '{')
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = maxDepth });
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            // Flow-style YAML, perhaps.
            return false;
        }
    }
}
