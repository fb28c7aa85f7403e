using System.Buffers;
using Etcdish.Cluster.Peers;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// One member: the log, the store over it, the loop that writes, and what runs in the background. The server and the embedded
/// <see cref="EtcdStore"/> are both thin skins over it. All members are safe on any thread.
/// </summary>
/// <remarks>See README.md of this folder for the write path and its rules.</remarks>
public sealed partial class Node : IAsyncDisposable
{
    private readonly NodeOptions _options;
    private readonly SegmentedLog _log;
    private readonly MemberFile _member;
    private readonly NodeLoop _loop;
    private readonly LeaseKeeper _leases;
    private readonly ReplicaStatus _status;
    private readonly MemberTable _members;
    private IPeerNetwork _network = null!;
    private LeaseCalls _leaseCalls = null!;
    private readonly Maintenance _maintenance;
    private readonly Checkpointer _checkpointer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _publishing = Task.CompletedTask;
    private int _disposed;
    private int _leaving;

    private Node(RecoveredState recovered)
    {
        NodeOptions options = recovered.Options;
        _options = options;
        _log = recovered.Log;
        _member = recovered.Member;
        Values = recovered.Values;
        Store = recovered.Store;
        Metrics = new NodeMetrics();
        Watches = new WatchHub(Store, Values, options.Watch);
        _leases = new LeaseKeeper(Store.Leases, options.Clock, Metrics);
        LogReplay replay = recovered.Replay;
        _members = replay.Members;
        _members.Applied = OnMembersApplied;
        _loop = new NodeLoop(options, inbox =>
        {
            _network = Connect(options, inbox);
            _leaseCalls = new LeaseCalls(_leases, _network);
            return new ReplicaParts(
                _log, _member, Store, Values, replay.Restored, replay.Tail, replay.Members, Watches, _leases, _leaseCalls, _network, Metrics);
        }, _stopping.Token);
        _status = _loop.Replica.Status;
        _checkpointer = new Checkpointer(_log, Store, _loop.Replica, _loop, recovered.Checkpoints, options, Metrics);
        _checkpointer.Recovered(recovered.ReplayFrom, recovered.CheckpointBytes);
        SegmentCollector collector = new(_log, Store, Values, _loop, options, Metrics);
        _maintenance = new Maintenance(Store, _checkpointer, collector, recovered.CollectionPause, _loop.Fail);
    }

    /// <summary>Human name of the member.</summary>
    public string Name => _options.Name;

    /// <summary>Id of the cluster.</summary>
    public ulong ClusterId => _options.ClusterId;

    /// <summary>Id of this member.</summary>
    public ulong MemberId => _options.MemberId;

    /// <summary>Id of the leader, 0 when there is none.</summary>
    public ulong LeaderId => _loop.Failed is null ? _status.Leader : 0;

    /// <summary>The newest term of the group that this member knows.</summary>
    public ulong Term => _status.Term;

    /// <summary>How often this member has seen a leader come, be it the same again.</summary>
    public long LeaderChanges => _status.LeaderChanges;

    /// <summary>Index of the last entry that this member knows to be committed.</summary>
    public ulong CommittedIndex => _status.Commit;

    /// <summary>The members of the group as of the last applied entry, in ascending order of ids.</summary>
    public IReadOnlyList<ClusterMember> Members
    {
        get
        {
            Membership now = _members.Current;
            return [.. now.Members.Select(member => ClusterMember.Of(member, now.Configuration))];
        }
    }

    /// <summary>
    /// This member found its data damaged, gave it up, and was not filled again by its group yet. It serves what it has, but neither votes
    /// nor counts.
    /// </summary>
    public bool IsQuarantined => _status.IsQuarantined;

    /// <summary>How often, since the node was opened, a leader's state took the place of this member's own.</summary>
    public long SnapshotsReceived => _loop.Replica.TakeOvers;

    /// <summary>Followers that are being sent this member's state, as they lack more entries than it has.</summary>
    public int SnapshotsSending => _loop.Replica.SnapshotsSending;

    /// <summary>Index of the last applied entry.</summary>
    public ulong AppliedIndex => Store.AppliedIndex;

    /// <summary>Writes that wait to be made durable.</summary>
    public int PendingProposals => _loop.Pending;

    /// <summary>
    /// Completes when the group knows this member's name and client URLs, which takes a leader and a quorum; or when the node stops.
    /// </summary>
    public Task Published => _publishing;

    /// <summary>What went between this member and each of the others; empty for a group of one.</summary>
    public IReadOnlyList<PeerTraffic> PeerTraffic => (_network as PeerNetwork)?.ReadTraffic() ?? [];

    /// <summary>The revisioned state; its reads run on the caller's thread.</summary>
    public RevisionStore Store { get; }

    /// <summary>The values that the state refers to.</summary>
    public IValueSource Values { get; }

    /// <summary>Watch streams.</summary>
    public WatchHub Watches { get; }

    /// <summary>What the node counts.</summary>
    public NodeMetrics Metrics { get; }

    /// <summary>Bytes that log and checkpoints hold on the disk, without what is only set aside.</summary>
    public long DataBytes => _log.Segments.Sum(segment => segment.UsedBytes) + _checkpointer.SizeOfNewest;

    /// <summary>Bytes of the retained revisions: keys and values.</summary>
    public long LiveBytes => Store.LiveBytes;

    /// <summary>Completes when the node can no longer serve, with the reason: a failed sync, damage, an impossible state.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Cancelled when the node stops or fails.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Opens or makes the data directory, recovers what it holds and starts to serve.</summary>
    /// <param name="options">What the node is and how much it may use.</param>
    /// <param name="cancellation">Gives up between two steps of the recovery.</param>
    /// <exception cref="LogLockedException">Another process, or this one, has the directory open.</exception>
    /// <exception cref="LogDamagedException">Something acknowledged is damaged; the message names file and offset.</exception>
    /// <exception cref="IOException">
    /// The disk failed, the directory is that of an etcd or holds an unfinished <see cref="NodeImport"/>, or a peer port is taken.
    /// </exception>
    /// <exception cref="JoinException">The directory is empty, and the group does not await this member, or has had it before.</exception>
    /// <exception cref="MemberRemovedException">The member was removed from its group.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static async Task<Node> OpenAsync(NodeOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        RefuseFolderOfEtcd(options.DataDirectory);
        options = await Joining.SettleAsync(options, cancellation).ConfigureAwait(false);
        RecoveredState recovered = await Task.Run(() => Recovery.Run(options, cancellation), cancellation).ConfigureAwait(false);
        Node node = await MakeAsync(recovered, cancellation).ConfigureAwait(false);
        try
        {
            await node.StartAsync().ConfigureAwait(false);
            return node;
        }
        catch (EtcdException) when (node._loop.Failed is MemberRemovedException)
        {
            await node.DisposeAsync().ConfigureAwait(false);
            throw new MemberRemovedException();
        }
        catch
        {
            await node.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>etcd keeps its data in a folder of the name of our file: without this, files of ours would come beside it first.</summary>
    private static void RefuseFolderOfEtcd(string directory)
    {
        if (Directory.Exists(Path.Combine(directory, MemberFile.Name)))
        {
            throw new IOException(
                $"{directory} holds the data of an etcd, which is not read as it is: make a folder of a snapshot of it (etcdish snapshot restore)");
        }
    }

    /// <summary>Appends a write to the log and applies it. When it completes, the write is durable and visible, or was refused.</summary>
    /// <param name="kind">What the request is.</param>
    /// <param name="request">The request message; the bytes must stay unchanged until the task completes.</param>
    /// <param name="cancellation">Looked at before the write is queued; from then on its outcome is the log's.</param>
    /// <returns>The outcome; <see cref="ApplyResult.Error"/> is set when the state machine refused it and nothing changed.</returns>
    /// <exception cref="EtcdException">
    /// RequestTooManyRequests when too much waits already, NoSpace when the disk is full, RequestTooLarge when the log cannot hold it,
    /// LeaderChanged when a new leader's log does not have it; in all four it was not and will not be applied. Timeout when it waited too
    /// long for disk, leader or quorum, TimeoutDueToLeaderFail when the leader was lost that it was forwarded to, and Stopped when the
    /// node stops or has failed: then it may still be applied.
    /// </exception>
    public ValueTask<ApplyResult> ProposeAsync(EntryKind kind, ReadOnlyMemory<byte> request, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        return _loop.Enqueue((byte)kind, request);
    }

    /// <summary>As <see cref="ProposeAsync"/>, for bytes that nobody uses again: cancellation also ends the wait, not the write.</summary>
    internal ValueTask<ApplyResult> ProposeOwnedAsync(EntryKind kind, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return _loop.EnqueueAbandonable((byte)kind, request, work: null, cancellation);
    }

    /// <summary>
    /// Completes when a read of <see cref="Store"/> sees all that was acknowledged before the call, by any member. On a single node that
    /// is at once: nothing is acknowledged before it is applied. In a group the leader has its quorum confirm it; a follower asks the
    /// leader.
    /// </summary>
    /// <param name="cancellation">Stops waiting, at once.</param>
    /// <exception cref="EtcdException">
    /// Stopped when the node stops or has failed, Timeout when no leader could be asked, TimeoutWaitAppliedIndex when this member lags.
    /// </exception>
    public ValueTask ReadBarrierAsync(CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (_loop.Failed is not null || _disposed != 0)
        {
            throw new EtcdException(EtcdError.Stopped);
        }

        return _status.ReadsAreLocal ? ValueTask.CompletedTask : AskForBarrierAsync(cancellation);
    }

    private IPeerNetwork Connect(NodeOptions options, IPeerInbox inbox)
    {
        if (options.ConnectPeers is { } connect)
        {
            return connect(inbox);
        }

        return options.PeerListenUrls.Count == 0 ? new NoPeers() : PeerNetwork.Start(
            new PeerNetworkOptions
            {
                MemberId = options.MemberId,
                ClusterId = options.ClusterId,
                ListenUrls = options.PeerListenUrls,
                Tls = options.PeerTls,
                Random = new Random(options.Random.Next()),
                Clock = options.Clock,
                OnDefect = defect => _loop?.Fail(defect),
                OnRoundTrip = Metrics.RoundTrip,
                OnNotice = OnPeerNotice,
                DescribeGroup = () => new GroupDescription(options.ClusterId, _members.InForce),
            },
            inbox);
    }

    private async ValueTask AskForBarrierAsync(CancellationToken cancellation) =>
        await _loop.EnqueueAbandonable(Proposal.ReadBarrier, default, work: null, cancellation).ConfigureAwait(false);

    /// <summary>Grants a lease.</summary>
    /// <param name="id">The id wanted, or 0 to have one picked.</param>
    /// <param name="ttlSeconds">The TTL wanted in seconds; raised to the floor, refused above 9,000,000,000.</param>
    /// <param name="cancellation">Stops waiting; the lease may be granted all the same.</param>
    /// <returns>With the id and the TTL granted, or an error (LeaseExist, LeaseTTLTooLarge, NoSpace).</returns>
    public async ValueTask<ApplyResult> GrantLeaseAsync(long id, long ttlSeconds, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        ArrayBufferWriter<byte> request = new(24);
        long settledId = LeaseRules.SettleId(id, Store.Leases, NextRandom);
        if (ttlSeconds > LeaseRules.MaxTtlSeconds)
        {
            return new ApplyResult { Error = EtcdError.LeaseTTLTooLarge, Revision = Store.CurrentRevision };
        }

        long settledTtl = LeaseRules.SettleTtl(ttlSeconds, _options.MinLeaseTtl);
        RequestEncoder.Encode(new LeaseGrantRequest { Id = settledId, TtlSeconds = settledTtl }, request);
        ApplyResult result = await _loop
            .EnqueueAbandonable((byte)EntryKind.LeaseGrant, request.WrittenMemory, work: null, cancellation).ConfigureAwait(false);
        return result;
    }

    /// <summary>Renews a lease to its granted TTL.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Stops waiting; the lease may be renewed all the same.</param>
    /// <returns>The TTL in seconds, or 0 when the lease does not exist or has run out.</returns>
    /// <exception cref="EtcdException">NoLeader, NotLeader or TimeoutDueToLeaderFail: try again; Stopped.</exception>
    public async ValueTask<long> RenewLeaseAsync(long id, CancellationToken cancellation = default)
    {
        ulong leader = FollowedLeader();
        if (leader == 0)
        {
            await ReadBarrierAsync(cancellation).ConfigureAwait(false);
            return await _leases.RenewAsync(id, _loop).ConfigureAwait(false);
        }

        LeaseAnswerFrame answer = await AskAboutLeaseAsync(leader, LeaseCallKind.Renew, id, cancellation).ConfigureAwait(false);
        return answer.Seconds;
    }

    /// <summary>
    /// State of a lease, or null when it does not exist. A follower asks the leader, which alone keeps time and answers in whole seconds.
    /// </summary>
    /// <param name="id">Its id.</param>
    /// <param name="withKeys">Whether to list its keys.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="EtcdException">NoLeader, NotLeader or TimeoutDueToLeaderFail: try again; Stopped.</exception>
    public async ValueTask<LeaseStatus?> TimeToLiveAsync(long id, bool withKeys = false, CancellationToken cancellation = default)
    {
        ulong leader = FollowedLeader();
        if (leader == 0)
        {
            await ReadBarrierAsync(cancellation).ConfigureAwait(false);
            return _leases.Status(id, withKeys);
        }

        LeaseAnswerFrame answer = await AskAboutLeaseAsync(leader, LeaseCallKind.TimeToLive, id, cancellation).ConfigureAwait(false);
        if (withKeys)
        {
            await ReadBarrierAsync(cancellation).ConfigureAwait(false);
        }

        return answer.Seconds < 0 ? null : new LeaseStatus(
            id,
            TimeSpan.FromSeconds(answer.GrantedSeconds),
            TimeSpan.FromSeconds(answer.Seconds),
            withKeys ? _leases.Keys(id) : []);
    }

    /// <summary>State of a lease by this member's clock, or null when it does not exist. Only a leader's clock knows leases.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="withKeys">Whether to list its keys.</param>
    public LeaseStatus? TimeToLive(long id, bool withKeys = false) => _leases.Status(id, withKeys);

    /// <summary>
    /// Ids of all leases as this member knows them: on the leader soonest to run out first, elsewhere in ascending order.
    /// </summary>
    public IReadOnlyList<long> LeaseIds() => _leases.Ids();

    /// <summary>Completes when all that the compactions so far have hidden is removed from the index.</summary>
    /// <param name="cancellation">Stops waiting, not the removal.</param>
    /// <exception cref="EtcdException">Stopped.</exception>
    public async Task FinishCompactionAsync(CancellationToken cancellation = default)
    {
        long compacted = Store.CompactedRevision;
        while (Store.PhysicallyCompactedRevision < compacted)
        {
            await _maintenance.RunNowAsync().WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Damage was met by somebody who read of <see cref="Values"/>: the node fails, as it can no longer vouch for its data. In a group its
    /// next start gives up what it has, and the group fills it again.
    /// </summary>
    /// <param name="damage">What was thrown.</param>
    public void ReportDamage(Exception damage)
    {
        ArgumentNullException.ThrowIfNull(damage);
        _loop.Fail(damage);
    }

    /// <summary>Does now all that maintenance would do in time: compaction, collection, checkpoints.</summary>
    internal Task RunMaintenanceAsync() => _maintenance.RunNowAsync();

    /// <summary>Stops taking writes, finishes those queued, writes a last checkpoint when it is worth it, and closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _maintenance.DisposeAsync().ConfigureAwait(false);
        await _publishing.ConfigureAwait(false);
        await SaveForNextStartAsync().ConfigureAwait(false);
        await _loop.StopAsync().ConfigureAwait(false);
        if (_network is IAsyncDisposable closable)
        {
            await closable.DisposeAsync().ConfigureAwait(false);
        }

        _loop.Replica.CloseSnapshots();
        _log.Dispose();
        _member.Dispose();
        Store.Dispose();
    }

    // The folder is let go when a peer port is taken.
    private static async Task<Node> MakeAsync(RecoveredState recovered, CancellationToken cancellation)
    {
        try
        {
            await Joining.IntroduceAsync(recovered, cancellation).ConfigureAwait(false);
            return new Node(recovered);
        }
        catch
        {
            recovered.CollectionPause.Dispose();
            recovered.Log.Dispose();
            recovered.Member.Dispose();
            recovered.Store.Dispose();
            throw;
        }
    }

    private async Task StartAsync()
    {
        if (_wasRefused)
        {
            _loop.Fail(new MemberRemovedException());
        }

        _loop.Start();
        _ = WatchForFailureAsync(_loop.Ended);

        await BeginTermAsync().ConfigureAwait(false);
        _maintenance.Start();
        _publishing = PublishAttributesAsync(_stopping.Token);
    }

    // A member that decides alone leads after its first round. On a full disk that waits; reads can go on without.
    private async Task BeginTermAsync()
    {
        try
        {
            await _loop.Enqueue(0, default, static () => { }).ConfigureAwait(false);
            if (_loop.Replica.IsDiskFull)
            {
                throw new EtcdException(EtcdError.NoSpace);
            }
        }
        catch (EtcdException refusal) when (refusal.Error == EtcdError.NoSpace)
        {
            _options.OnNotice?.Invoke(new NodeNotice(true, "the disk is full: reads are served, writes are refused until there is space"));
        }
    }

    // Each member tells its name and client URLs itself, through the log, once there is a leader; again only when they have changed.
    private async Task PublishAttributesAsync(CancellationToken stopping)
    {
        MemberInfo own = new(MemberId, Name, [], [.. _options.ClientUrls]);
        while (!stopping.IsCancellationRequested && !_members.Has(own))
        {
            try
            {
                ReadOnlyMemory<byte> attributes = MembershipCodec.EncodeAttributes(own);
                await _loop.EnqueueAbandonable(EntryKinds.MemberAttributes, attributes, work: null, stopping).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (EtcdException)
            {
                // No leader, no space or no quorum yet: it is told later.
                await Task.Delay(_options.ElectionTimeout, _options.Clock, stopping)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // So that leases keep their time over a planned restart, and the next start has a short tail. Neither is needed for safety.
    private async Task SaveForNextStartAsync()
    {
        if (_loop.Failed is not null || !_maintenance.WasStarted)
        {
            return;
        }

        try
        {
            // In a group the next leader begins them anew.
            ReadOnlyMemory<byte> leases = _status.ReadsAreLocal ? _leases.EncodeAllRemaining() : default;
            if (!leases.IsEmpty)
            {
                await _loop.Enqueue((byte)EntryKind.LeaseCheckpoint, leases).ConfigureAwait(false);
            }

            if (_checkpointer.IsWorthwhile)
            {
                await _checkpointer.RunAsync().ConfigureAwait(false);
            }
        }
        catch (Exception reason) when (reason is EtcdException or DiskFullException)
        {
            _options.OnNotice?.Invoke(new NodeNotice(true, $"no checkpoint was written before the stop: {reason.Message}"));
        }
    }

    private async Task WatchForFailureAsync(Task<Exception?> ended)
    {
        Exception? failure = await ended.ConfigureAwait(false);
        if (failure is not null)
        {
            _failed.TrySetResult(failure);
            await _stopping.CancelAsync().ConfigureAwait(false);
        }
    }

    // 0 when this member leads.
    private ulong FollowedLeader() => LeaderId switch
    {
        0 => throw new EtcdException(_loop.Failed is null ? EtcdError.NoLeader : EtcdError.Stopped),
        var leader => leader == MemberId ? 0 : leader,
    };

    private async Task<LeaseAnswerFrame> AskAboutLeaseAsync(
        ulong leader, LeaseCallKind kind, long lease, CancellationToken cancellation)
    {
        try
        {
            return await _leaseCalls.AskAsync(leader, kind, lease)
                .WaitAsync(_options.RequestTimeout, _options.Clock, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new EtcdException(EtcdError.Timeout);
        }
    }

    private ulong NextRandom() => (ulong)_options.Random.NextInt64();
}
