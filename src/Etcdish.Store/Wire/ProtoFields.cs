using System.Buffers;
using System.Numerics;

namespace Etcdish.Store;

/// <summary>Sizes and writes protobuf fields. Zero values are left out, as proto3 does; field numbers here are below 16.</summary>
internal static class ProtoFields
{
    /// <summary>Most bytes that a tag and a varint need.</summary>
    private const int MaxVarintField = 1 + 10;

    public static int VarintSize(ulong value) => (int)((uint)(BitOperations.Log2(value | 1) * 9 + 73) / 64);

    public static int SizeOf(long value) => value == 0 ? 0 : 1 + VarintSize((ulong)value);

    public static int SizeOf(ulong value) => value == 0 ? 0 : 1 + VarintSize(value);

    public static int SizeOf(bool value) => value ? 2 : 0;

    public static int SizeOf(ReadOnlySpan<byte> value) => value.IsEmpty ? 0 : LengthDelimitedSize(value.Length);

    /// <summary>Size of a length-delimited field, written even when empty.</summary>
    public static int LengthDelimitedSize(int length) => 1 + VarintSize((ulong)length) + length;

    public static long LengthDelimitedSize(long length) => 1 + VarintSize((ulong)length) + length;

    public static void Write(IBufferWriter<byte> output, int field, long value) => Write(output, field, (ulong)value);

    public static void Write(IBufferWriter<byte> output, int field, ulong value)
    {
        if (value != 0)
        {
            WriteVarintField(output, field << 3, value);
        }
    }

    public static void Write(IBufferWriter<byte> output, int field, bool value) => Write(output, field, value ? 1UL : 0UL);

    public static void Write(IBufferWriter<byte> output, int field, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            WriteLength(output, field, value.Length);
            output.Write(value);
        }
    }

    /// <summary>Writes a varint field to where there is room for it.</summary>
    /// <returns>Its length, 0 for the value 0.</returns>
    public static int Write(Span<byte> to, int field, ulong value) => value == 0 ? 0 : WriteVarintField(to, field << 3, value);

    /// <summary>Writes the head of a length-delimited field to where there is room for it; its bytes follow.</summary>
    /// <returns>The length of the head.</returns>
    public static int WriteLength(Span<byte> to, int field, int length) =>
        WriteVarintField(to, field << 3 | ProtoReader.LengthDelimited, (ulong)length);

    /// <summary>Writes the head of a length-delimited field; its bytes follow.</summary>
    public static void WriteLength(IBufferWriter<byte> output, int field, long length) =>
        WriteVarintField(output, field << 3 | ProtoReader.LengthDelimited, (ulong)length);

    public static int WriteVarint(Span<byte> destination, ulong value)
    {
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            destination[length++] = (byte)(value | 0x80);
        }

        destination[length++] = (byte)value;
        return length;
    }

    private static void WriteVarintField(IBufferWriter<byte> output, int tag, ulong value) =>
        output.Advance(WriteVarintField(output.GetSpan(MaxVarintField), tag, value));

    private static int WriteVarintField(Span<byte> to, int tag, ulong value)
    {
        to[0] = (byte)tag;
        return 1 + WriteVarint(to[1..], value);
    }
}
