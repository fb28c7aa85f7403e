using System.Text;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>A follower lacks entries that the leader no longer has, and gets the state itself.</summary>
public class SnapshotTests
{
    private const int ValueBytes = 20_000;
    private const int Keys = 24;

    [Test]
    public void A_follower_that_was_away_too_long_gets_the_state_and_then_entries()
    {
        ReplicaGroup group = WithOneBehind();
        Task<ApplyResult> lease = group[1].Grant(5, 60);
        Task<ApplyResult> held = group[1].Put("leased", "1", lease: 5);
        group.Settle();
        Assert.That(lease.IsCompletedSuccessfully && held.IsCompletedSuccessfully);
        Return(group);
        group.Tick(5);

        Assert.That(group[3].Replica.TakeOvers, Is.EqualTo(1));
        group.AssertSame();
        Assert.That(group[3].Store.Leases.Keys(5).Select(Encoding.UTF8.GetString), Is.EqualTo(new[] { "leased" }));
        Task<ApplyResult> put = group[3].Put("after", "1");
        group.Settle();
        Assert.That(put.IsCompletedSuccessfully);
        Assert.That(group[3].Get("key3"), Has.Length.EqualTo(ValueBytes));
        group.AssertSame();
    }

    [Test]
    public void Watchers_there_see_each_event_once()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        using WatchStream stream = group[3].Watches.OpenStream(static () => { });
        stream.Create(new WatchCreateRequest { Key = "key"u8.ToArray(), RangeEnd = "kez"u8.ToArray() });
        Write(group, "key", 3, 100);
        FallBehind(group);
        Return(group);
        group.Tick(5);
        Assert.That(group[3].Replica.TakeOvers, Is.EqualTo(1));
        Write(group, "key", 3, 100);
        Assert.That(RevisionsSeenBy(stream), Is.EqualTo(Enumerable.Range(2, 3 + Keys + 3)));
    }

    [Test]
    public void A_watcher_that_stands_before_the_compaction_of_the_new_state_ends_as_compacted()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        using WatchStream stream = group[3].Watches.OpenStream(static () => { });
        stream.Create(new WatchCreateRequest { Key = "key"u8.ToArray(), RangeEnd = "kez"u8.ToArray() });
        FallBehind(group);
        Task<ApplyResult> compacted = group[1].Compact(10);
        group.Settle();
        Assert.That(compacted.IsCompletedSuccessfully);
        Return(group);
        group.Tick(5);
        WatchBatch batch = new();
        Assert.That(stream.TryTake(batch) && stream.TryTake(batch) && batch.Canceled, "created, then canceled");
        Assert.That(batch.CompactRevision, Is.EqualTo(10));
        group.AssertSame();
    }

    // Found by simulation (seed 30940): it was ended as compacted, since what it had been offered and did not want did not count.
    [Test]
    public void A_watcher_that_wanted_nothing_for_long_stands_where_it_was_offered_something_last()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        using WatchStream stream = group[3].Watches.OpenStream(static () => { });
        stream.Create(new WatchCreateRequest { Key = "other0"u8.ToArray() });
        Write(group, "key", 12, 100);
        FallBehind(group);
        _ = group[1].Compact(10);
        group.Settle();
        Return(group);
        group.Tick(5);
        Assert.That(group[3].Replica.TakeOvers, Is.EqualTo(1));
        Write(group, "other", 1, 100);
        Assert.That(RevisionsSeenBy(stream), Is.EqualTo(new[] { group[3].Store.CurrentRevision }));
    }

    [Test]
    public void A_connection_that_breaks_in_the_middle_goes_on_where_it_was()
    {
        ReplicaGroup group = WithOneBehind();
        Return(group);
        ReceiveParts(group, 4);
        group.Network.CutBoth(1, 3);
        TickAll(group, 3);
        group.Network.Heal();
        group.Tick(20);
        Assert.That(group[3].Replica.TakeOvers, Is.EqualTo(1));
        Assert.That(Parts(group), Is.EqualTo(Enumerable.Range(0, Parts(group).Count)), "none was asked for twice");
        group.AssertSame();
    }

    [Test]
    public void Who_has_no_patience_left_begins_again()
    {
        ReplicaGroup group = WithOneBehind();
        Return(group);
        ReceiveParts(group, 4);
        group.Network.CutBoth(1, 3);
        group.Network.CutBoth(2, 3);
        TickAll(group, 150);
        Assert.That(group[3].Receiving.IsCompleted);
        Assert.That(group[3].Replica.IsReceiving, Is.False);
        group.Network.Heal();
        group.Tick(40);
        Assert.That(group[3].Replica.TakeOvers, Is.EqualTo(1));
        group.AssertSame();
    }

    [Test]
    public void A_leader_that_goes_in_the_middle_is_replaced_by_its_successor([Values] bool isUp)
    {
        ReplicaGroup group = WithOneBehind();
        group[2].ForgetEntries();
        Return(group);
        ReceiveParts(group, 4);
        if (isUp)
        {
            group.Elect(2);
        }
        else
        {
            group[1].Crash(new Random(1));
            group.Tick(60);
            Assert.That(group[2].Replica.Status.Leader, Is.EqualTo(2));
            group[1].Start();
        }

        Write(group, "later", 3, 100, leader: 2);
        group.Tick(150);
        Assert.That(group[3].Replica.TakeOvers, Is.EqualTo(1));
        Assert.That(group[3].Get("later0"), Is.Not.Null);
        group.AssertSame();
    }

    [Test]
    public void Writes_and_compaction_go_on_meanwhile()
    {
        ReplicaGroup group = WithOneBehind();
        Return(group);
        ReceiveParts(group, 3);
        Write(group, "key", 12, 300);
        Task<ApplyResult> compacted = group[1].Compact(group[1].Store.CurrentRevision - 5);
        group.Tick(1);
        Assert.That(compacted.IsCompletedSuccessfully);
        while (group[1].Store.CompactStep(100))
        {
        }

        group.Tick(5);
        Assert.That(group[3].Replica.TakeOvers, Is.EqualTo(1));
        group.AssertSame();
    }

    [Test]
    public void The_old_state_is_served_until_the_new_one_takes_its_place()
    {
        ReplicaGroup group = WithOneBehind();
        Return(group);
        ReceiveParts(group, 4);
        Assert.That(group[3].Replica.IsReceiving);
        Assert.That(group[3].Get("first0"), Is.EqualTo("x"));
        Assert.That(group[3].Get("key0"), Is.Null);
        Task checkpoint = group[3].WriteCheckpoint();
        Task<ApplyResult> read = group[3].Barrier();
        group[3].Run();
        Assert.That(checkpoint.IsCompletedSuccessfully);
        Assert.That(group[3].Checkpoints, Is.Zero, "its replay would miss the first parts");
        Assert.That(read.IsCompleted, Is.False);
        group.Tick(5);
        Assert.That(read.IsCompletedSuccessfully);
        checkpoint = group[3].WriteCheckpoint();
        group[3].Run();
        Assert.That(group[3].Checkpoints, Is.EqualTo(1));
        group[3].Crash(new Random(3));
        group[3].Start();
        group.Tick(5);
        Assert.That(group[3].Get("key0"), Has.Length.EqualTo(ValueBytes));
        group.AssertSame();
    }

    [Test]
    public void A_power_cut_at_any_operation_of_the_follower_loses_nothing([Range(1, 45)] int crashAt)
    {
        ReplicaGroup group = WithOneBehind();
        Return(group);
        GroupMember third = group[3];
        third.Disk.CrashAt = third.Disk.Operations + crashAt;
        try
        {
            group.Tick(5);
        }
        catch (Exception lost) when (lost is SimulatedCrashException || lost.InnerException is SimulatedCrashException)
        {
            TestContext.Out.WriteLine("the power went out");
        }

        third.Crash(new Random(crashAt));
        third.Start();
        group.Tick(150);
        group.AssertSame();
        Assert.That(third.Get("key0"), Has.Length.EqualTo(ValueBytes));

        third.Crash(new Random(crashAt));
        third.Start();
        group.Tick(20);
        group.AssertSame();
    }

    [Test]
    public void A_full_disk_keeps_the_old_state_until_there_is_room()
    {
        ReplicaGroup group = WithOneBehind();
        GroupMember third = group[3];
        third.Disk.CapacityBytes = third.Disk.Files.Sum(file => (long)third.Disk.ContentOf(file).Length) + 1024;
        Return(group);
        group.Tick(20);
        Assert.That(third.Replica.TakeOvers, Is.Zero);
        Assert.That(third.Get("first0"), Is.EqualTo("x"));
        third.Disk.CapacityBytes = long.MaxValue;
        group.Tick(150);
        Assert.That(third.Replica.TakeOvers, Is.EqualTo(1));
        group.AssertSame();
    }

    [Test]
    public void A_member_that_starts_from_nothing_gets_the_state()
    {
        ReplicaGroup group = new(4);
        GroupMember last = group[4];
        last.Crash(new Random(1));
        group.Elect(1);
        Write(group, "key", Keys, ValueBytes);
        group[1].ForgetEntries();
        group.Settle();
        last.Start();
        group.Tick(10);
        Assert.That(last.Replica.TakeOvers, Is.EqualTo(1));
        group.AssertSame();
    }

    private static ReplicaGroup WithOneBehind()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Write(group, "first", 2, 1);
        FallBehind(group);
        return group;
    }

    private static void FallBehind(ReplicaGroup group)
    {
        group.Network.CutBoth(1, 3);
        group.Network.CutBoth(2, 3);
        Write(group, "key", Keys, ValueBytes);
        group[1].ForgetEntries();
        group.Settle();
    }

    private static void Return(ReplicaGroup group)
    {
        group.Network.Heal();
        group.Network.Drop(3);
        group[1].Replica.Unreachable(3);
    }

    private static void Write(ReplicaGroup group, string prefix, int count, int bytes, ulong leader = 1)
    {
        List<Task<ApplyResult>> puts = [];
        for (int i = 0; i < count; i++)
        {
            puts.Add(group[leader].Put($"{prefix}{i}", new string('x', bytes)));
            group[leader].Run();
        }

        group.Settle();
        Assert.That(puts.Select(put => put.IsCompletedSuccessfully), Is.All.True);
    }

    // Step by step: a settled group would have received all.
    private static void ReceiveParts(ReplicaGroup group, int parts)
    {
        for (int step = 0; Parts(group).Count < parts; step++)
        {
            Assert.That(step, Is.LessThan(400), "parts are asked for");
            bool tick = step % 10 == 0;
            foreach (GroupMember member in group.All)
            {
                member.Run(tick);
            }

            group.Network.AnswerQuestions(group);
        }
    }

    private static void TickAll(ReplicaGroup group, int ticks) => group.Tick(ticks);

    private static List<int> Parts(ReplicaGroup group) =>
    [
        .. group.Network.Answered.Select(answered => SnapshotQuestion.Decode(answered.Question))
            .Where(question => question.Kind == PeerQuestionKind.SnapshotPart).Select(question => (int)question.Number),
    ];

    private static List<int> RevisionsSeenBy(WatchStream stream)
    {
        List<int> revisions = [];
        WatchBatch batch = new();
        while (stream.TryTake(batch))
        {
            revisions.AddRange(batch.Events.Select(e => (int)e.Change.ModRevision));
        }

        return revisions;
    }
}
