namespace Etcdish.Consensus;

/// <summary>
/// Changes of membership by a leader: one at a time, in force when appended, final when committed. A joint configuration is left as soon
/// as it is committed.
/// </summary>
internal sealed class MembershipChanges(NodeCore core, FollowerTable followers)
{
    private ulong _done = core.Commit;

    internal ProposalResult Propose(ReadOnlySpan<MemberChange> changes)
    {
        var current = core.Configurations.Current;
        if (current.IsJoint || core.Configurations.CurrentIndex > core.Commit)
        {
            return new ProposalResult(Refusal.ChangeInFlight, 0, 0);
        }

        var next = ConfigurationPlan.TryApply(current, changes, out var reason);
        if (next is null)
        {
            return new ProposalResult(Refusal.InvalidChange, 0, 0, reason);
        }

        foreach (var change in changes)
        {
            if (change.Kind == MemberChangeKind.Promote && !HasCaughtUp(change.Member))
            {
                return new ProposalResult(Refusal.LearnerBehind, 0, 0);
            }
        }

        return new ProposalResult(Refusal.None, Append(next), core.Term);
    }

    /// <summary>
    /// The commit index advanced, so that an entry of this term is committed: a joint configuration inherited from an earlier leader is
    /// left only after that, as before it was not known to be committed.
    /// </summary>
    /// <returns>True when a configuration that is not joint has become final.</returns>
    internal bool OnCommitted()
    {
        var index = core.Configurations.CurrentIndex;
        if (index > core.Commit)
        {
            return false;
        }

        if (core.Configurations.Current.IsJoint)
        {
            Append(ConfigurationPlan.Leave(core.Configurations.Current));
            return false;
        }

        var isNew = index > _done;
        _done = index;
        return isNew;
    }

    private ulong Append(Configuration configuration)
    {
        var index = core.Log.LastIndex + 1;
        core.Make(new EntryHeader(index, core.Term, EntryType.Configuration, configuration));
        followers.Welcome();
        return index;
    }

    private bool HasCaughtUp(ulong learner) =>
        followers.Find(learner) is { State: ProgressState.Replicate, Quarantined: false } follower
        && followers.IsHeard(follower)
        && core.Log.LastIndex - follower.Match <= core.Options.PromotionLag;
}
