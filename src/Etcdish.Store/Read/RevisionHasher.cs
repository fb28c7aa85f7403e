using System.Buffers;
using System.Buffers.Binary;

namespace Etcdish.Store;

/// <summary>Answer of <see cref="RevisionStore.HashKv"/>.</summary>
/// <param name="Hash">The checksum.</param>
/// <param name="HashRevision">Revision up to which it covers changes.</param>
/// <param name="CompactRevision">Compacted revision at that time, or -1.</param>
/// <param name="CurrentRevision">The store's revision at that time.</param>
public readonly record struct HashKvResult(uint Hash, long HashRevision, long CompactRevision, long CurrentRevision);

/// <summary>
/// etcd's checksum of the key space: CRC-32C over "key" and then, in revision order, each retained change as etcd stores it: a revision of
/// 17 bytes (main, '_', sub, both big-endian), 't' for a tombstone, and the encoded pair. Members that agree on the content agree on it,
/// and so does a genuine etcd with the same history.
/// </summary>
internal sealed class RevisionHasher(StoreState state, IValueSource values, StoreOptions options)
{
    private const int RevisionBytes = 17;

    public HashKvResult Compute(long revision)
    {
        while (true)
        {
            try
            {
                return ComputeOnce(revision);
            }
            catch (StoreReplacedException)
            {
                // The new state is as good as the old.
            }
        }
    }

    private HashKvResult ComputeOnce(long revision)
    {
        long current, compacted, epoch;
        state.Gate.EnterReadLock();
        try
        {
            (current, compacted, epoch) = (state.CurrentRevision, state.CompactedRevision, state.Epoch);
            if (revision > 0 && revision < compacted)
            {
                throw new EtcdException(EtcdError.Compacted);
            }

            if (revision > current)
            {
                throw new EtcdException(EtcdError.FutureRev);
            }

            state.Pins.Add(compacted);
        }
        finally
        {
            state.Gate.ExitReadLock();
        }

        try
        {
            var upTo = revision <= 0 ? current : revision;
            return new HashKvResult(Hash(Covered(upTo, compacted, epoch)), upTo, compacted, current);
        }
        finally
        {
            state.Pins.Remove(compacted);
        }
    }

    /// <summary>The checksum of the key space now, carried on over leases and alarms.</summary>
    public uint ComputeAll(out long currentRevision)
    {
        var keys = Compute(revision: 0);
        currentRevision = keys.CurrentRevision;
        Span<byte> item = stackalloc byte[2 * sizeof(ulong)];
        var checksum = keys.Hash;
        foreach (var lease in state.Leases.Snapshot())
        {
            BinaryPrimitives.WriteInt64BigEndian(item, lease.Id);
            BinaryPrimitives.WriteInt64BigEndian(item[sizeof(long)..], lease.GrantedTtl);
            checksum = Crc32C.Append(checksum, item);
        }

        foreach (var alarm in state.Alarms.List(AlarmType.None))
        {
            BinaryPrimitives.WriteUInt64BigEndian(item, alarm.MemberId);
            BinaryPrimitives.WriteUInt64BigEndian(item[sizeof(ulong)..], (ulong)alarm.Type);
            checksum = Crc32C.Append(checksum, item);
        }

        return checksum;
    }

    // What compaction keeps at or below the compacted revision is hashed only while it is still current at the hashed revision; etcd
    // decides so because the rest may or may not be gone, but forgets the rule when nothing at all exists at that revision.
    private List<KeyRevision> Covered(long upTo, long compacted, long epoch)
    {
        var covered = new List<KeyRevision>();
        var superseded = new List<KeyRevision>();
        var isAnyAlive = false;
        var walk = new IndexWalk(state, options, epoch);
        for (var batch = walk.NextBatch(); batch.Count > 0; batch = walk.NextBatch())
        {
            foreach (var newest in batch)
            {
                var version = newest;
                while (version is not null && version.ModRevision > upTo)
                {
                    version = version.Previous;
                }

                isAnyAlive |= version is { IsTombstone: false };
                var isCurrent = true;
                for (; version is not null && version.ModRevision > compacted; version = version.Previous, isCurrent = false)
                {
                    covered.Add(version);
                }

                if (version is { IsTombstone: false })
                {
                    (isCurrent ? covered : superseded).Add(version);
                }
            }
        }

        if (!isAnyAlive)
        {
            covered.AddRange(superseded);
        }

        covered.Sort(static (a, b) => (a.ModRevision, a.SubRevision).CompareTo((b.ModRevision, b.SubRevision)));
        return covered;
    }

    private uint Hash(List<KeyRevision> covered)
    {
        var checksum = Crc32C.Compute("key"u8);
        var buffer = new ArrayBufferWriter<byte>();
        using (values.EnterRead())
        {
            foreach (var version in covered)
            {
                buffer.ResetWrittenCount();
                WriteStoredForm(buffer, version);
                checksum = Crc32C.Append(checksum, buffer.WrittenSpan);
            }
        }

        return checksum;
    }

    private void WriteStoredForm(ArrayBufferWriter<byte> output, KeyRevision version)
    {
        var revision = output.GetSpan(RevisionBytes + 1);
        BinaryPrimitives.WriteInt64BigEndian(revision, version.ModRevision);
        revision[8] = (byte)'_';
        BinaryPrimitives.WriteInt64BigEndian(revision[9..], version.SubRevision);
        revision[RevisionBytes] = (byte)'t';
        output.Advance(version.IsTombstone ? RevisionBytes + 1 : RevisionBytes);
        if (version.IsTombstone)
        {
            ProtoFields.Write(output, 1, version.Key);
        }
        else
        {
            KeyValueEncoder.Write(output, version, values);
        }
    }
}
