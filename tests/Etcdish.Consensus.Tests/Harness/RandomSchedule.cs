using Etcdish.Consensus.Tests.Scripting;

namespace Etcdish.Consensus.Tests.Harness;

/// <summary>What happened over many schedules, so that a test can tell whether it tested anything.</summary>
internal sealed class ScheduleCoverage
{
    internal long Commits { get; set; }

    internal long Reads { get; set; }

    internal long Elections { get; set; }

    internal long Snapshots { get; set; }

    internal long Quarantines { get; set; }

    internal long Configurations { get; set; }

    internal long JointConfigurations { get; set; }

    internal long Calmed { get; set; }
}

/// <summary>
/// One cluster under one seed: messages lost, repeated and reordered, slow disks, crashes that take what was not synced, disks that lose
/// what was (and know it), partitions, snapshots, transfers and changes of membership. Then everything heals, and the cluster must work.
/// </summary>
internal sealed class RandomSchedule
{
    private const ulong MaxMembers = 8;

    private readonly SeededRandom _random;
    private readonly TestCluster _cluster;
    private readonly ScheduleCoverage _coverage;
    private readonly bool _losesEntries;
    private ulong _lastToken;
    private int _lastPayload;

    internal RandomSchedule(ulong seed, ScriptTrace trace, ScheduleCoverage coverage)
    {
        _random = new SeededRandom(seed);
        _cluster = new TestCluster(trace);
        _coverage = coverage;
        _losesEntries = _random.Below(2) == 0;
        var voters = Enumerable.Range(1, 3 + _random.Below(3)).Select(id => (ulong)id).ToArray();
        foreach (var voter in voters)
        {
            Create(voter, Configuration.Of(voters));
        }
    }

    internal void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Step();
        }

        Calm();
        _coverage.Commits += _cluster.Safety.Committed.Count;
        _coverage.Reads += _cluster.Safety.ReadsConfirmed;
        _coverage.Elections += _cluster.Safety.Elections;
        _coverage.Configurations += _cluster.Safety.Committed.Count(entry => entry.Header.Type == EntryType.Configuration);
        _coverage.JointConfigurations += _cluster.Safety.Committed.Count(entry => entry.Header.Configuration is { IsJoint: true });
    }

    /// <summary>Every member as it is now, a line each.</summary>
    internal string Describe() => string.Join('\n', _cluster.Nodes.Where(node => node.IsRunning).Select(node =>
        $"{node.Id} {node.Raft.Role} term {node.Raft.Term} last {node.Raft.LastIndex} commit {node.Raft.Commit}"
        + $"{(node.Raft.IsQuarantined ? " quarantined" : "")}, counts by {node.Raft.Configuration}, "
        + $"committed {node.Raft.CommittedConfiguration}"));

    private void Create(ulong id, Configuration configuration)
    {
        var options = new RaftOptions
        {
            Id = id,
            ClusterId = TestCluster.ClusterId,
            Seed = _random.Next(),
            ElectionTicks = 4,
            MaxAppendBytes = 3,
            MaxInflightBytes = 8,
            MaxInflightAppends = 4,
            MaxUncommittedBytes = 20,
            MaxPendingReads = 4,
            PromotionLag = 3,
        };
        _cluster.Add(options, configuration).DiskIsPrompt = false;
    }

    private void Step()
    {
        var action = _random.Below(1000);
        if (action < 650)
        {
            StepNetworkAndTime(action);
        }
        else if (action < 800)
        {
            With(Running(), node => node.Sync(), node => node.Disk.PendingWrites > 0);
            With(Running(), node => node.ReceiveSnapshot());
        }
        else if (action < 950)
        {
            StepClientsAndCrashes(action);
        }
        else
        {
            StepOperators(action);
        }
    }

    private void StepNetworkAndTime(int action)
    {
        if (action < 560)
        {
            Deliver();
        }
        else if (action < 575 && _cluster.Network.Count > 0)
        {
            _cluster.Network.RemoveAt(_random.Below(_cluster.Network.Count));
        }
        else
        {
            With(Running(), node => node.Raft.Tick());
        }
    }

    private void StepClientsAndCrashes(int action)
    {
        if (action < 880)
        {
            With(Leader(), Propose);
        }
        else if (action < 915)
        {
            With(Leader(), Read);
        }
        else if (action < 921)
        {
            Running()?.Crash();
        }
        else if (action < 945)
        {
            Restart();
        }
        else
        {
            Partition();
        }
    }

    private void StepOperators(int action)
    {
        if (action < 957)
        {
            With(Leader(), leader => leader.Raft.TransferLeadership(AnyMember()));
        }
        else if (action < 980)
        {
            With(Leader(), Change);
        }
        else if (action < 987)
        {
            With(Running(), node => node.Compact(Math.Min(node.Raft.Applied, node.Raft.DurableIndex)));
        }
        else if (action < 997)
        {
            With(Leader(), leader => Snapshots(leader, mayFail: true));
        }
        else if (_losesEntries && Running() is { } node)
        {
            LoseEntries(node);
        }
    }

    private static void With(TestNode? node, Action<TestNode> action, Predicate<TestNode>? condition = null)
    {
        if (node is not null && condition?.Invoke(node) != false)
        {
            action(node);
            node.Finish();
        }
    }

    private void Propose(TestNode leader) =>
        leader.Propose([.. Enumerable.Range(0, 1 + _random.Below(3)).Select(_ => $"p{++_lastPayload}")], 1 + _random.Below(2));

    private void Deliver()
    {
        if (_cluster.Network.Count == 0)
        {
            return;
        }

        // Mostly the oldest, as a connection would; sometimes any.
        var packet = _cluster.Network[_random.Below(4) == 0 ? _random.Below(_cluster.Network.Count) : 0];
        if (_random.Below(20) == 0 && _cluster.CanReach(packet.Message))
        {
            _cluster.Hand(packet);
        }
        else
        {
            _cluster.Deliver(packet);
        }
    }

    private void Read(TestNode leader)
    {
        var token = ++_lastToken;
        _cluster.Safety.OnReadBegun(token);
        leader.Raft.ReadBarrier(token);
    }

    private void Restart()
    {
        var down = _cluster.Nodes.Where(node => !node.IsRunning).ToArray();
        if (down.Length > 0)
        {
            down[_random.Below(down.Length)].Start();
        }
    }

    private void Partition()
    {
        _cluster.Sides.Clear();
        if (_random.Below(2) == 0)
        {
            foreach (var node in _cluster.Nodes)
            {
                _cluster.Sides[node.Id] = _random.Below(2);
            }
        }
    }

    private void Change(TestNode leader)
    {
        var changes = new List<MemberChange>();
        for (var i = 0; i <= _random.Below(3); i++)
        {
            var kind = (MemberChangeKind)(1 + _random.Below(5));
            var isNew = kind is MemberChangeKind.AddLearner or MemberChangeKind.AddVoter;
            var next = (ulong)_cluster.Nodes.Count + 1;
            if (isNew && next > MaxMembers)
            {
                continue;
            }

            if (isNew)
            {
                Create(next, Configuration.Empty);
            }

            changes.Add(new MemberChange(kind, isNew ? next : AnyMember()));
        }

        leader.Raft.ProposeConfiguration(changes.ToArray());
    }

    private void Snapshots(TestNode leader, bool mayFail)
    {
        foreach (var member in leader.SnapshotsWanted.ToArray())
        {
            leader.SendSnapshot(member);
            leader.Finish();
            leader.Raft.ReportSnapshot(member, installed: !mayFail || _random.Below(3) > 0);
            leader.Finish();
            _coverage.Snapshots++;
        }
    }

    private void LoseEntries(TestNode node)
    {
        node.Crash();
        var count = node.Disk.Entries.Count;
        if (count > 0)
        {
            node.Disk.Lose(node.Disk.Base.Index + 1 + (ulong)_random.Below(count), noticed: true);
            _coverage.Quarantines++;
        }
    }

    /// <summary>
    /// Everything heals, and soon there is a leader that commits. Only quarantined members can stand in the way, when without them nobody
    /// wins: the entries that they lost may have been committed.
    /// </summary>
    private void Calm()
    {
        _cluster.Sides.Clear();
        foreach (var node in _cluster.Nodes)
        {
            if (!node.IsRunning)
            {
                node.Start();
            }

            node.DiskIsPrompt = true;
            node.ReceiveSnapshot();
            node.Finish();
        }

        var before = _cluster.Safety.Committed.Count;
        for (var round = 0; round < 120 && !HasSettled(before); round++)
        {
            Round();
        }

        var isStuck = _cluster.Nodes.Any(node => node.Raft.IsQuarantined) && _cluster.Nodes.All(node => node.Raft.Role != Role.Leader);
        Assert.That(isStuck || HasSettled(before), Is.True, "a healed cluster elects a leader, commits, and fills every log");
        _coverage.Calmed += isStuck ? 0 : 1;
    }

    private void Round()
    {
        foreach (var node in _cluster.Nodes)
        {
            node.Raft.Tick();
            node.Finish();
            if (node.Raft.Role == Role.Leader)
            {
                node.Propose([$"p{++_lastPayload}"]);
                node.Finish();
                Snapshots(node, mayFail: false);
            }
        }

        for (var hop = 0; hop < 6; hop++)
        {
            foreach (var packet in _cluster.Network.ToArray())
            {
                _cluster.Deliver(packet);
            }
        }
    }

    private bool HasSettled(int before) =>
        _cluster.Safety.Committed.Count > before + 3
        && _cluster.Nodes.Any(node => node.Raft.Role == Role.Leader
            && node.Raft.Followers().All(follower => follower.Match + 3 > node.Raft.LastIndex && !follower.IsQuarantined));

    private TestNode? Running()
    {
        var running = _cluster.Nodes.Where(node => node.IsRunning).ToArray();
        return running.Length == 0 ? null : running[_random.Below(running.Length)];
    }

    private TestNode? Leader()
    {
        var leaders = _cluster.Nodes.Where(node => node.IsRunning && node.Raft.Role == Role.Leader).ToArray();
        return leaders.Length == 0 ? null : leaders[_random.Below(leaders.Length)];
    }

    private ulong AnyMember() => 1 + (ulong)_random.Below(_cluster.Nodes.Count);
}
