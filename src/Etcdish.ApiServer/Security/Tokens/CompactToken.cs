using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;

namespace Etcdish.ApiServer.Security.Tokens;

/// <summary>
/// Signed claims as text: the compact form of RFC 7515, signed by ES256 and nothing else. The head of a token must be, byte for byte, the
/// one that we write: no word of a token is believed, or even parsed, before its signature holds.
/// </summary>
internal static class CompactToken
{
    public const string Algorithm = "ES256";

    /// <summary>No token is longer, in characters.</summary>
    public const int MaxLength = 16 * 1024;

    // 64 bytes in base64 without padding.
    private const int SignatureLength = 86;

    /// <summary>Whether a text looks like a token of anybody: three parts.</summary>
    public static bool IsOne(string text) => text.Length <= MaxLength && text.AsSpan().Count('.') == 2;

    public static string Sign(JsonObject claims, SigningKey key)
    {
        var text = $"{Head(key)}.{Base64Url.EncodeToString(ApiJson.Write(claims))}";
        return $"{text}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(text)))}";
    }

    /// <summary>The claims of a token; null if it was not signed by this key just so.</summary>
    public static JsonObject? Verify(string token, SigningKey key)
    {
        var head = Head(key);
        var dot = token.LastIndexOf('.');
        if (token.Length > MaxLength || token.Length - dot - 1 != SignatureLength || dot <= head.Length + 1
            || !token.StartsWith(head, StringComparison.Ordinal) || token[head.Length] != '.')
        {
            return null;
        }

        return TryDecode(token.AsSpan(dot + 1)) is { } signature
            && key.Verify(Encoding.UTF8.GetBytes(token[..dot]), signature)
            && TryDecode(token.AsSpan(head.Length + 1, dot - head.Length - 1)) is { } payload
            ? Parse(payload)
            : null;
    }

    private static string Head(SigningKey key) =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes($$"""{"alg":"{{Algorithm}}","kid":"{{key.Id}}"}"""));

    /// <summary>Decodes base64 of which there is only one form: bits that mean nothing are zero.</summary>
    private static byte[]? TryDecode(ReadOnlySpan<char> text)
    {
        if (!Base64Url.IsValid(text))
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(text);
        return Base64Url.EncodeToString(bytes).AsSpan().SequenceEqual(text) ? bytes : null;
    }

    private static JsonObject? Parse(byte[] payload)
    {
        try
        {
            return JsonNode.Parse(payload) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
