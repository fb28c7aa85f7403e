using System.Buffers.Binary;
using System.Globalization;

namespace Etcdish.Log;

/// <summary>Every byte of a checkpoint file. All numbers are little-endian. Version 1.</summary>
/// <remarks>
/// A header, blocks without gaps, a trailer, and nothing after it.
/// <code>
/// Header, 64 bytes                     Block, 8 bytes + content
///  0  8  magic "ETCDISHC"               0  4  content length, 1 to 2^31 - 1 (0 marks the trailer)
///  8  4  format version                 4  4  CRC: register seeded with (salt, number of the block from 0),
/// 12  4  zero                                 then length (8 bytes), then content
/// 16  8  cluster id                    Trailer, 24 bytes
/// 24  8  member id                      0  4  zero
/// 32  8  salt of this file              4  4  CRC: register seeded with (salt, count), then zero (8 bytes), content bytes
/// 40  8  applied index                  8  8  content bytes in all blocks
/// 48  4  replay from: segment          16  8  count of blocks
/// 52  4  replay from: offset
/// 56  4  zero
/// 60  4  CRC32C of bytes 0..59
/// </code>
/// </remarks>
internal static class CheckpointFormat
{
    internal const uint Version = 1;
    internal const int HeaderBytes = 64;
    internal const int BlockHeaderBytes = 8;
    internal const int TrailerBytes = 24;

    private const ulong Magic = 0x4348_5349_4443_5445;
    private const string Suffix = ".checkpoint";

    internal static string FileName(ulong appliedIndex) => appliedIndex.ToString("D20", CultureInfo.InvariantCulture) + Suffix;

    internal static bool TryParseFileName(string name, out ulong appliedIndex)
    {
        appliedIndex = 0;
        return name.Length == 20 + Suffix.Length
            && name.EndsWith(Suffix, StringComparison.Ordinal)
            && ulong.TryParse(name.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out appliedIndex);
    }

    internal static void WriteHeader(Span<byte> destination, in CheckpointHeader header)
    {
        destination[..HeaderBytes].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], header.Identity.ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], header.Identity.MemberId);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[32..], header.Identity.Salt);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[40..], header.AppliedIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[48..], header.ReplayFrom.Segment);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[52..], header.ReplayFrom.Offset);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[60..], Crc32C.Compute(destination[..60]));
    }

    /// <summary>Decodes a header; null when it is not one.</summary>
    internal static CheckpointHeader? ReadHeader(ReadOnlySpan<byte> bytes)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[60..]) != Crc32C.Compute(bytes[..60])
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Version)
        {
            return null;
        }

        var identity = new LogIdentity(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]));
        var replayFrom = new LogPosition(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[48..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[52..]));
        return new CheckpointHeader(identity, BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]), replayFrom);
    }

    internal static void WriteBlockHeader(Span<byte> destination, ulong salt, ulong number, ReadOnlySpan<byte> content)
    {
        BinaryPrimitives.WriteInt32LittleEndian(destination, content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], BlockChecksum(salt, number, content));
    }

    internal static uint BlockChecksum(ulong salt, ulong number, ReadOnlySpan<byte> content) =>
        Crc32C.Append(Crc32C.Append(Seed(salt, number), (ulong)content.Length), content);

    internal static void WriteTrailer(Span<byte> destination, ulong salt, long contentBytes, ulong blocks)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], TrailerChecksum(salt, contentBytes, blocks));
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], contentBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], blocks);
    }

    internal static bool TrailerMatches(ReadOnlySpan<byte> bytes, ulong salt, long contentBytes, ulong blocks) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes) == 0
        && BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) == contentBytes
        && BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]) == blocks
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) == TrailerChecksum(salt, contentBytes, blocks);

    private static uint Seed(ulong salt, ulong number) => Crc32C.Append(Crc32C.Append(uint.MaxValue, salt), number);

    private static uint TrailerChecksum(ulong salt, long contentBytes, ulong blocks) =>
        Crc32C.Append(Crc32C.Append(Seed(salt, blocks), 0UL), (ulong)contentBytes);
}

/// <summary>The header of a checkpoint file; the identity's salt is the file's own.</summary>
internal readonly record struct CheckpointHeader(LogIdentity Identity, ulong AppliedIndex, LogPosition ReplayFrom);
