using System.Collections.Immutable;
using Etcdish.Cluster.Peers;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

// Changes of the membership. Any member takes them; the leader decides. One is under way at a time, others wait their turn.
public sealed partial class Node
{
    private const int MaxUrlLength = 1024;

    // As long as etcd takes: who asked this member to remove itself gets an answer, and the others hear what it had to say.
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(1);

    // The network may hear that this member was removed before there is a loop to end.
    private volatile bool _wasRefused;

    /// <summary>Whether a directory belongs to a member: then who it is and whom it knows comes from there, and not from options.</summary>
    /// <param name="directory">As <see cref="NodeOptions.DataDirectory"/>; need not exist.</param>
    public static bool HoldsMember(string directory) =>
        Directory.Exists(directory) && LinuxDisk.Instance.List(directory).Contains(MemberFile.Name);

    /// <summary>Whether this member has no vote; it then serves only reads that need not be the newest.</summary>
    public bool IsLearner => _members.IsLearner;

    /// <summary>
    /// Announces a member, which may then start with <see cref="NodeOptions.JoinsExistingGroup"/>. A learner is the safe way: it counts for
    /// nothing until it has caught up and is promoted, whereas a voter that never starts weakens the group at once.
    /// </summary>
    /// <param name="peerUrls">Where the others will reach it, each of the form http(s)://host:port.</param>
    /// <param name="asLearner">Whether it begins without a vote.</param>
    /// <param name="cancellation">Stops waiting, not the change.</param>
    /// <returns>The new member, which has an id and no name yet.</returns>
    /// <exception cref="EtcdException">
    /// MemberBadURLs; PeerURLExist when a member has one of them; MemberExist when chance gave a known id; TooManyLearners;
    /// MemberNotEnoughStarted or Unhealthy when the group could lose its quorum by it; and as <see cref="ProposeAsync"/>.
    /// </exception>
    public async ValueTask<ClusterMember> AddMemberAsync(
        IReadOnlyList<string> peerUrls, bool asLearner, CancellationToken cancellation = default)
    {
        ImmutableArray<string> urls = CheckUrls(peerUrls);
        ulong id = NewId(urls);
        MemberOperation operation = asLearner ? MemberOperation.AddLearner : MemberOperation.Add;
        await ChangeMembersAsync(operation, id, urls, cancellation).ConfigureAwait(false);
        return new ClusterMember(id, "", urls, []) { IsLearner = asLearner };
    }

    /// <summary>Gives a learner that has caught up a vote.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Stops waiting, not the change.</param>
    /// <exception cref="EtcdException">
    /// MemberNotFound; MemberNotLearner; LearnerNotReady when it has not caught up or does not answer; MemberNotEnoughStarted; and as
    /// <see cref="ProposeAsync"/>.
    /// </exception>
    public ValueTask PromoteMemberAsync(ulong id, CancellationToken cancellation = default) =>
        ChangeMembersAsync(MemberOperation.Promote, id, [], cancellation);

    /// <summary>Removes a member for good, be it this one or the leader.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Stops waiting, not the change.</param>
    /// <exception cref="EtcdException">
    /// MemberNotFound; MemberNotEnoughStarted or Unhealthy when the group could lose its quorum by it; and as <see cref="ProposeAsync"/>.
    /// </exception>
    public ValueTask RemoveMemberAsync(ulong id, CancellationToken cancellation = default) =>
        ChangeMembersAsync(MemberOperation.Remove, id, [], cancellation);

    /// <summary>Tells the others that a member is reached elsewhere.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="peerUrls">Where, each of the form http(s)://host:port.</param>
    /// <param name="cancellation">Stops waiting, not the change.</param>
    /// <exception cref="EtcdException">
    /// MemberBadURLs; MemberNotFound; PeerURLExist when another member has one of them; and as <see cref="ProposeAsync"/>.
    /// </exception>
    public ValueTask UpdateMemberAsync(ulong id, IReadOnlyList<string> peerUrls, CancellationToken cancellation = default) =>
        ChangeMembersAsync(MemberOperation.Update, id, CheckUrls(peerUrls), cancellation);

    private async ValueTask ChangeMembersAsync(
        MemberOperation operation, ulong id, ImmutableArray<string> urls, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (id == 0)
        {
            throw new EtcdException(EtcdError.MemberNotFound);
        }

        byte[] request = new MemberRequest(operation, _options.StrictMemberChanges, id, urls).Encode();
        await _loop.EnqueueAbandonable(EntryKinds.MemberRequest, request, work: null, cancellation).ConfigureAwait(false);
    }

    // An id is never used twice, so a member that was removed within the second gets that of a later one.
    private ulong NewId(ImmutableArray<string> urls)
    {
        Membership known = _members.Current;
        DateTimeOffset time = _options.Clock.GetUtcNow();
        ulong id;
        do
        {
            id = MemberIdentity.NewMemberId(urls, time);
            time = time.AddSeconds(1);
        }
        while (known.Configuration.IsMember(id) || known.Configuration.IsRemoved(id));

        return id;
    }

    private static ImmutableArray<string> CheckUrls(IReadOnlyList<string> peerUrls)
    {
        ArgumentNullException.ThrowIfNull(peerUrls);
        try
        {
            return peerUrls.Count is > 0 and <= MembershipCodec.MaxUrls && peerUrls.All(url => url.Length <= MaxUrlLength)
                ? [.. peerUrls.Select(url => PeerUrl.Parse(url).ToString()).Order(StringComparer.Ordinal)]
                : throw new EtcdException(EtcdError.MemberBadURLs);
        }
        catch (ArgumentException)
        {
            throw new EtcdException(EtcdError.MemberBadURLs);
        }
    }

    // On the loop, when a membership was applied.
    private void OnMembersApplied()
    {
        if (_members.IsRemoved && Interlocked.Exchange(ref _leaving, 1) == 0)
        {
            _ = LeaveAsync();
        }
    }

    private async Task LeaveAsync()
    {
        await Task.Delay(_farewell, _options.Clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_stopping.IsCancellationRequested)
        {
            _loop.Fail(new MemberRemovedException());
        }
    }

    // What the network tells; a member that says that this one was removed has applied it.
    private void OnPeerNotice(PeerNotice notice)
    {
        _options.OnNotice?.Invoke(new NodeNotice(notice.IsWarning, notice.Message));
        if (notice.Refusal == PeerRefusal.Removed)
        {
            _wasRefused = true;
            _loop?.Fail(new MemberRemovedException());
        }
    }
}
