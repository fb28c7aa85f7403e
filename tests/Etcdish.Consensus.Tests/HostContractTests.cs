namespace Etcdish.Consensus.Tests;

/// <summary>What a host must not do is refused at once, and what it reads is what the scripts cannot show.</summary>
[TestFixture]
internal sealed class HostContractTests
{
    [Test]
    public void Options_have_ranges()
    {
        var options = new RaftOptions { Id = 1, ClusterId = 2, Seed = 3 };
        Assert.That(() => Start(options with { Id = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Start(options with { ElectionTicks = 1 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Start(options with { MaxAppendBytes = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Start(options with { MaxPendingReads = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_log_that_ends_before_its_commit_starts_only_in_quarantine()
    {
        static RestoredState Damaged(bool quarantined)
        {
            var state = new RestoredState(new LogBase(0, 0, Configuration.Of(1, 2, 3))) { Quarantined = quarantined };
            state.Add(new EntryHeader(1, 1, EntryType.Empty));
            state.HardState = new HardState(Term: 3, Vote: 2, Commit: 4);
            return state;
        }

        Assert.That(
            () => Start(Damaged(quarantined: false)), Throws.TypeOf<ConsensusInvariantException>().With.Message.Contains("quarantine"));
        var node = Start(Damaged(quarantined: true));
        Assert.That((node.IsQuarantined, node.Term, node.Commit), Is.EqualTo((true, 3UL, 0UL)));
    }

    [Test]
    public void A_restored_log_has_no_gap_and_terms_that_never_go_back()
    {
        var state = new RestoredState(new LogBase(4, 2, Configuration.Of(1)));
        state.Add(new EntryHeader(5, 2, EntryType.Command));
        Assert.That(() => state.Add(new EntryHeader(7, 2, EntryType.Command)), Throws.ArgumentException);
        Assert.That(() => state.Add(new EntryHeader(4, 2, EntryType.Command)), Throws.ArgumentException);
        Assert.That(() => state.Add(new EntryHeader(6, 1, EntryType.Command)), Throws.ArgumentException);
        Assert.That(() => state.Add(new EntryHeader(6, 2, EntryType.Configuration)), Throws.ArgumentException);
        state.Add(new EntryHeader(6, 2, EntryType.Command));
        state.Add(new EntryHeader(5, 3, EntryType.Command));
        state.HardState = new HardState(3, 0, 4);
        Assert.That(Start(state).LastIndex, Is.EqualTo(5), "a lower index cuts what came before from there on");
    }

    [Test]
    public void Applied_stays_within_what_is_committed_and_never_goes_back()
    {
        var node = Lead();
        Assert.That(() => node.OnApplied(2), Throws.TypeOf<ConsensusInvariantException>());
        node.OnApplied(1);
        Assert.That(() => node.OnApplied(0), Throws.TypeOf<ConsensusInvariantException>());
        Assert.That(() => node.OnCompacted(2), Throws.TypeOf<ConsensusInvariantException>());
        Assert.That(() => node.OfferSnapshot(2, 5, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_proposal_has_entries()
    {
        var node = Lead();
        Assert.That(() => node.Propose(0, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => node.Propose(1, -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(node.Propose(3, 9), Is.EqualTo(new ProposalResult(Refusal.None, 2, 1)));
    }

    [Test]
    public void State_that_is_not_ahead_of_the_log_is_dropped()
    {
        var node = Start(new RestoredState(new LogBase(10, 2, Configuration.Of(1, 2, 3))) { HardState = new HardState(2, 0, 10) });
        Assert.That(node.OnSnapshotReceived(new LogBase(5, 1, Configuration.Of(1, 2, 3))), Is.False);
        Assert.That(node.OnSnapshotReceived(new LogBase(10, 2, Configuration.Of(1, 2, 3))), Is.False);
        Assert.That(node.OnSnapshotReceived(new LogBase(12, 2, Configuration.Of(1, 2))), Is.True);
        var effects = node.Drain();
        Assert.That((effects.Reset?.Index, effects.Commit, node.LastIndex), Is.EqualTo(((ulong?)12, 12UL, 12UL)));
        Assert.That(node.Configuration, Is.EqualTo(Configuration.Of(1, 2)));
    }

    [Test]
    public void Two_leaders_in_one_term_stop_the_node()
    {
        var node = Lead(1, 2, 3);
        var other = new Message { Type = MessageType.Heartbeat, ClusterId = 2, From = 3, To = 1, Term = node.Term };
        Assert.That(() => node.Step(other, []), Throws.TypeOf<ConsensusInvariantException>().With.Message.Contains("beside"));
    }

    [Test]
    public void A_steady_leader_allocates_nothing_for_a_round()
    {
        var node = Lead(1, 2, 3);
        var last = node.LastIndex;
        for (var round = 0; round < 200; round++)
        {
            last = Round(node, last);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 200; round++)
        {
            last = Round(node, last);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That((node.Commit, node.PendingReads), Is.EqualTo((last, 0)));
    }

    private static ulong Round(RaftNode node, ulong last)
    {
        node.Propose(10, 1000);
        node.ReadBarrier(last);
        last += 10;
        var position = 0UL;
        Complete(node, ref position);
        for (var member = 2UL; member <= 3; member++)
        {
            var answer = new Message { ClusterId = 2, From = member, To = 1, Term = node.Term };
            node.Step(answer with { Type = MessageType.AppendResponse, Index = last }, []);
            node.Step(answer with { Type = MessageType.HeartbeatResponse, ReadPosition = position }, []);
        }

        Complete(node);
        return last;
    }

    private static void Complete(RaftNode node)
    {
        var position = 0UL;
        Complete(node, ref position);
    }

    private static void Complete(RaftNode node, ref ulong position)
    {
        var effects = node.Drain();
        foreach (ref readonly var outgoing in effects.Messages)
        {
            position = Math.Max(position, outgoing.Message.ReadPosition);
        }

        if (effects.Write > 0)
        {
            node.OnDurable(effects.Write);
        }
    }

    private static RaftNode Lead(params ulong[] voters)
    {
        var node = Start(new RestoredState(new LogBase(0, 0, Configuration.Of(voters.Length == 0 ? [1] : voters))));
        node.Campaign();
        foreach (var voter in voters.Where(voter => voter != 1))
        {
            node.Step(new Message { Type = MessageType.PreVoteResponse, ClusterId = 2, From = voter, To = 1, Term = 1 }, []);
        }

        Complete(node);
        foreach (var voter in voters.Where(voter => voter != 1))
        {
            node.Step(new Message { Type = MessageType.VoteResponse, ClusterId = 2, From = voter, To = 1, Term = 1 }, []);
        }

        Complete(node);
        Complete(node);
        Assert.That(node.Role, Is.EqualTo(Role.Leader));
        return node;
    }

    private static RaftNode Start(RaftOptions options) =>
        new(options, new RestoredState(new LogBase(0, 0, Configuration.Of(1))), new SizelessLog());

    private static RaftNode Start(RestoredState state) =>
        new(new RaftOptions { Id = 1, ClusterId = 2, Seed = 3 }, state, new SizelessLog());

    /// <summary>A log in which every entry takes one byte.</summary>
    private sealed class SizelessLog : IEntryLog
    {
        public void OnEntryMade(in EntryHeader entry)
        {
        }

        public ulong LastIndexWithin(ulong first, ulong last, long maxBytes, out long bytes)
        {
            last = Math.Min(last, first + (ulong)maxBytes - 1);
            bytes = (long)(last - first + 1);
            return last;
        }
    }
}
