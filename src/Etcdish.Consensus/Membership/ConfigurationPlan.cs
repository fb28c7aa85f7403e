namespace Etcdish.Consensus;

/// <summary>
/// From one configuration to the next, as pure functions. One voter more or less is a change of its own, since any two majorities then
/// still meet (thesis, section 4.1); anything more goes through a joint configuration (section 4.3).
/// </summary>
internal static class ConfigurationPlan
{
    /// <summary>What the changes make of a configuration that is not joint.</summary>
    /// <returns>The next configuration, or null with the reason why the changes contradict this one.</returns>
    internal static Configuration? TryApply(Configuration current, ReadOnlySpan<MemberChange> changes, out string? reason)
    {
        ConsensusInvariantException.Check(!current.IsJoint, "changes start from a configuration that is not joint");
        var voters = new SortedSet<ulong>(current.Voters);
        var learners = new SortedSet<ulong>(current.Learners);
        var leaving = new SortedSet<ulong>();
        var named = new HashSet<ulong>();
        foreach (var change in changes)
        {
            reason = named.Add(change.Member) ? Refuse(current, change) : $"member {change.Member} is named twice";
            if (reason is not null)
            {
                return null;
            }

            Apply(change, voters, learners, leaving);
        }

        reason = voters.Count == 0 ? "no voter would be left" : named.Count == 0 ? "nothing to change" : null;
        return reason is null ? Next(current, voters, learners, leaving) : null;
    }

    /// <summary>The configuration after a joint one.</summary>
    internal static Configuration Leave(Configuration joint)
    {
        ConsensusInvariantException.Check(joint.IsJoint, "only a joint configuration is left");
        var gone = joint.Outgoing.Where(member => !joint.Voters.Contains(member) && !joint.LearnersNext.Contains(member));
        return new Configuration(joint.Voters, [], joint.Learners.Concat(joint.LearnersNext), [], joint.Removed.Concat(gone));
    }

    private static string? Refuse(Configuration current, MemberChange change)
    {
        var member = change.Member;
        return change.Kind switch
        {
            _ when member == 0 => "0 is nobody's id",
            MemberChangeKind.AddLearner or MemberChangeKind.AddVoter =>
                current.IsMember(member) ? $"{member} is a member already"
                : current.IsRemoved(member) ? $"{member} was removed; ids are not used again"
                : null,
            MemberChangeKind.Promote => current.IsLearner(member) ? null : $"{member} is not a learner",
            MemberChangeKind.Demote => current.IsVoter(member) ? null : $"{member} is not a voter",
            MemberChangeKind.Remove => current.IsMember(member) ? null : $"{member} is not a member",
            _ => $"unknown change {(byte)change.Kind}",
        };
    }

    private static void Apply(MemberChange change, SortedSet<ulong> voters, SortedSet<ulong> learners, SortedSet<ulong> leaving)
    {
        var member = change.Member;
        switch (change.Kind)
        {
            case MemberChangeKind.AddLearner:
                learners.Add(member);
                break;
            case MemberChangeKind.AddVoter:
                voters.Add(member);
                break;
            case MemberChangeKind.Promote:
                learners.Remove(member);
                voters.Add(member);
                break;
            case MemberChangeKind.Demote:
                voters.Remove(member);
                learners.Add(member);
                break;
            default:
                voters.Remove(member);
                learners.Remove(member);
                leaving.Add(member);
                break;
        }
    }

    private static Configuration Next(
        Configuration current, SortedSet<ulong> voters, SortedSet<ulong> learners, SortedSet<ulong> leaving)
    {
        var exchanged = new SortedSet<ulong>(voters);
        exchanged.SymmetricExceptWith(current.Voters);
        if (exchanged.Count <= 1)
        {
            return new Configuration(voters, [], learners, [], current.Removed.Concat(leaving));
        }

        // In the joint phase a voter of the old half is nothing else yet: neither learner nor removed.
        return new Configuration(
            voters,
            current.Voters,
            learners.Where(member => !current.Voters.Contains(member)),
            learners.Where(member => current.Voters.Contains(member)),
            current.Removed.Concat(leaving.Where(member => !current.Voters.Contains(member))));
    }
}
