using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Wishes for another membership on their way into the log, on a leader: checked against the membership of now, one at a time, each only
/// when nothing that could alter the membership is left unapplied. What a wish becomes is an entry of the core's (a configuration) or a
/// write (new peer URLs).
/// </summary>
internal sealed class ReplicaMembership(RaftNode raft, MemberTable members, ReplicaOptions options)
{
    private readonly List<Proposal> _waiting = [];
    private ulong _after;

    /// <summary>Somebody waits.</summary>
    public bool IsWaiting => _waiting.Count > 0;

    /// <summary>This member leads, or another than before: what the log holds until now must be applied first.</summary>
    public void OnLeading(ulong lastIndex) => _after = lastIndex;

    /// <summary>Takes a wish.</summary>
    public void Hold(Proposal request) => _waiting.Add(request);

    /// <summary>Gives back what waits, all of it.</summary>
    public List<Proposal> TakeAll()
    {
        List<Proposal> all = [.. _waiting];
        _waiting.Clear();
        return all;
    }

    /// <summary>The next wish, if it can be looked at now.</summary>
    /// <param name="applied">The last entry applied here.</param>
    public Proposal? Next(ulong applied)
    {
        bool isSettled = applied >= _after && raft.CommittedConfiguration.Equals(raft.Configuration) && !raft.Configuration.IsJoint;
        if (!isSettled || _waiting.Count == 0)
        {
            return null;
        }

        Proposal next = _waiting[0];
        _waiting.RemoveAt(0);
        return next;
    }

    /// <summary>Wishes that came before a tick, which wait no longer.</summary>
    public IEnumerable<Proposal> TakeExpired(long since)
    {
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].HeldSince <= since)
            {
                Proposal expired = _waiting[i];
                _waiting.RemoveAt(i);
                yield return expired;
            }
        }
    }

    /// <summary>Checks a wish and, when it concerns the configuration, has the core propose it.</summary>
    /// <param name="request">The wish.</param>
    /// <returns>Why it is refused; or the place of the entry; or neither, when it is to be proposed as a write.</returns>
    public (EtcdError? Error, ProposalResult Proposed) Decide(MemberRequest request)
    {
        MemberStatus[] followers = raft.Followers();
        MemberRules rules = new(
            members.Current,
            member => member == options.Raft.Id || followers.Any(follower => follower.Member == member && follower.IsHeard),
            options.MaxLearners);
        if (rules.Check(request) is { } refusal)
        {
            return (refusal, default);
        }

        return request.Operation == MemberOperation.Update ? default : Propose(request);
    }

    /// <summary>What was decided has this place; nothing else is decided until it is applied.</summary>
    public void Placed(ulong index) => _after = Math.Max(_after, index);

    private (EtcdError? Error, ProposalResult Proposed) Propose(MemberRequest request)
    {
        bool isNew = request.Operation is MemberOperation.Add or MemberOperation.AddLearner;
        if (isNew)
        {
            members.Announce([new MemberInfo(request.Member, "", request.PeerUrls, [])]);
        }

        ProposalResult proposed = raft.ProposeConfiguration([new MemberChange(KindOf(request.Operation), request.Member)]);
        if (proposed.Refusal == Refusal.None)
        {
            return (null, proposed);
        }

        if (isNew)
        {
            members.Withdraw(request.Member);
        }

        return (ErrorOf(proposed), default);
    }

    private static MemberChangeKind KindOf(MemberOperation operation) => operation switch
    {
        MemberOperation.Add => MemberChangeKind.AddVoter,
        MemberOperation.AddLearner => MemberChangeKind.AddLearner,
        MemberOperation.Promote => MemberChangeKind.Promote,
        _ => MemberChangeKind.Remove,
    };

    private static EtcdError ErrorOf(in ProposalResult proposed) => proposed.Refusal switch
    {
        Refusal.LearnerBehind => EtcdError.LearnerNotReady,
        Refusal.InvalidChange => EtcdError.MemberNotEnoughStarted, // No voter would be left; all else was checked.
        _ => EtcdError.NotLeader,
    };
}
