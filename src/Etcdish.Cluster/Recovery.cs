using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// From a folder to a state: the newest valid checkpoint gives the index and the place in the Raft log, the log's tail brings both up to
/// date (<see cref="LogReplay"/>), and a new folder gets its first entry (<see cref="Bootstrap"/>).
/// </summary>
internal static class Recovery
{
    // Measured: a million keys of 8 bytes are 25 MB of checkpoint and 143 MB of index. The tail adds less than its own length.
    private const int IndexBytesPerCheckpointByte = 6;

    public static RecoveredState Run(NodeOptions options, CancellationToken cancellation)
    {
        try
        {
            return RunOnce(options, cancellation);
        }
        catch (Exception reason) when (Quarantine.DamageIn(reason) is not null)
        {
            if (!Quarantine.TryNote(options, reason))
            {
                throw;
            }
        }

        return RunOnce(options, cancellation);
    }

    private static RecoveredState RunOnce(NodeOptions options, CancellationToken cancellation)
    {
        MemberFile? member = MemberFile.TryOpen(options.Log.Disk, options.DataDirectory);
        SegmentedLog? log = null;
        CollectionPause pause = new();
        try
        {
            if (member is not null)
            {
                Quarantine.SetAside(options, member);
                options = options with { ClusterId = member.Current.ClusterId, MemberId = member.Current.MemberId };
            }

            LogOptions logOptions = options.Log with { ClusterId = options.ClusterId, MemberId = options.MemberId };
            log = SegmentedLog.Open(options.DataDirectory, logOptions);
            return Recover(log, logOptions, options, member, pause, cancellation);
        }
        catch
        {
            pause.Dispose();
            log?.Dispose();
            member?.Dispose();
            throw;
        }
    }

    private static RecoveredState Recover(
        SegmentedLog log,
        LogOptions logOptions,
        NodeOptions options,
        MemberFile? member,
        CollectionPause pause,
        CancellationToken cancellation)
    {
        LogValues values = new(log);
        RevisionStore store = new(values, new StoreOptions());
        CheckpointStore checkpoints = new(options.DataDirectory, logOptions);
        LogPosition from;
        long checkpointBytes;
        LogReplay replay;
        using (Checkpoint? newest = OpenNewest(checkpoints, options))
        {
            checkpointBytes = newest?.ContentBytes ?? 0;
            pause.TryBegin(indexBytes: checkpointBytes * IndexBytesPerCheckpointByte, tailBytes: options.CheckpointBytes);
            from = newest?.ReplayFrom ?? LogPosition.Beginning;
            using IEnumerator<LogRecord> tail = log.Replay(from).GetEnumerator();

            // The log is verified from the start of its segment: that goes on beside the loading, where there may be threads.
            bool hasThreads = logOptions.PrepareInBackground;
            Task<bool> first = hasThreads ? Task.Run(tail.MoveNext, cancellation) : Task.FromResult(tail.MoveNext());
            try
            {
                replay = new LogReplay(store, values, Load(store, newest, hasThreads), options.MemberId);
            }
            finally
            {
                ((IAsyncResult)first).AsyncWaitHandle.WaitOne();
            }

            ReplayTail(tail, first.GetAwaiter().GetResult(), replay, cancellation);
        }

        // Who joins begins with nothing, and stays so until the leader has sent something: then only the member file says who it is.
        if (replay.IsEmpty && member is null && !options.JoinsExistingGroup)
        {
            LogRecord entry = Bootstrap.Write(log, options, out HardState hardState);
            replay.TakeBootstrap(entry, hardState);
        }

        if (options.ForcesNewGroup && !replay.IsEmpty)
        {
            Bootstrap.GoOnAlone(log, replay, options);
        }

        if (replay.Members.IsRemoved)
        {
            throw new MemberRemovedException();
        }

        member = Settle(member, replay, options);
        replay.Complete(member.Current);

        if (store.IsImporting)
        {
            throw new IOException(
                $"{options.DataDirectory} holds an unfinished restore of a snapshot: delete it and restore the snapshot again");
        }

        if (log.Recovery is { TornBytes: > 0 } torn)
        {
            options.OnNotice?.Invoke(new NodeNotice(
                true, $"cut {torn.TornBytes} bytes of a write that was torn at {torn.End}; it was never acknowledged"));
        }

        return new RecoveredState(options, log, member, values, store, replay, checkpoints, from, checkpointBytes, pause);
    }

    // A folder without the file is new, or from a version that had none: then the ids are those that the log was just opened with.
    private static MemberFile Settle(MemberFile? member, LogReplay replay, NodeOptions options)
    {
        if (member is null)
        {
            MemberRecord first = new(options.ClusterId, options.MemberId, replay.Logged.Term, replay.Logged.Vote, replay.HasPeers || options.JoinsExistingGroup);
            return MemberFile.Create(options.Log.Disk, options.DataDirectory, first);
        }

        if (member.IsWorn)
        {
            member.Write(member.Current);
        }

        return member;
    }

    // An older checkpoint, or none, only means a longer tail: the log refuses by itself when it no longer has the whole of it.
    private static Checkpoint? OpenNewest(CheckpointStore checkpoints, NodeOptions options)
    {
        CheckpointLookup lookup = checkpoints.OpenNewest();
        foreach (DamagedCheckpoint damaged in lookup.Damaged)
        {
            options.OnNotice?.Invoke(new NodeNotice(
                true, $"passed over the checkpoint {damaged.File}, which is damaged at offset {damaged.Offset}"));
        }

        return lookup.Newest;
    }

    private static ClusterState Load(RevisionStore store, Checkpoint? checkpoint, bool hasThreads)
    {
        if (checkpoint is null)
        {
            return ClusterState.Empty;
        }

        CheckpointLoader loader = store.BeginLoad();
        ClusterState? cluster = null;
        while (checkpoint.TryReadBlock(out ReadOnlySpan<byte> block))
        {
            int length = 0;
            cluster ??= ClusterState.Read(block, out length);
            loader.Add(block[length..]);
        }

        loader.Complete(hasThreads ? static (index, history) => Parallel.Invoke(index, history) : null);
        return cluster is not null && cluster.Index == store.AppliedIndex
            ? cluster
            : throw new InvalidDataException("the checkpoint's store and group stand at different entries");
    }

    private static void ReplayTail(IEnumerator<LogRecord> tail, bool hasRecord, LogReplay replay, CancellationToken cancellation)
    {
        for (; hasRecord; hasRecord = tail.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            replay.Take(tail.Current);
        }
    }
}

/// <summary>What recovery found.</summary>
/// <param name="Options">As asked for, with the ids that the folder has.</param>
/// <param name="Log">The log, open for writing.</param>
/// <param name="Member">Who this member is.</param>
/// <param name="Values">Values in that log.</param>
/// <param name="Store">The state as of the last entry known to be committed.</param>
/// <param name="Replay">Membership, the core's memory and the entries since the checkpoint.</param>
/// <param name="Checkpoints">The checkpoint files.</param>
/// <param name="ReplayFrom">Where the tail of the newest checkpoint starts; the start of the log without one.</param>
/// <param name="CheckpointBytes">Size of the newest checkpoint, 0 without one.</param>
/// <param name="CollectionPause">To be ended once the first requests have been answered.</param>
internal sealed record RecoveredState(
    NodeOptions Options,
    SegmentedLog Log,
    MemberFile Member,
    LogValues Values,
    RevisionStore Store,
    LogReplay Replay,
    CheckpointStore Checkpoints,
    LogPosition ReplayFrom,
    long CheckpointBytes,
    CollectionPause CollectionPause);
