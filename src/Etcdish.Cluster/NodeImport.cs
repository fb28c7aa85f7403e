using System.Buffers;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Makes a new data directory from another store's state, while no node runs on it: <see cref="Add(in ImportedVersion)"/> all versions,
/// then all leases, then <see cref="Complete"/>. The state goes into the log as ordinary entries and, as it comes, into a store, so that
/// what does not fit together is found here and not at the first start. A directory whose import was not completed is refused by
/// <see cref="Node.OpenAsync"/>. One thread; memory is that of the index, values pass through.
/// </summary>
public sealed class NodeImport : IDisposable
{
    private const int EntryBytes = 1 << 20;
    private const int CommitEveryBytes = 8 << 20;
    private const ulong Term = 1;

    private readonly SegmentedLog _log;
    private readonly RevisionStore _store;
    private readonly CheckpointStore _checkpoints;
    private readonly LogReplay _replay;
    private readonly ArrayBufferWriter<byte> _payload = new(EntryBytes);
    private ImportPart _part = ImportPart.Versions;
    private long _uncommittedBytes;
    private long _versions;
    private long _leases;

    /// <summary>Makes the directory and marks it as one with an unfinished import.</summary>
    /// <param name="options">Of the node that will run there: directory, ids and the log's settings count.</param>
    /// <exception cref="InvalidOperationException">The directory holds a log already.</exception>
    /// <exception cref="IOException">The disk is full or failed, or the directory is in use.</exception>
    public NodeImport(NodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        LogOptions logOptions = options.Log with { ClusterId = options.ClusterId, MemberId = options.MemberId };
        _log = SegmentedLog.Open(options.DataDirectory, logOptions);
        LogValues values = new(_log);
        _store = new RevisionStore(values, new StoreOptions());
        _checkpoints = new CheckpointStore(options.DataDirectory, logOptions);
        _replay = new LogReplay(_store, values, ClusterState.Empty, options.MemberId);
        try
        {
            RefuseHistory(options.DataDirectory);
            LogRecord first = Bootstrap.Write(_log, options, out HardState hardState);
            _replay.TakeBootstrap(first, hardState);
            ImportEncoder.WriteHead(_part, _payload);
            AppendEntry();
            _log.Commit();
            CommitHardState();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Number of keys that exist so far.</summary>
    public int KeyCount => _store.KeyCount;

    /// <summary>Adds the next version, in the order of (mod, sub) revision.</summary>
    /// <param name="version">The version; its bytes are copied.</param>
    /// <exception cref="InvalidDataException">It does not fit to those before, or is too large for the log: give up.</exception>
    public void Add(in ImportedVersion version)
    {
        long most = ImportEncoder.MaxSizeOf(version);
        if (most > _log.MaxPayloadBytes - ImportEncoder.HeadBytes)
        {
            throw new InvalidDataException(
                $"revision {version.ModRevision}.{version.SubRevision} takes {most} bytes; the log's records hold {_log.MaxPayloadBytes}");
        }

        MakeRoom(ImportPart.Versions, most);
        ImportEncoder.Write(version, _payload);
        _versions++;
    }

    /// <summary>Adds a lease, after all versions.</summary>
    /// <param name="lease">The lease.</param>
    /// <exception cref="InvalidDataException">It is no possible lease, or there already.</exception>
    public void Add(LeaseInfo lease)
    {
        const int MostBytes = 30;
        MakeRoom(ImportPart.Leases, MostBytes);
        ImportEncoder.Write(lease, _payload);
        _leases++;
    }

    /// <summary>Ends the import, durably, and writes a checkpoint for a quick first start.</summary>
    /// <param name="revision">Current revision.</param>
    /// <param name="compactedRevision">Compacted revision, -1 for none.</param>
    /// <param name="alarms">Alarms that are raised.</param>
    /// <exception cref="InvalidDataException">The state does not fit together, such as a key with a lease that is missing.</exception>
    public void Complete(long revision, long compactedRevision, IReadOnlyList<AlarmMember> alarms)
    {
        Begin(ImportPart.End);
        ImportEncoder.Write(new ImportEnd(revision, compactedRevision, _versions, _leases, alarms), _payload);
        AppendEntry();
        _log.Commit();
        HardState hardState = CommitHardState();
        using StoreCheckpoint checkpoint = _store.CaptureCheckpoint();
        Membership membership = new(_replay.Members.Configuration, [.. _replay.Members.Members]);
        ClusterState cluster = new(checkpoint.AppliedIndex, Term, hardState, membership);
        _checkpoints.Write(checkpoint.AppliedIndex, _log.End, writer =>
        {
            cluster.WriteTo(writer);
            checkpoint.WriteTo(writer);
        });
    }

    /// <summary>Closes the directory.</summary>
    public void Dispose()
    {
        _log.Dispose();
        _store.Dispose();
    }

    private void RefuseHistory(string directory)
    {
        foreach (LogRecord _ in _log.Replay(LogPosition.Beginning))
        {
            throw new InvalidOperationException($"{directory} holds a log already");
        }
    }

    private void MakeRoom(ImportPart part, long bytes)
    {
        if (part != _part || _payload.WrittenCount + bytes > EntryBytes)
        {
            Begin(part);
        }
    }

    private void Begin(ImportPart part)
    {
        if (_payload.WrittenCount > ImportEncoder.HeadBytes)
        {
            AppendEntry();
        }

        _part = part;
        _payload.ResetWrittenCount();
        ImportEncoder.WriteHead(part, _payload);
    }

    // What was imported is committed: all initial members import the same.
    private HardState CommitHardState()
    {
        HardState state = new(Term, 0, _store.AppliedIndex);
        Span<byte> payload = stackalloc byte[HardStateRecord.Bytes];
        HardStateRecord.Encode(state, payload);
        _log.Append(LocalRecordKind.HardState, 0, Term, payload);
        _log.Commit();
        return state;
    }

    // Applied before it is durable, which nobody can see: the directory is worth nothing before Complete has returned.
    private void AppendEntry()
    {
        ulong index = _store.AppliedIndex + 1;
        LogPosition at = _log.Append((byte)EntryKind.Import, index, Term, _payload.WrittenSpan);
        _store.Apply(new StoreEntry(index, Term, EntryKind.Import, _payload.WrittenMemory, at.Segment, at.Offset));
        _uncommittedBytes += _payload.WrittenCount;
        if (_uncommittedBytes >= CommitEveryBytes)
        {
            _log.Commit();
            _uncommittedBytes = 0;
        }
    }
}
