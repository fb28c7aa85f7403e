using System.Buffers.Text;

namespace Etcdish.Rpc.Wire;

/// <summary>Values of metadata whose name ends in "-bin": base64 on the wire, sent without padding, accepted with or without.</summary>
internal static class BinaryMetadata
{
    public const string Suffix = "-bin";

    public static bool IsBinary(string name) => name.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase);

    public static string Encode(ReadOnlySpan<byte> value) => Convert.ToBase64String(value).TrimEnd('=');

    /// <summary>False when the text is not base64.</summary>
    public static bool TryDecode(string text, out byte[] value)
    {
        string unpadded = text.TrimEnd('=');
        string padded = unpadded.PadRight((unpadded.Length + 3) / 4 * 4, '=');
        byte[] buffer = new byte[Base64.GetMaxDecodedFromUtf8Length(padded.Length)];
        if (!Convert.TryFromBase64String(padded, buffer, out int written))
        {
            value = [];
            return false;
        }

        value = buffer.AsSpan(0, written).ToArray();
        return true;
    }
}
