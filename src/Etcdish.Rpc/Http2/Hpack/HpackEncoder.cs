using System.Buffers;
using System.Text;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// Encodes header fields (RFC 7541) without a dynamic table and without Huffman code: fields of the static table by their number, all
/// others as literals that enter no table. So a block means the same on every connection, can be made by any thread, and can be made once.
/// </summary>
internal static class HpackEncoder
{
    private const int IndexedFlag = 0x80;
    private const int StatusIndex = 8;
    private const int StatusDigits = 3;

    // RFC 9110, section 5.6.2.
    private static readonly SearchValues<char> _tokenChars =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>The most bytes a status takes.</summary>
    public const int MaxStatusBytes = 2 + StatusDigits;

    /// <summary>The most bytes a field takes.</summary>
    public static int MaxBytes(string name, string value) => 1 + (2 * HpackInteger.MaxBytes) + name.Length + value.Length;

    /// <summary>Writes <c>:status</c>.</summary>
    /// <param name="destination">Where it goes; <see cref="MaxStatusBytes"/> are always enough.</param>
    /// <param name="status">100 to 999.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteStatus(Span<byte> destination, int status)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 999);
        int index = status switch { 200 => 8, 204 => 9, 206 => 10, 304 => 11, 400 => 12, 404 => 13, 500 => 14, _ => 0 };
        if (index != 0)
        {
            destination[0] = (byte)(IndexedFlag | index);
            return 1;
        }

        destination[0] = StatusIndex;
        destination[1] = StatusDigits;
        destination[2] = (byte)('0' + (status / 100));
        destination[3] = (byte)('0' + (status / 10 % 10));
        destination[4] = (byte)('0' + (status % 10));
        return MaxStatusBytes;
    }

    /// <summary>Writes a field.</summary>
    /// <param name="block">Where it goes.</param>
    /// <param name="name">A token in any case, sent in lower case, or a pseudo header of the static table.</param>
    /// <param name="value">Characters up to U+00FF, without NUL, CR and LF; sent as Latin-1.</param>
    /// <exception cref="ArgumentException">The name or the value would make the message malformed.</exception>
    public static void Write(IBufferWriter<byte> block, string name, string value) =>
        block.Advance(Write(block.GetSpan(MaxBytes(name, value)), name, value));

    /// <inheritdoc cref="Write(IBufferWriter{byte}, string, string)"/>
    /// <param name="destination">Where it goes; <see cref="MaxBytes"/> are always enough.</param>
    /// <param name="name">A token in any case, sent in lower case, or a pseudo header of the static table.</param>
    /// <param name="value">Characters up to U+00FF, without NUL, CR and LF; sent as Latin-1.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> destination, string name, string value)
    {
        int nameIndex = HpackStaticTable.FindName(name);
        int index = nameIndex == 0 ? 0 : HpackStaticTable.FindValue(nameIndex, value);
        if (index != 0)
        {
            destination[0] = (byte)(IndexedFlag | index);
            return 1;
        }

        int count = HpackInteger.Write(destination, flags: 0, prefixBits: 4, nameIndex);
        if (nameIndex == 0)
        {
            count += WriteName(destination[count..], name);
        }

        return count + WriteValue(destination[count..], value);
    }

    private static int WriteName(Span<byte> destination, string name)
    {
        if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(_tokenChars))
        {
            throw new ArgumentException($"'{name}' is no header's name", nameof(name));
        }

        int count = HpackInteger.Write(destination, flags: 0, prefixBits: 7, name.Length);
        Ascii.ToLower(name, destination.Slice(count, name.Length), out int written);
        return count + written;
    }

    private static int WriteValue(Span<byte> destination, string value)
    {
        if (!HeaderField.IsValidValue(value))
        {
            throw new ArgumentException("a header's value must not contain NUL, CR or LF", nameof(value));
        }

        int count = HpackInteger.Write(destination, flags: 0, prefixBits: 7, value.Length);
        if (!TryWriteLatin1(value, destination.Slice(count, value.Length)))
        {
            throw new ArgumentException("a header's value must not contain characters above U+00FF", nameof(value));
        }

        return count + value.Length;
    }

    private static bool TryWriteLatin1(string text, Span<byte> destination)
    {
        if (Ascii.FromUtf16(text, destination, out _) == OperationStatus.Done)
        {
            return true;
        }

        return !text.AsSpan().ContainsAnyExceptInRange('\0', '\u00FF') && Encoding.Latin1.GetBytes(text, destination) == text.Length;
    }
}
