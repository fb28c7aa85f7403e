using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Http;

/// <summary>How the room reads and writes JSON.</summary>
internal static class ApiJson
{
    /// <summary>How deep a request's body may nest.</summary>
    public const int MaxDepth = 128;

    /// <summary>No white space, and no escapes but those that JSON asks for.</summary>
    public static JsonWriterOptions Writer { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static JsonDocumentOptions Reader { get; } = new() { MaxDepth = MaxDepth + 8 };

    /// <summary>Reads bytes that are known to be an object.</summary>
    public static JsonObject Parse(ReadOnlySpan<byte> json) => JsonNode.Parse(json, documentOptions: Reader)!.AsObject();

    /// <summary>The text of a tree. Its buffers are used again by the next one.</summary>
    public static byte[] Write(JsonNode node) => JsonTree.ToBytes(node);

    public static void Write(IBufferWriter<byte> output, JsonNode node)
    {
        using var writer = new Utf8JsonWriter(output, Writer);
        node.WriteTo(writer);
    }
}
