using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>JSON documents as trees that patches and apply work on: from and to bytes, with bounds.</summary>
public static class JsonTree
{
    /// <summary>What an object of unknown type looks like.</summary>
    private static readonly StructType _anyObject = new("object", [], additional: SchemaType.Deduced);

    /// <summary>Parses an object. Of fields that appear twice the last counts, and <paramref name="issues"/> names them.</summary>
    /// <exception cref="ObjectFormatException">The text is no JSON object, or too deep.</exception>
    public static JsonObject ParseObject(ReadOnlySpan<byte> json, out FieldIssues issues, CodecLimits? limits = null)
    {
        limits ??= CodecLimits.Default;
        issues = new FieldIssues();
        if (DuplicateFinder.Find(json, limits.MaxDepth) is not null)
        {
            var unique = new ArrayBufferWriter<byte>(json.Length);
            issues = TypedJson.Normalize(json, _anyObject, unique, limits);
            return ParseObject(unique.WrittenSpan, out _, limits);
        }

        return Parse(json, limits) as JsonObject ?? throw new ObjectFormatException("", "the body is no JSON object");
    }

    /// <summary>Parses an object, silently taking the last of fields that appear twice.</summary>
    /// <exception cref="ObjectFormatException">The text is no JSON object, or too deep.</exception>
    public static JsonObject ParseObject(ReadOnlySpan<byte> json, CodecLimits? limits = null) => ParseObject(json, out _, limits);

    /// <summary>Writes a tree.</summary>
    public static void Write(JsonNode? node, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output, JsonOptions.Writer);
        if (node is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            node.WriteTo(writer);
        }
    }

    /// <summary>The text of a tree.</summary>
    public static byte[] ToBytes(JsonNode? node) => JsonSerializer.SerializeToUtf8Bytes(node, JsonOptions.Tree);

    internal static JsonNode? Parse(ReadOnlySpan<byte> json, CodecLimits limits)
    {
        try
        {
            var options = new JsonDocumentOptions { MaxDepth = limits.MaxDepth, AllowDuplicateProperties = false };
            return JsonNode.Parse(json, documentOptions: options);
        }
        catch (JsonException fault)
        {
            throw new ObjectFormatException("", $"no valid JSON: {fault.Message}");
        }
    }

    /// <summary>A text that is the same for equal scalars and differs for others; null for objects and lists.</summary>
    internal static string? ScalarKey(JsonNode? node)
    {
        if (node is null)
        {
            return "null";
        }

        if (node is not JsonValue value)
        {
            return null;
        }

        return value.GetValueKind() switch
        {
            JsonValueKind.String => "\"" + value.GetValue<string>(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => JsonNumber.Canonical(value),
        };
    }
}
