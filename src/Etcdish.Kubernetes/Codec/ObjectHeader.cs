using System.Text.Json;

namespace Etcdish.Kubernetes;

/// <summary>What an object says it is.</summary>
/// <param name="ApiVersion">Group and version, empty if missing.</param>
/// <param name="Kind">The kind, empty if missing.</param>
public readonly record struct ObjectHeader(string ApiVersion, string Kind)
{
    /// <summary>Reads <c>apiVersion</c> and <c>kind</c> of a JSON object, and no further than needed.</summary>
    /// <exception cref="ObjectFormatException">The text is no JSON object, or one of the two is no string.</exception>
    public static ObjectHeader Read(ReadOnlySpan<byte> json, int maxDepth = 512)
    {
        try
        {
            return ReadCore(json, maxDepth);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new ObjectFormatException("", $"the object is no valid JSON: {fault.Message}");
        }
    }

    private static ObjectHeader ReadCore(ReadOnlySpan<byte> json, int maxDepth)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new ObjectFormatException("", "the body is no JSON object");
        }

        string? apiVersion = null, kind = null;
        while ((apiVersion is null || kind is null) && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isKind = reader.ValueTextEquals("kind"u8);
            var isVersion = reader.ValueTextEquals("apiVersion"u8);
            reader.Read();
            if (isKind)
            {
                kind = ReadText(ref reader, "kind");
            }
            else if (isVersion)
            {
                apiVersion = ReadText(ref reader, "apiVersion");
            }
            else
            {
                reader.Skip();
            }
        }

        return new ObjectHeader(apiVersion ?? "", kind ?? "");
    }

    private static string ReadText(ref Utf8JsonReader reader, string field) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString()!,
        JsonTokenType.Null => "",
        _ => throw new ObjectFormatException(field, "must be a string"),
    };
}
