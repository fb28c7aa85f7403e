using System.Text;

namespace Etcdish.Rpc.Wire;

/// <summary>The encoding of grpc-message: UTF-8 with every byte outside 0x20..0x7E, and '%', as %XX.</summary>
internal static class PercentEncoding
{
    /// <summary>Encodes; returns the same string, without allocation, when nothing needs it.</summary>
    public static string Encode(string text)
    {
        foreach (char c in text)
        {
            if (NeedsEscape(c))
            {
                return EncodeSlowly(text);
            }
        }

        return text;
    }

    /// <summary>Decodes; a '%' without two hexadecimal digits stays as it is, and broken UTF-8 becomes U+FFFD (never throws).</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        byte[] source = Encoding.UTF8.GetBytes(text);
        int written = 0;
        for (int i = 0; i < source.Length; i++)
        {
            if (source[i] == '%' && i + 2 < source.Length && char.IsAsciiHexDigit((char)source[i + 1])
                && char.IsAsciiHexDigit((char)source[i + 2]))
            {
                source[written++] = (byte)((HexValue(source[i + 1]) << 4) | HexValue(source[i + 2]));
                i += 2;
            }
            else
            {
                source[written++] = source[i];
            }
        }

        return Encoding.UTF8.GetString(source, 0, written);
    }

    private static bool NeedsEscape(char c) => c is < ' ' or > '~' or '%';

    private static string EncodeSlowly(string text)
    {
        var encoded = new StringBuilder(text.Length + 16);
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            if (NeedsEscape((char)b))
            {
                encoded.Append('%').Append(HexDigit(b >> 4)).Append(HexDigit(b & 15));
            }
            else
            {
                encoded.Append((char)b);
            }
        }

        return encoded.ToString();
    }

    private static char HexDigit(int value) => (char)(value < 10 ? '0' + value : 'A' + value - 10);

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
