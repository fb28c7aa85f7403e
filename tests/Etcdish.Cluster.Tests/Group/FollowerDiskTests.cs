using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>
/// A follower whose disk is full owes the log what the core wants, and pays when there is room; the group goes on without it.
/// </summary>
public class FollowerDiskTests
{
    private static readonly string _big = new('x', 20_000);

    private static void Fill(GroupMember member) =>
        member.Disk.CapacityBytes = member.Disk.Files.Sum(file => (long)member.Disk.ContentOf(file).Length);

    // Until the follower's segments are used up: those set aside still take a batch or two.
    private static List<string> PutUntilOwing(ReplicaGroup group, GroupMember full)
    {
        List<string> keys = [];
        while (!full.Replica.IsDiskFull)
        {
            Assert.That(keys, Has.Count.LessThan(200), "the disk is never full");
            keys.Add($"key{keys.Count}");
            Task<ApplyResult> put = group[1].Put(keys[^1], _big);
            group.Settle();
            Assert.That(put.IsCompletedSuccessfully, "two of three have room");
        }

        return keys;
    }

    [Test]
    public void The_group_goes_on_and_the_follower_catches_up_when_there_is_room()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Fill(group[3]);
        List<string> keys = PutUntilOwing(group, group[3]);
        Assert.That(group[3].Get(keys[^1]), Is.Null, "what is not durable here is not applied");
        Assert.That(group[2].Get(keys[^1]), Is.EqualTo(_big));

        group[3].Disk.CapacityBytes = long.MaxValue;
        group.Tick(3);
        Assert.That(keys.Select(key => group[3].Get(key)), Is.All.EqualTo(_big));
        Assert.That(group[3].Replica.IsDiskFull, Is.False);
        group.AssertSame();
    }

    [Test]
    public void A_follower_that_owes_still_reads_and_refuses_writes()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Fill(group[3]);
        List<string> keys = PutUntilOwing(group, group[3]);
        Task<ApplyResult> write = group[3].Put("refused", "1");
        group.Settle();
        Assert.That((write.Exception?.InnerException as EtcdException)?.Error, Is.EqualTo(EtcdError.NoSpace));
        Assert.That(group[1].Get("refused"), Is.Null, "it went nowhere");
        Assert.That(group[3].Get(keys[0]), Is.EqualTo(_big));

        group[3].Disk.CapacityBytes = long.MaxValue;
        group.Tick(3);
        Task<ApplyResult> next = group[3].Put("taken", "1");
        group.Settle();
        Assert.That(next.IsCompletedSuccessfully);
    }

    [Test]
    public void It_gives_no_vote_that_it_cannot_write()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Fill(group[3]);
        List<string> keys = PutUntilOwing(group, group[3]);
        group[1].Crash(new Random(1));
        for (int i = 0; i < 60; i++)
        {
            group[2].Run(tick: true);
            group.Settle();
        }

        Assert.That(group[2].Replica.Status.Leader, Is.Zero, "its own vote and none of a full disk");
        group[3].Disk.CapacityBytes = long.MaxValue;
        group.Tick(60);
        ulong leader = group[2].Replica.Status.Leader;
        Assert.That(leader, Is.EqualTo(2).Or.EqualTo(3));
        Assert.That(keys.Select(key => group[leader].Get(key)), Is.All.EqualTo(_big));
    }

    [Test]
    public void A_power_cut_while_it_owes_loses_nothing_that_it_acknowledged([Range(1, 8)] int seed)
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Fill(group[3]);
        List<string> keys = PutUntilOwing(group, group[3]);
        int held = keys.Count(key => group[3].Get(key) is not null);
        Assert.That(held, Is.Positive);
        group[3].Crash(new Random(seed));
        group[3].Disk.CapacityBytes = long.MaxValue;
        group[3].Start();
        group.Tick(25);
        Assert.That(keys.Select(key => group[3].Get(key)), Is.All.EqualTo(_big));
        group.AssertSame();
    }

    [Test]
    public void A_cut_that_a_full_disk_holds_up_is_made_before_the_new_entries()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        group.Elect(3);
        group.Network.CutBoth(3, 1);
        group.Network.CutBoth(3, 2);
        Fill(group[3]);
        for (int i = 0; !group[3].Replica.IsDiskFull; i++)
        {
            Assert.That(i, Is.LessThan(200), "the disk is never full");
            _ = group[3].Put("void", _big);
            group[3].Run();
        }

        group.Elect(1);
        string[] keys = ["key1", "key2", "key3"];
        foreach (string key in keys)
        {
            _ = group[1].Put(key, _big);
        }

        group.Network.Heal();
        group.Tick(25);
        Assert.That(group[3].Replica.IsDiskFull, "the cut and what follows are owed");
        Assert.That(group[3].Get("key1"), Is.Null);

        group[3].Disk.CapacityBytes = long.MaxValue;
        group.Tick(3);
        Assert.That(keys.Select(key => group[3].Get(key)), Is.All.EqualTo(_big));
        Assert.That(group[3].Get("void"), Is.Null);
        group.AssertSame();

        group[3].Crash(new Random(1));
        group[3].Start();
        group.Tick(3);
        Assert.That(group[3].Get("void"), Is.Null);
        group.AssertSame();
    }
}
