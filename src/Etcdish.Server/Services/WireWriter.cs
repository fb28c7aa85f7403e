using System.Buffers;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>The few protobuf pieces that a service writes by hand: varints and length prefixes.</summary>
internal static class WireWriter
{
    private const int LengthDelimited = 2;

    /// <summary>Bytes of a length-delimited field, tag and length included; the field's number is below 16.</summary>
    public static int FieldSize(int length) => 1 + VarintSize((ulong)length) + length;

    /// <summary>Bytes of a varint field; zero is left out, as proto3 does.</summary>
    public static int FieldSize(long value) => value == 0 ? 0 : 1 + VarintSize((ulong)value);

    /// <summary>Begins a length-delimited field.</summary>
    public static void BeginField(IBufferWriter<byte> output, int field, int length)
    {
        Span<byte> span = output.GetSpan(11);
        span[0] = (byte)((field << 3) | LengthDelimited);
        output.Advance(1 + WriteVarint(span[1..], (ulong)length));
    }

    /// <summary>Writes a varint field, unless it is zero.</summary>
    public static void WriteField(IBufferWriter<byte> output, int field, long value)
    {
        if (value == 0)
        {
            return;
        }

        Span<byte> span = output.GetSpan(11);
        span[0] = (byte)(field << 3);
        output.Advance(1 + WriteVarint(span[1..], (ulong)value));
    }

    /// <summary>Writes a response's header as its first field.</summary>
    public static void WriteHeader(IBufferWriter<byte> output, in ResponseHeader header, int headerSize)
    {
        BeginField(output, 1, headerSize);
        WriteField(output, 1, (long)header.ClusterId);
        WriteField(output, 2, (long)header.MemberId);
        WriteField(output, 3, header.Revision);
        WriteField(output, 4, (long)header.RaftTerm);
    }

    private static int VarintSize(ulong value) => (((63 - (int)ulong.LeadingZeroCount(value | 1)) * 9) + 73) / 64;

    private static int WriteVarint(Span<byte> span, ulong value)
    {
        int at = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[at++] = (byte)(value | 0x80);
        }

        span[at++] = (byte)value;
        return at;
    }
}
