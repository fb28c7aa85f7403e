namespace Etcdish.Server.Snapshot;

/// <summary>The variable-length integers and field tags of protobuf, for the three tiny messages inside a snapshot.</summary>
internal static class Varint
{
    public const int WireVarint = 0;
    public const int WireBytes = 2;

    /// <summary>Bytes that the number takes, 1 to 10.</summary>
    public static int Size(ulong value) => (int)((uint)(ulong.Log2(value | 1) * 9 + 73) / 64);

    /// <summary>Bytes of a numeric field with a one-byte tag; 0 is not written.</summary>
    public static int FieldSize(long value) => value == 0 ? 0 : 1 + Size((ulong)value);

    /// <summary>Writes a number and returns what is left of the destination.</summary>
    public static Span<byte> Write(Span<byte> destination, ulong value)
    {
        int i = 0;
        for (; value >= 0x80; value >>= 7)
            destination[i++] = (byte)(value | 0x80);
        destination[i] = (byte)value;
        return destination[(i + 1)..];
    }

    /// <summary>Writes a numeric field unless it is 0, and returns what is left of the destination.</summary>
    public static Span<byte> WriteField(Span<byte> destination, int field, long value)
    {
        if (value == 0)
            return destination;
        destination[0] = (byte)((field << 3) | WireVarint);
        return Write(destination[1..], (ulong)value);
    }

    /// <summary>Takes a number off the front of the source; false when it is cut off or longer than 64 bits.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> source, out ulong value)
    {
        value = 0;
        for (int i = 0; i < source.Length && i < 10; i++)
        {
            byte b = source[i];
            if (i == 9 && b > 1)
                return false;
            value |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                source = source[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
