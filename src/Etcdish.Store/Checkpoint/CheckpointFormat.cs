namespace Etcdish.Store;

/// <summary>
/// The bytes of a store checkpoint: the whole index with leases and alarms, not the values. A sequence of frames; integers are
/// little-endian, "varint" is protobuf's.
/// <code>
/// frame    u32 payload length | u32 CRC-32C of the payload | payload
/// payload  u8 kind | content
///   1 head    "ETCDSHIX" | u32 version = 1 | u64 applied index | u64 applied term | i64 current revision | i64 compacted revision
///             | u64 number of keys, about
///   2 leases  per lease: varint ID | varint granted TTL in s | varint remaining TTL in s, 0 for the full one
///   3 alarms  per alarm: varint member | varint kind
///   4 keys    per key, in byte order: varint key length | key | varint n | n versions, newest first
///             A key length of 0 goes on with the key that the frame before ended with.
///     version varint main revision | varint sub revision * 2 + tombstone
///             and unless tombstone: varint main - create revision | varint version | varint lease | varint value length
///             and if that is not 0: varint segment | varint offset | u32 CRC-32C of the value
///   5 end     u64 keys | u64 versions
/// </code>
/// The head is the first frame and the end the last. What compaction hid is not written, even when it was not taken away yet.
/// </summary>
internal static class CheckpointFormat
{
    public const uint Version = 1;

    public const int FrameHeadBytes = 8;

    public const int HeadContentBytes = 8 + 4 + 5 * 8;

    public const int EndContentBytes = 2 * 8;

    /// <summary>A frame is closed once it is this long; one key or version may make it longer.</summary>
    public const int FrameTargetBytes = 32 * 1024;

    /// <summary>No frame is longer: far above the largest key that a request can carry.</summary>
    public const int FrameMaxBytes = 256 * 1024 * 1024;

    /// <summary>No value is longer: as long as the largest segment of a log. Sums with a key's length stay far from overflowing.</summary>
    public const int MaxValueBytes = 1 << 30;

    public static ReadOnlySpan<byte> Magic => "ETCDSHIX"u8;
}

/// <summary>First byte of a checkpoint frame's payload.</summary>
internal enum CheckpointFrameKind : byte
{
    Head = 1,
    Leases = 2,
    Alarms = 3,
    Keys = 4,
    End = 5,
}
