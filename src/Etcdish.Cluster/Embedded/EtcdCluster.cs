using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// One member of a group of programs that hold one store together: what is written at any of them is on the disks of a quorum and can be
/// read at each, and the group goes on while a quorum of it runs. All members of this class are safe on any thread.
/// </summary>
/// <remarks>
/// <para>
/// <see cref="Store"/> is the same <see cref="EtcdStore"/> as without a group. Its writes and reads go to the leader by themselves,
/// whichever member that is, and wait for one when there is none.
/// </para>
/// <para>
/// When it fails (<see cref="Failed"/>), it serves nothing more; dispose of it, see to the reason, and start it again from its folder.
/// </para>
/// </remarks>
public sealed class EtcdCluster : IAsyncDisposable
{
    private readonly Node _node;
    private readonly Action<NodeNotice>? _onNotice;
    private int _disposed;

    private EtcdCluster(Node node, EtcdClusterOptions options)
    {
        _node = node;
        _onNotice = options.Store.OnNotice;
        Store = new EtcdStore(node, options.Store, ownsNode: false);
    }

    /// <summary>The group's store, as this member has it. It is closed with this member.</summary>
    public EtcdStore Store { get; }

    /// <summary>This member's name.</summary>
    public string Name => _node.Name;

    /// <summary>This member's id.</summary>
    public ulong MemberId => _node.MemberId;

    /// <summary>Id of the group.</summary>
    public ulong ClusterId => _node.ClusterId;

    /// <summary>
    /// Whether this member has no vote yet, because it was added as a learner. It then refuses what needs the newest state.
    /// </summary>
    public bool IsLearner => _node.IsLearner;

    /// <summary>The members of the group as this one knows them, in ascending order of ids.</summary>
    public IReadOnlyList<ClusterMember> Members => _node.Members;

    /// <summary>Id of the leader as this member knows it; 0 while it knows none.</summary>
    public ulong LeaderId => _node.LeaderId;

    /// <summary>
    /// Whether this member regards itself as the leader. Another may have taken over already: what must not happen twice belongs into a
    /// transaction, or carries <see cref="Leadership.Term"/> as its token.
    /// </summary>
    public bool IsLeader => LeaderId == MemberId;

    /// <summary>
    /// Completes when this member can no longer serve, with the reason: a failed sync, damage on the disk, or a
    /// <see cref="MemberRemovedException"/>.
    /// </summary>
    public Task<Exception> Failed => _node.Failed;

    /// <summary>
    /// Starts a member: opens its folder, or makes one, and joins the others in the background. It does not wait for them; requests do, and
    /// <see cref="WaitForLeaderAsync"/>. Only with a new folder it asks them, for a second at most, whether it was one of them before.
    /// </summary>
    /// <param name="options">What the member is.</param>
    /// <param name="cancellation">Gives up the opening.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message says which, and how. Nothing was touched.</exception>
    /// <exception cref="IOException">
    /// The port of this member is taken, or the disk failed. A <see cref="Etcdish.Log.LogLockedException"/> when the folder is open
    /// already, here or in another process.
    /// </exception>
    /// <exception cref="JoinException">
    /// The group does not await this member, or it was one already and its folder is empty now: remove it, and add it anew.
    /// </exception>
    /// <exception cref="Etcdish.Log.LogDamagedException">Something acknowledged is damaged; the message names file and offset.</exception>
    public static async Task<EtcdCluster> StartAsync(EtcdClusterOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Node node = await Node.OpenAsync(options.ToNodeOptions(), cancellation).ConfigureAwait(false);
        return new EtcdCluster(node, options);
    }

    /// <summary>Completes when this member knows a leader, which takes a quorum of members.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The leader's id.</returns>
    /// <exception cref="EtcdException">Stopped when this member was closed or has failed.</exception>
    public async Task<ulong> WaitForLeaderAsync(CancellationToken cancellation = default)
    {
        await foreach (Leadership now in _node.WatchLeadershipAsync(cancellation).ConfigureAwait(false))
        {
            if (now.Leader != 0)
            {
                return now.Leader;
            }
        }

        throw new EtcdException(EtcdError.Stopped);
    }

    /// <summary>
    /// Who leads: first as it is now, then each time this member learns of a change. What changed while the caller was busy is left out,
    /// but for the newest. Ends when this member is closed or fails.
    /// </summary>
    /// <param name="cancellation">Ends it, with an <see cref="OperationCanceledException"/>.</param>
    public IAsyncEnumerable<Leadership> WatchLeadershipAsync(CancellationToken cancellation = default) =>
        _node.WatchLeadershipAsync(cancellation);

    /// <summary>
    /// Hands leadership to another member and completes when this one follows it. Writes that come meanwhile wait and go to the new leader.
    /// </summary>
    /// <param name="to">Its id.</param>
    /// <param name="cancellation">Ends the wait, not the transfer.</param>
    /// <exception cref="EtcdException">
    /// NotLeader when this member does not lead, BadLeaderTransferee when <paramref name="to"/> is no member that could lead; Stopped.
    /// </exception>
    /// <exception cref="TimeoutException">It did not take over within an election timeout; who leads then is open.</exception>
    public Task TransferLeadershipAsync(ulong to, CancellationToken cancellation = default) =>
        _node.TransferLeadershipAsync(to, cancellation);

    /// <summary>
    /// Announces a member, which may then start with <see cref="EtcdClusterOptions.JoinsExistingGroup"/>. A learner is the safe way: it
    /// counts for nothing until it has caught up and is promoted, whereas a voter that never starts weakens the group at once.
    /// </summary>
    /// <param name="peerUrl">Where the others will reach it: http or https, a host, a port.</param>
    /// <param name="asLearner">Whether it begins without a vote.</param>
    /// <param name="cancellation">Ends the wait, not the change.</param>
    /// <returns>The new member, which has an id and no name yet.</returns>
    /// <exception cref="EtcdException">
    /// MemberBadURLs; PeerURLExist when a member has it; TooManyLearners; MemberNotEnoughStarted or Unhealthy when the group could lose its
    /// quorum by it.
    /// </exception>
    public ValueTask<ClusterMember> AddMemberAsync(string peerUrl, bool asLearner = true, CancellationToken cancellation = default) =>
        _node.AddMemberAsync([peerUrl], asLearner, cancellation);

    /// <summary>Gives a learner that has caught up a vote.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Ends the wait, not the change.</param>
    /// <exception cref="EtcdException">
    /// MemberNotFound; MemberNotLearner; LearnerNotReady when it has not caught up or does not answer; MemberNotEnoughStarted.
    /// </exception>
    public ValueTask PromoteMemberAsync(ulong id, CancellationToken cancellation = default) =>
        _node.PromoteMemberAsync(id, cancellation);

    /// <summary>Removes a member for good, be it this one or the leader. It fails with a <see cref="MemberRemovedException"/>.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Ends the wait, not the change.</param>
    /// <exception cref="EtcdException">
    /// MemberNotFound; MemberNotEnoughStarted or Unhealthy when the group could lose its quorum by it.
    /// </exception>
    public ValueTask RemoveMemberAsync(ulong id, CancellationToken cancellation = default) => _node.RemoveMemberAsync(id, cancellation);

    /// <summary>Tells the others that a member is reached elsewhere.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="peerUrl">Where: http or https, a host, a port.</param>
    /// <param name="cancellation">Ends the wait, not the change.</param>
    /// <exception cref="EtcdException">MemberBadURLs; MemberNotFound; PeerURLExist when another member has it.</exception>
    public ValueTask UpdateMemberAsync(ulong id, string peerUrl, CancellationToken cancellation = default) =>
        _node.UpdateMemberAsync(id, [peerUrl], cancellation);

    /// <summary>
    /// Leaves the others to themselves: hands leadership over when this member has it, so that they need no election, finishes what is
    /// queued and closes the files. The member is still one of the group, and starts again from its folder.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await HandOverAsync().ConfigureAwait(false);
            await _node.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task HandOverAsync()
    {
        try
        {
            await _node.HandOverLeadershipAsync().ConfigureAwait(false);
        }
        catch (Exception reason) when (reason is EtcdException or TimeoutException)
        {
            _onNotice?.Invoke(new NodeNotice(true, $"leadership was not handed over: {reason.Message}"));
        }
    }
}
