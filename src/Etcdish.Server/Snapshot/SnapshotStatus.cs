using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Etcdish.Server.Snapshot.Bolt;

namespace Etcdish.Server.Snapshot;

/// <summary>What `snapshot status` tells about a snapshot; the same numbers that etcdutl 3.6 prints.</summary>
/// <param name="Hash">CRC-32C of all bucket names, keys and values.</param>
/// <param name="Revision">Revision of the last change, 0 when there is none.</param>
/// <param name="TotalKeys">Number of keys that exist at that revision.</param>
/// <param name="TotalSize">Size of the database in bytes.</param>
/// <param name="Version">Version of the storage layout, empty before 3.6.</param>
public sealed record SnapshotStatus(uint Hash, long Revision, int TotalKeys, long TotalSize, string Version)
{
    /// <summary>Walks a whole snapshot file. Memory grows with the number of live keys, some 40 bytes for each.</summary>
    /// <param name="file">The snapshot.</param>
    /// <param name="skipHashCheck">Whether to take a file without the SHA-256 at its end.</param>
    /// <exception cref="InvalidDataException">The snapshot is damaged; the message says where.</exception>
    public static SnapshotStatus Of(string file, bool skipHashCheck = false)
    {
        using EtcdSnapshotReader snapshot = EtcdSnapshotReader.Open(file, skipHashCheck);
        return Of(snapshot);
    }

    /// <summary>Walks the whole snapshot. Memory grows with the number of live keys, some 40 bytes for each.</summary>
    /// <exception cref="InvalidDataException">The snapshot is damaged.</exception>
    internal static SnapshotStatus Of(EtcdSnapshotReader snapshot)
    {
        var live = new HashSet<UInt128>();
        long revision = 0;
        uint hash = uint.MaxValue;
        foreach (string bucket in snapshot.Database.BucketNames)
        {
            hash = Crc(hash, Encoding.Latin1.GetBytes(bucket));
            BoltTreeReader pairs = snapshot.Database.OpenBucket(bucket);
            while (pairs.MoveNext())
            {
                hash = Crc(Crc(hash, pairs.Key.Span), pairs.Value.Span);
                if (bucket == EtcdSchema.KeyBucket)
                    revision = Count(pairs, live);
            }
        }

        return new SnapshotStatus(~hash, revision, live.Count, snapshot.Database.UsedLength, snapshot.StorageVersion ?? "");
    }

    private static long Count(BoltTreeReader pairs, HashSet<UInt128> live)
    {
        if (!RevisionKey.TryRead(pairs.Key.Span, out long main, out _, out bool isTombstone))
            throw BoltNode.Damage(pairs.KeyOffset, "a change's key is no revision");
        if (!KeyValueCodec.TryRead(pairs.Value, out SnapshotKeyValue pair))
            throw BoltNode.Damage(pairs.ValueOffset, "a change is not valid protobuf");

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(pair.Key.Span, digest);
        UInt128 key = BinaryPrimitives.ReadUInt128LittleEndian(digest);
        if (isTombstone)
            live.Remove(key);
        else
            live.Add(key);
        return main;
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
