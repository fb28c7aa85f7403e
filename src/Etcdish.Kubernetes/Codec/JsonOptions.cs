using System.Text.Encodings.Web;
using System.Text.Json;

namespace Etcdish.Kubernetes;

/// <summary>How the room writes JSON.</summary>
internal static class JsonOptions
{
    /// <summary>No white space, and no escapes but those that JSON asks for; the limits of codecs are tighter than the depth here.</summary>
    public static JsonWriterOptions Writer { get; } = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
        MaxDepth = 1024,
    };

    /// <summary>The same for trees that are written whole; the serializer uses its buffers again.</summary>
    public static JsonSerializerOptions Tree { get; } = new() { Encoder = Writer.Encoder, MaxDepth = Writer.MaxDepth };
}
