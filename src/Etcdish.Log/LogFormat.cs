using System.Buffers.Binary;
using System.Globalization;

namespace Etcdish.Log;

/// <summary>
/// Every byte of a segment file. All numbers are little-endian. Version 1.
/// </summary>
/// <remarks>
/// A segment file is a header, frames without gaps, and zeros up to its fixed size.
/// <code>
/// Segment header, 64 bytes             Frame, 32 bytes + payload + zeros up to a multiple of 8
///  0  8  magic "ETCDISHL"               0  4  header CRC: offset of the frame, then bytes 4..31,
///  8  4  format version                       register seeded with (salt, segment number)
/// 12  4  segment number                 4  3  payload length
/// 16  8  cluster id                     7  1  kind (the caller's)
/// 24  8  member id                      8  4  chain: bytes 4..7, 12..31, payload and padding,
/// 32  8  salt of the log                      register seeded with the chain of the frame before
/// 40  8  sequence of the first frame   12  4  batch start: everything before this offset, and every
/// 48  4  end of the previous segment          earlier segment, was durable when this was written
/// 52  4  chain of its last frame       16  8  index
/// 56  4  size of this file             24  8  term
/// 60  4  CRC32C of bytes 0..59         32     payload
/// </code>
/// The header CRC is checked before the length is believed. The salt, the number and the offset in its seed make old, foreign and
/// misplaced bytes undecodable. The chain makes a frame valid only after the very frames it was written after. The batch start is what
/// tells rot from a torn write (see README.md). A batch start is never 0, so no valid frame header is all zeros.
/// </remarks>
internal static class LogFormat
{
    internal const uint Version = 1;
    internal const int SegmentHeaderBytes = 64;
    internal const int FrameHeaderBytes = 32;
    internal const int MaxPayloadBytes = (1 << 24) - 1;
    internal const int Alignment = 8;

    private const ulong Magic = 0x4C48_5349_4443_5445;
    private const string SegmentSuffix = ".seg";

    internal static string SegmentName(uint number) => number.ToString("D16", CultureInfo.InvariantCulture) + SegmentSuffix;

    internal static bool TryParseSegmentName(string name, out uint number)
    {
        number = 0;
        return name.Length == 16 + SegmentSuffix.Length
            && name.EndsWith(SegmentSuffix, StringComparison.Ordinal)
            && uint.TryParse(name.AsSpan(0, 16), NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number > 0;
    }

    internal static int FrameBytes(int payloadLength) => FrameHeaderBytes + Padded(payloadLength);

    internal static int Padded(int payloadLength) => (payloadLength + Alignment - 1) & -Alignment;

    /// <summary>The register that header checksums of one segment start from.</summary>
    internal static uint SegmentSeed(ulong salt, uint number) => Crc32C.Append(Crc32C.Append(uint.MaxValue, salt), (ulong)number);

    /// <summary>The chain before the first frame of the log.</summary>
    internal static uint FirstChain(ulong salt) => Crc32C.Append(0, salt);

    /// <summary>
    /// Completes the frame at the start of <paramref name="frame"/>, whose payload and padding are in place; returns the new chain.
    /// </summary>
    internal static uint SealFrame(Span<byte> frame, in FrameHeader header, uint seed, uint offset, uint previousChain)
    {
        var sizeAndKind = (uint)header.PayloadLength | ((uint)header.Kind << 24);
        var chain = Chain(sizeAndKind, header, frame.Slice(FrameHeaderBytes, Padded(header.PayloadLength)), previousChain);
        BinaryPrimitives.WriteUInt32LittleEndian(frame, HeaderChecksum(seed, offset, sizeAndKind, chain, header));
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], sizeAndKind);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[8..], chain);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[12..], header.BatchStart);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[16..], header.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[24..], header.Term);
        return chain;
    }

    /// <summary>Decodes a frame header when its checksum holds and its numbers make sense in a segment of that size.</summary>
    internal static bool TryReadFrame(ReadOnlySpan<byte> bytes, uint seed, uint offset, long segmentBytes, out FrameHeader header)
    {
        var sizeAndKind = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        header = new FrameHeader(
            (byte)(sizeAndKind >> 24),
            (int)(sizeAndKind & MaxPayloadBytes),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
        return header.BatchStart >= SegmentHeaderBytes
            && header.BatchStart <= offset
            && offset + (long)FrameBytes(header.PayloadLength) <= segmentBytes
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == HeaderChecksum(seed, offset, sizeAndKind, header.Chain, header);
    }

    /// <summary>Whether payload and padding belong after the frame that left <paramref name="previousChain"/>.</summary>
    internal static bool PayloadMatches(in FrameHeader header, ReadOnlySpan<byte> paddedPayload, uint previousChain) =>
        header.Chain == Chain((uint)header.PayloadLength | ((uint)header.Kind << 24), header, paddedPayload, previousChain);

    internal static void WriteSegmentHeader(Span<byte> destination, in SegmentHeader header)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], header.Number);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], header.Identity.ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], header.Identity.MemberId);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[32..], header.Identity.Salt);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[40..], header.FirstSequence);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[48..], header.PreviousEnd);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[52..], header.Chain);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[56..], header.SegmentBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[60..], Crc32C.Compute(destination[..60]));
    }

    /// <summary>Decodes a segment header; null when it is not one (never written, torn, or damaged).</summary>
    /// <exception cref="LogIdentityException">A sound header of a format that this version cannot read.</exception>
    internal static SegmentHeader? ReadSegmentHeader(ReadOnlySpan<byte> bytes, string path)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[60..]) != Crc32C.Compute(bytes[..60]))
        {
            return null;
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (version != Version)
        {
            throw new LogIdentityException($"{path} has log format {version}; this version reads format {Version}");
        }

        var identity = new LogIdentity(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]));
        return new SegmentHeader(
            identity,
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[48..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[52..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[56..]));
    }

    private static uint HeaderChecksum(uint seed, uint offset, uint sizeAndKind, uint chain, in FrameHeader header)
    {
        var crc = Crc32C.Append(seed, offset | ((ulong)sizeAndKind << 32));
        crc = Crc32C.Append(crc, chain | ((ulong)header.BatchStart << 32));
        crc = Crc32C.Append(crc, header.Index);
        return Crc32C.Append(crc, header.Term);
    }

    private static uint Chain(uint sizeAndKind, in FrameHeader header, ReadOnlySpan<byte> paddedPayload, uint previousChain)
    {
        var crc = Crc32C.Append(previousChain, sizeAndKind | ((ulong)header.BatchStart << 32));
        crc = Crc32C.Append(crc, header.Index);
        crc = Crc32C.Append(crc, header.Term);
        return Crc32C.Append(crc, paddedPayload);
    }
}

/// <summary>Whose log it is. The salt is drawn at random when the log is created.</summary>
internal readonly record struct LogIdentity(ulong ClusterId, ulong MemberId, ulong Salt);

/// <summary>The header of a segment file; <c>Chain</c> and <c>FirstSequence</c> continue the previous segment's.</summary>
internal readonly record struct SegmentHeader(
    LogIdentity Identity, uint Number, ulong FirstSequence, uint PreviousEnd, uint Chain, uint SegmentBytes);

/// <summary>The header of a frame. <c>Chain</c> is filled in by reading only.</summary>
internal readonly record struct FrameHeader(byte Kind, int PayloadLength, uint BatchStart, ulong Index, ulong Term, uint Chain = 0);
