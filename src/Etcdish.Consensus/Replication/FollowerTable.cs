namespace Etcdish.Consensus;

/// <summary>
/// The followers of one leadership: every other member of the configuration in force, and those that were in the one before until the
/// change is committed, so that they hear of their removal.
/// </summary>
internal sealed class FollowerTable(NodeCore core)
{
    private readonly List<Progress> _followers = [];

    /// <summary>In ascending order of ids.</summary>
    internal List<Progress> All => _followers;

    internal Progress? Find(ulong member)
    {
        foreach (var follower in _followers)
        {
            if (follower.Member == member)
            {
                return follower;
            }
        }

        return null;
    }

    /// <summary>Adds who is new.</summary>
    internal void Welcome()
    {
        Welcome(core.Configurations.Current);
        Welcome(core.CommittedConfiguration);
    }

    /// <summary>Drops who is no member any more.</summary>
    internal void Dismiss() => _followers.RemoveAll(follower => !core.Configurations.Current.IsMember(follower.Member));

    /// <summary>The highest index that a quorum of the configuration in force promised to keep, this member's own disk included.</summary>
    internal ulong QuorumDurable()
    {
        var configuration = core.Configurations.Current;
        var durable = Quorum.Joint(Durable(configuration.Voters.AsSpan()), Durable(configuration.Outgoing.AsSpan()));
        return durable < core.Configurations.CurrentIndex ? Math.Max(durable, DurableOfFirstTwo()) : durable;
    }

    /// <summary>The highest read position that a quorum confirmed; this member confirms everything.</summary>
    internal ulong QuorumConfirmed()
    {
        var configuration = core.Configurations.Current;
        return Quorum.Joint(Confirmed(configuration.Voters.AsSpan()), Confirmed(configuration.Outgoing.AsSpan()));
    }

    /// <summary>Whether a quorum answered within the election timeout.</summary>
    internal bool QuorumIsHeard()
    {
        var configuration = core.Configurations.Current;
        return Heard(configuration.Voters.AsSpan()) >= Quorum.Majority(configuration.Voters.Length)
            && (!configuration.IsJoint || Heard(configuration.Outgoing.AsSpan()) >= Quorum.Majority(configuration.Outgoing.Length));
    }

    internal bool IsHeard(Progress follower) => core.Now - follower.HeardAt < (ulong)core.Options.ElectionTicks;

    /// <summary>The voter to hand leadership to: the one with the longest log among those that answer.</summary>
    internal Progress? BestSuccessor()
    {
        Progress? best = null;
        foreach (var follower in _followers)
        {
            var eligible = !follower.Quarantined && IsHeard(follower) && core.Configurations.Current.Voters.Contains(follower.Member);
            if (eligible && (best is null || follower.Match > best.Match))
            {
                best = follower;
            }
        }

        return best;
    }

    /// <summary>
    /// The entry that gives a group of one its second voter is committed by the one. The new voter may only exist once the entry is final,
    /// and could else never acknowledge it. Nothing can be lost by this: without the one, nobody is elected before or after the entry.
    /// </summary>
    private ulong DurableOfFirstTwo()
    {
        var last = core.Configurations.CurrentIndex;
        var before = core.Configurations.At(last - 1);
        var isFirst = before is { IsJoint: false, Voters: [var only] } && only == core.Self;
        return isFirst && core.Configurations.Current is { IsJoint: false, Voters.Length: 2 } next && next.IsVoter(core.Self)
            ? Math.Min(core.Writes.DurableIndex, last)
            : 0;
    }

    private void Welcome(Configuration configuration)
    {
        foreach (var member in configuration.Members())
        {
            if (member == core.Self || Find(member) is not null)
            {
                continue;
            }

            var inflights = new Inflights(core.Options.MaxInflightAppends, core.Options.MaxInflightBytes);
            var place = _followers.FindIndex(follower => follower.Member > member);
            _followers.Insert(
                place < 0 ? _followers.Count : place,
                new Progress(member, core.Log.LastIndex + 1, core.Now, inflights));
        }
    }

    private ulong Durable(ReadOnlySpan<ulong> voters)
    {
        var reached = voters.Length <= 16 ? stackalloc ulong[voters.Length] : new ulong[voters.Length];
        for (var i = 0; i < voters.Length; i++)
        {
            reached[i] = voters[i] == core.Self ? core.Writes.DurableIndex : Find(voters[i])?.Promised ?? 0;
        }

        return Quorum.MajorityReached(reached);
    }

    private ulong Confirmed(ReadOnlySpan<ulong> voters)
    {
        var reached = voters.Length <= 16 ? stackalloc ulong[voters.Length] : new ulong[voters.Length];
        for (var i = 0; i < voters.Length; i++)
        {
            reached[i] = voters[i] == core.Self ? ulong.MaxValue : Find(voters[i])?.ReadConfirmed ?? 0;
        }

        return Quorum.MajorityReached(reached);
    }

    private int Heard(ReadOnlySpan<ulong> voters)
    {
        var heard = 0;
        foreach (var voter in voters)
        {
            if (voter == core.Self || (Find(voter) is { Quarantined: false } follower && IsHeard(follower)))
            {
                heard++;
            }
        }

        return heard;
    }
}
