using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Controllers.Ownership;

/// <summary>
/// The one form of templates that mean the same: fields in order of their names, without those that say nothing (null, empty lists, and the
/// empty objects that are the same as none). It must never change: hashes of it are part of the names of objects in people's clusters.
/// </summary>
internal static class CanonicalTemplate
{
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 256 };

    /// <summary>
    /// Fields whose empty object is as good as none. Others are kept: an empty label selector selects everything and none selects nothing,
    /// an empty emptyDir is a volume.
    /// </summary>
    private static readonly HashSet<string> _nothingIfEmpty =
        ["metadata", "labels", "annotations", "resources", "requests", "limits", "nodeSelector", "matchLabels"];

    /// <summary>The canonical form, as JSON.</summary>
    /// <param name="template">The template.</param>
    /// <param name="withoutLabel">A label that does not count, or null.</param>
    public static byte[] Of(JsonObject template, string? withoutLabel)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(output, _options))
        {
            Write(writer, template, withoutLabel);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Whether two templates mean the same, but for a label.</summary>
    public static bool AreEqual(JsonObject one, JsonObject other, string? withoutLabel) =>
        ReferenceEquals(one, other) || Of(one, withoutLabel).AsSpan().SequenceEqual(Of(other, withoutLabel));

    private static void Write(Utf8JsonWriter writer, JsonNode? node, string? withoutLabel)
    {
        switch (node)
        {
            case JsonObject fields:
                writer.WriteStartObject();
                foreach (var (name, value) in fields.Where(f => Says(f.Key, f.Value, withoutLabel)).OrderBy(f => f.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(name);
                    Write(writer, value, Below(name, withoutLabel));
                }

                writer.WriteEndObject();
                break;
            case JsonArray items:
                writer.WriteStartArray();
                foreach (var item in items)
                {
                    Write(writer, item, null);
                }

                writer.WriteEndArray();
                break;
            case null:
                writer.WriteNullValue();
                break;
            case JsonValue text when text.GetValueKind() == JsonValueKind.String:
                // Not as it was escaped when it was read.
                writer.WriteStringValue(text.GetValue<string>());
                break;
            default:
                node.WriteTo(writer);
                break;
        }
    }

    /// <summary>
    /// What does not count stays to be dropped on the way to metadata.labels. It is dropped as a field of whatever name on that way, which is
    /// right: pod templates have no other field that looks like a label key.
    /// </summary>
    private static string? Below(string name, string? withoutLabel) => name is "metadata" or "labels" ? withoutLabel : null;

    private static bool Says(string name, JsonNode? value, string? withoutLabel) => name != withoutLabel && value switch
    {
        null => false,
        JsonArray items => items.Count > 0,
        JsonObject fields when _nothingIfEmpty.Contains(name) => fields.Any(f => Says(f.Key, f.Value, Below(name, withoutLabel))),
        _ => true,
    };
}
