using System.Security.Cryptography;
using Etcdish.Server.Snapshot.Bolt;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// A snapshot of the store in etcd's form: a bbolt file with etcd's buckets, followed by the SHA-256 of its bytes. It is made as it is
/// sent, so it needs no disk space, and memory only for a few pages and the largest value. Not safe for use by several threads at once.
/// </summary>
internal sealed class EtcdSnapshotWriter
{
    /// <summary>Length of the pieces that the Snapshot RPC sends.</summary>
    public const int BlobLength = 32 * 1024;

    private readonly BoltFileWriter _file;

    /// <summary>Walks the state once to settle the layout. The state must stay undisposed while the snapshot is written.</summary>
    public EtcdSnapshotWriter(ISnapshotState state) => _file = BoltFileWriter.Plan(EtcdSchema.Buckets(state));

    /// <summary>Length of the database in bytes, without the checksum behind it.</summary>
    public long Length => _file.Length;

    /// <summary>
    /// The snapshot in pieces of <see cref="BlobLength"/> (the last of the database may be shorter), and as the last piece the 32 bytes of
    /// the checksum alone. A piece is good until the next is asked for.
    /// </summary>
    /// <exception cref="Store.DamagedValueException">A value does not match its checksum.</exception>
    /// <exception cref="InvalidOperationException">The state did not hold still.</exception>
    public IEnumerable<SnapshotBlob> WriteBlobs()
    {
        using var checksum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] blob = new byte[BlobLength];
        int filled = 0;
        long remaining = Length;
        foreach (ReadOnlyMemory<byte> node in _file.WritePages())
        {
            checksum.AppendData(node.Span);
            for (ReadOnlyMemory<byte> rest = node; !rest.IsEmpty;)
            {
                int taken = Math.Min(rest.Length, BlobLength - filled);
                rest.Span[..taken].CopyTo(blob.AsSpan(filled));
                rest = rest[taken..];
                filled += taken;
                if (filled < BlobLength)
                    continue;
                remaining -= filled;
                filled = 0;
                yield return new SnapshotBlob(blob, remaining);
            }
        }

        if (filled > 0)
            yield return new SnapshotBlob(blob.AsMemory(0, filled), remaining - filled);
        yield return new SnapshotBlob(checksum.GetHashAndReset(), 0);
    }
}

/// <summary>A piece of a snapshot.</summary>
/// <param name="Bytes">The bytes.</param>
/// <param name="Remaining">Bytes of the database that follow this piece, the checksum not counted.</param>
internal readonly record struct SnapshotBlob(ReadOnlyMemory<byte> Bytes, long Remaining);
