using System.Buffers.Binary;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// The keys of etcd's bucket "key", in whose order history lies: big endian main revision, '_', big endian sub-revision, and 't' behind
/// them for a tombstone. Compaction revisions in the bucket "meta" have the same form.
/// </summary>
internal static class RevisionKey
{
    public const int PutLength = 17;
    public const int TombstoneLength = 18;

    private const byte Separator = (byte)'_';
    private const byte TombstoneMark = (byte)'t';

    /// <summary>Writes a key.</summary>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> destination, long main, long sub, bool isTombstone)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, main);
        destination[8] = Separator;
        BinaryPrimitives.WriteInt64BigEndian(destination[9..], sub);
        if (!isTombstone)
            return PutLength;
        destination[PutLength] = TombstoneMark;
        return TombstoneLength;
    }

    /// <summary>Reads a key; false when it has not that form.</summary>
    public static bool TryRead(ReadOnlySpan<byte> key, out long main, out long sub, out bool isTombstone)
    {
        main = sub = 0;
        isTombstone = key.Length == TombstoneLength;
        if ((key.Length != PutLength && !isTombstone) || key[8] != Separator || (isTombstone && key[PutLength] != TombstoneMark))
            return false;
        main = BinaryPrimitives.ReadInt64BigEndian(key);
        sub = BinaryPrimitives.ReadInt64BigEndian(key[9..]);
        return main >= 0 && sub >= 0;
    }
}
