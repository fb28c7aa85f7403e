using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Etcdish.Store;

/// <summary>
/// The store as it was after one entry, to be written while later entries are applied: newer versions are passed over, and what is needed
/// of older ones is kept from compaction until this is disposed. Value places that the collector changes meanwhile may come out old or new.
/// </summary>
public sealed class StoreCheckpoint : IDisposable
{
    private const int MaxSteps = 16;

    private readonly StoreState _state;
    private readonly StoreOptions _options;
    private readonly LeaseInfo[] _leases;
    private readonly IReadOnlyList<AlarmMember> _alarms;
    private readonly int _keysHint;
    private readonly long _epoch;
    private readonly List<KeyRevision> _path = [];
    private bool _isDisposed;

    /// <summary>Captures the state. The caller holds <see cref="StoreState.Writer"/>, so that no entry is half applied.</summary>
    internal StoreCheckpoint(StoreState state, StoreOptions options)
    {
        _state = state;
        _options = options;
        AppliedIndex = state.AppliedIndex;
        AppliedTerm = state.AppliedTerm;
        Revision = state.CurrentRevision;
        CompactedRevision = state.CompactedRevision;
        _leases = state.Leases.Snapshot();
        _alarms = state.Alarms.List(AlarmType.None);
        _keysHint = state.Index.LiveCount;
        _epoch = state.Epoch;
        state.Pins.Add(CompactedRevision);
    }

    /// <summary>Index of the last entry that the checkpoint contains.</summary>
    public ulong AppliedIndex { get; }

    /// <summary>Term of that entry.</summary>
    public ulong AppliedTerm { get; }

    /// <summary>Revision of the store after that entry.</summary>
    public long Revision { get; }

    /// <summary>Compacted revision after that entry, or -1.</summary>
    public long CompactedRevision { get; }

    /// <summary>All leases after that entry, in the order of their IDs.</summary>
    public IReadOnlyList<LeaseInfo> Leases => _leases;

    /// <summary>All raised alarms after that entry.</summary>
    public IReadOnlyList<AlarmMember> Alarms => _alarms;

    /// <summary>
    /// Appends all versions that the checkpoint contains, in key order and the newest of each key first. They may be used after it is
    /// disposed, but their values only inside a <see cref="ReadScope"/> that was entered before it was captured.
    /// </summary>
    /// <param name="versions">Receives the versions.</param>
    /// <exception cref="StoreReplacedException">Another state has taken the store's place.</exception>
    public void CollectVersions(List<KeyRevision> versions)
    {
        ArgumentNullException.ThrowIfNull(versions);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var walk = new IndexWalk(_state, _options, _epoch);
        for (var batch = walk.NextBatch(); batch.Count > 0; batch = walk.NextBatch())
        {
            foreach (var newest in batch)
            {
                Retain(newest, versions);
            }
        }
    }

    /// <summary>
    /// Writes all of it. Each frame is obtained and confirmed by one GetSpan and one Advance, outside of the store's lock: the output may
    /// block on a disk.
    /// </summary>
    /// <param name="output">Receives the bytes described in CheckpointFormat.</param>
    /// <exception cref="StoreReplacedException">Another state has taken the store's place.</exception>
    public void WriteTo(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var frame = new CheckpointFrame(output);
        WriteHead(frame);
        WriteLeases(frame);
        WriteAlarms(frame);
        var (keys, versions) = WriteKeys(frame);
        frame.Begin(CheckpointFrameKind.End);
        frame.WriteUInt64(keys);
        frame.WriteUInt64(versions);
        frame.Send();
    }

    /// <summary>Lets compaction go on.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _state.Pins.Remove(CompactedRevision);
        }
    }

    private void WriteHead(CheckpointFrame frame)
    {
        frame.Begin(CheckpointFrameKind.Head);
        frame.WriteBytes(CheckpointFormat.Magic);
        frame.WriteUInt32(CheckpointFormat.Version);
        frame.WriteUInt64(AppliedIndex);
        frame.WriteUInt64(AppliedTerm);
        frame.WriteUInt64((ulong)Revision);
        frame.WriteUInt64((ulong)CompactedRevision);
        frame.WriteUInt64((ulong)_keysHint);
        frame.Send();
    }

    private void WriteLeases(CheckpointFrame frame)
    {
        frame.Begin(CheckpointFrameKind.Leases);
        foreach (var lease in _leases)
        {
            frame.WriteVarint(lease.Id);
            frame.WriteVarint(lease.GrantedTtl);
            frame.WriteVarint(lease.RemainingTtl);
            SendIfFull(frame, CheckpointFrameKind.Leases);
        }

        frame.Send();
    }

    private void WriteAlarms(CheckpointFrame frame)
    {
        frame.Begin(CheckpointFrameKind.Alarms);
        foreach (var alarm in _alarms)
        {
            frame.WriteVarint(alarm.MemberId);
            frame.WriteVarint((ulong)alarm.Type);
        }

        frame.Send();
    }

    private (ulong Keys, ulong Versions) WriteKeys(CheckpointFrame frame)
    {
        ulong keys = 0, versions = 0;
        var retained = new List<KeyRevision>();
        var walk = new IndexWalk(_state, _options, _epoch);
        frame.Begin(CheckpointFrameKind.Keys);
        for (var batch = walk.NextBatch(); batch.Count > 0; batch = walk.NextBatch())
        {
            BringIntoCache(batch);
            foreach (var newest in batch)
            {
                retained.Clear();
                Retain(newest, retained);
                if (retained.Count > 0)
                {
                    WriteKey(frame, retained);
                    keys++;
                    versions += (ulong)retained.Count;
                }
            }
        }

        frame.Send();
        return (keys, versions);
    }

    // Versions lie in memory in the order of their revisions, so following one key's is a cache miss a step. Taking a step of all keys at a
    // time, the processor waits for many at once: that halves the time of a checkpoint with a long history.
    private void BringIntoCache(List<KeyRevision> batch)
    {
        _path.Clear();
        _path.AddRange(batch);
        var path = CollectionsMarshal.AsSpan(_path);
        for (var step = 0; step < MaxSteps && path.Length > 0; step++)
        {
            var left = 0;
            foreach (var version in path)
            {
                if (version.Previous is { } previous && version.ModRevision > CompactedRevision)
                {
                    path[left++] = previous;
                }
            }

            path = path[..left];
        }
    }

    // The links between the versions are stable here: those that compaction may still cut lie below the pinned revision.
    private void Retain(KeyRevision newest, List<KeyRevision> retained)
    {
        for (var version = newest; version is not null; version = version.Previous)
        {
            if (version.ModRevision > Revision)
            {
                continue;
            }

            if (version.ModRevision >= CompactedRevision || !version.IsTombstone)
            {
                retained.Add(version);
            }

            if (version.ModRevision <= CompactedRevision)
            {
                return;
            }
        }
    }

    private static void WriteKey(CheckpointFrame frame, List<KeyRevision> versions)
    {
        const int VersionsPerRecord = 256;
        for (var start = 0; start < versions.Count; start += VersionsPerRecord)
        {
            SendIfFull(frame, CheckpointFrameKind.Keys);
            var key = start == 0 ? versions[0].Key : [];
            var count = Math.Min(VersionsPerRecord, versions.Count - start);
            frame.WriteVarint((ulong)key.Length);
            frame.WriteBytes(key);
            frame.WriteVarint((ulong)count);
            for (var i = start; i < start + count; i++)
            {
                WriteVersion(frame, versions[i]);
            }
        }
    }

    private static void WriteVersion(CheckpointFrame frame, KeyRevision version)
    {
        const int MaxBytes = 7 * 10 + sizeof(uint);
        var bytes = frame.Reserve(MaxBytes);
        var length = ProtoFields.WriteVarint(bytes, (ulong)version.ModRevision);
        length += ProtoFields.WriteVarint(bytes[length..], ((ulong)version.SubRevision << 1) | (version.IsTombstone ? 1UL : 0UL));
        if (!version.IsTombstone)
        {
            var value = version.Value;
            length += ProtoFields.WriteVarint(bytes[length..], (ulong)(version.ModRevision - version.CreateRevision));
            length += ProtoFields.WriteVarint(bytes[length..], (ulong)version.Version);
            length += ProtoFields.WriteVarint(bytes[length..], (ulong)version.Lease);
            length += ProtoFields.WriteVarint(bytes[length..], (ulong)value.Length);
            if (value.Length > 0)
            {
                length += ProtoFields.WriteVarint(bytes[length..], value.Segment);
                length += ProtoFields.WriteVarint(bytes[length..], value.Offset);
                BinaryPrimitives.WriteUInt32LittleEndian(bytes[length..], value.Checksum);
                length += sizeof(uint);
            }
        }

        frame.Wrote(length);
    }

    private static void SendIfFull(CheckpointFrame frame, CheckpointFrameKind kind)
    {
        if (frame.IsFull)
        {
            frame.Send();
            frame.Begin(kind);
        }
    }
}
