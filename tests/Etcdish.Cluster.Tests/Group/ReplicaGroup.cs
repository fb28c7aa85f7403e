using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>Replicas of one group on one thread: nothing moves but by a call, so a test says exactly what happened before what.</summary>
internal sealed class ReplicaGroup
{
    private const ulong ClusterId = 0xC1;
    private const int MaxRounds = 400;
    private const int ElectionTicks = 10;

    private readonly List<GroupMember> _all = [];

    public ReplicaGroup(int members)
    {
        // With the runner's own, what awaits an answer goes on on another thread, at any time.
        SynchronizationContext.SetSynchronizationContext(null);
        Members = [.. Enumerable.Range(1, members).Select(id => new ClusterMember((ulong)id, $"m{id}", [$"http://m{id}:2380"], []))];
        _all = [.. Members.Select(member => new GroupMember(this, member.Id))];
    }

    public GroupNetwork Network { get; } = new();

    public ManualClock Clock { get; } = new();

    public IReadOnlyList<ClusterMember> Members { get; }

    public IReadOnlyList<GroupMember> All => _all;

    public GroupMember this[ulong id] => All[(int)id - 1];

    /// <summary>A group of three with member 1 as its leader.</summary>
    public static ReplicaGroup OfThree()
    {
        ReplicaGroup group = new(3);
        group.Elect(1);
        return group;
    }

    /// <summary>Starts a member that was announced and has nothing yet; its id is the next.</summary>
    public GroupMember Join()
    {
        GroupMember joined = new(this, (ulong)_all.Count + 1);
        _all.Add(joined);
        return joined;
    }

    public NodeOptions OptionsOf(ulong id, SimulatedDisk disk, bool forcesNewGroup = false) => new()
    {
        JoinsExistingGroup = id > (ulong)Members.Count,
        ForcesNewGroup = forcesNewGroup,
        DataDirectory = "/data",
        MemberId = id,
        ClusterId = ClusterId,
        InitialMembers = Members,
        Log = new LogOptions { Disk = disk, SegmentBytes = 256 << 10, PrepareInBackground = false, Salt = 7 },
        Clock = Clock,
        OnNotice = notice => TestContext.Out.WriteLine($"member {id}: {notice.Message}"),
    };

    public static ReplicaOptions ReplicaOptionsOf(ulong id) => new()
    {
        Raft = new RaftOptions
        {
            Id = id,
            ClusterId = ClusterId,
            Seed = id,
            ElectionTicks = ElectionTicks,
            MaxUncommittedBytes = long.MaxValue,
        },
        RequestTimeoutTicks = 70,
        LeaseExtension = TimeSpan.FromSeconds(1),
    };

    /// <summary>Delivers until nobody has anything left to say.</summary>
    public void Settle()
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            bool any = false;
            foreach (GroupMember member in All)
            {
                any |= member.Run();
            }

            any |= Network.AnswerQuestions(this);

            if (!any)
            {
                return;
            }
        }

        Assert.Fail("the group does not come to rest");
    }

    /// <summary>Time passes for all, and what it brings is delivered.</summary>
    public void Tick(int ticks = 1)
    {
        for (int i = 0; i < ticks; i++)
        {
            Clock.Advance(TimeSpan.FromMilliseconds(100));
            foreach (GroupMember member in All)
            {
                member.Run(tick: true);
            }

            Settle();
        }
    }

    /// <summary>
    /// Lets the old leader be forgotten, so that its lease does not count, and then time pass for one member only until it leads.
    /// </summary>
    public void Elect(ulong id)
    {
        for (int i = 0; i < ElectionTicks; i++)
        {
            foreach (GroupMember other in All.Where(member => member.Id != id && Follows(member)))
            {
                other.Run(tick: true);
            }
        }

        for (int i = 0; i < 40 && this[id].Replica.Status.Leader != id; i++)
        {
            this[id].Run(tick: true);
            Settle();
        }

        Assert.That(this[id].Replica.Status.Leader, Is.EqualTo(id), $"member {id} is elected");

        static bool Follows(GroupMember member) =>
            member.IsUp && member.Replica.Status.Leader is not 0 and var leader && leader != member.Id;
    }

    /// <summary>All members that are up hold the same, at the same place of the log.</summary>
    public void AssertSame()
    {
        GroupMember[] up = [.. All.Where(member => member.IsUp)];
        Assert.That(up.Select(member => member.Store.AppliedIndex).Distinct().Count(), Is.EqualTo(1), "applied indexes");
        Assert.That(up.Select(member => member.Store.Hash(out _)).Distinct().Count(), Is.EqualTo(1), "hashes");
    }
}
