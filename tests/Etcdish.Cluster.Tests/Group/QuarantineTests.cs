using Etcdish.Log;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>A member finds its log damaged: in a group it gives it up and is filled again, alone it refuses.</summary>
public class QuarantineTests
{
    private const string FirstSegment = "/data/0000000000000001.seg";
    private const int InsideFirstEntry = 200;
    private const int Keys = 12;

    [Test]
    public void The_group_fills_the_log_again_from_its_entries()
    {
        ReplicaGroup group = WithDamagedLog();
        GroupMember third = group[3];
        ulong term = MemberFile.TryOpen(third.Disk, "/data")!.Current.Term;
        third.Start();
        Assert.That(third.Replica.Status.IsQuarantined);
        Assert.That(third.Replica.Status.Term, Is.EqualTo(term), "term and vote are kept");
        Assert.That(third.Store.AppliedIndex, Is.Zero);
        Assert.That(third.Disk.Files, Does.Contain("/data/damaged-0000000000000001.seg"));
        group.Tick(5);
        AssertWhole(group, takeOvers: 0);
    }

    [Test]
    public void The_group_sends_the_state_when_it_has_not_the_entries_any_more()
    {
        ReplicaGroup group = WithDamagedLog();
        group[1].ForgetEntries();
        group[3].Start();
        group.Tick(10);
        AssertWhole(group, takeOvers: 1);
    }

    [Test]
    public void Meanwhile_it_neither_votes_nor_campaigns_nor_counts()
    {
        ReplicaGroup group = WithDamagedLog();
        group[1].Crash(new Random(1));
        group[3].Start();
        group.Tick(60);
        Assert.That(group[2].Replica.Status.Leader, Is.Zero, "one of three is no majority");
        Assert.That(group[3].Replica.Status.Leader, Is.Zero);
        group[1].Start();
        group.Tick(60);
        AssertWhole(group, takeOvers: 0);
    }

    [Test]
    public void A_write_is_not_acknowledged_on_its_word_before_it_is_whole()
    {
        ReplicaGroup group = WithDamagedLog();
        group.Network.CutBoth(1, 2);
        group[3].Start();
        Task<ApplyResult> put = group[1].Put("new", "1");
        for (int i = 0; i < 100 && group[3].Replica.Status.IsQuarantined; i++)
        {
            Assert.That(put.IsCompleted, Is.False);
            foreach (GroupMember member in group.All)
            {
                member.Run(tick: i % 5 == 0);
            }
        }

        Assert.That(group[3].Replica.Status.IsQuarantined, Is.False);
        group.Tick(5);
        Assert.That(put.IsCompletedSuccessfully, "with the member that is whole again there is a majority");
    }

    [Test]
    public void A_power_cut_at_any_operation_of_giving_up_and_filling_again_repeats_it([Range(1, 60)] int crashAt)
    {
        ReplicaGroup group = WithDamagedLog();
        GroupMember third = group[3];
        third.Disk.CrashAt = third.Disk.Operations + crashAt;
        try
        {
            third.Start();
            group.Tick(5);
        }
        catch (Exception lost) when (lost is SimulatedCrashException || lost.InnerException is SimulatedCrashException)
        {
            TestContext.Out.WriteLine("the power went out");
        }

        third.Crash(new Random(crashAt));
        group[1].Replica.Unreachable(3);
        third.Start();
        group.Tick(20);
        AssertWhole(group, takeOvers: 0);
        third.Crash(new Random(crashAt));
        third.Start();
        Assert.That(third.Replica.Status.IsQuarantined, Is.False);
        group.Tick(5);
        group.AssertSame();
    }

    [Test]
    public void Damage_noted_by_a_running_member_has_the_next_start_give_up_a_log_that_reads_well()
    {
        ReplicaGroup group = WithDamagedLog(damage: false);
        using (MemberFile file = MemberFile.TryOpen(group[3].Disk, "/data")!)
        {
            DamagedValueException met = new("a value does not match its checksum", segment: 1, offset: 300);
            Assert.That(Quarantine.TryNote(file, new InvalidOperationException("the hub has failed", met)));
        }

        group[3].Start();
        Assert.That(group[3].Replica.Status.IsQuarantined);
        group.Tick(5);
        AssertWhole(group, takeOvers: 0);
    }

    [Test]
    public void A_member_that_decides_alone_refuses_to_start()
    {
        ReplicaGroup group = new(1);
        Write(group);
        group[1].Crash(new Random(1));
        Damage(group[1]);
        string[] files = [.. group[1].Disk.Files];
        Assert.That(() => group[1].Start(), Throws.InstanceOf<LogDamagedException>().With.Message.Contains(FirstSegment));
        group[1].Disk.ReleaseLocks();
        Assert.That(() => group[1].Start(), Throws.InstanceOf<LogDamagedException>());
        Assert.That(group[1].Disk.Files, Is.EqualTo(files), "nothing was touched");
    }

    [Test]
    public void Without_a_member_file_nobody_knows_the_vote_and_it_refuses()
    {
        ReplicaGroup group = WithDamagedLog();
        group[3].Disk.Delete("/data/member");
        Assert.That(() => group[3].Start(), Throws.InstanceOf<LogDamagedException>());
    }

    [Test]
    public void A_failed_disk_and_an_impossible_state_are_no_damage()
    {
        Assert.That(Quarantine.DamageIn(new LogFailedException("fdatasync", new IOException("EIO"))), Is.Null);
        Assert.That(Quarantine.DamageIn(new InvalidDataException("entry 7 follows entry 5")), Is.Null);
    }

    private static ReplicaGroup WithDamagedLog(bool damage = true)
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Write(group);
        group[3].Crash(new Random(1));
        group[1].Replica.Unreachable(3);
        if (damage)
        {
            Damage(group[3]);
        }

        return group;
    }

    private static void Write(ReplicaGroup group)
    {
        group[1].Run();
        for (int i = 0; i < Keys; i++)
        {
            group[1].Put($"key{i}", new string('x', 1000));
            group.Settle();
        }
    }

    private static void Damage(GroupMember member) => member.Disk.Damage(
        FirstSegment, InsideFirstEntry, (byte)(member.Disk.ContentOf(FirstSegment)[InsideFirstEntry] ^ 0x10));

    private static void AssertWhole(ReplicaGroup group, int takeOvers)
    {
        Assert.That(group[3].Replica.Status.IsQuarantined, Is.False);
        Assert.That(MemberFile.TryOpen(group[3].Disk, "/data")!.Current.Damage, Is.Null);
        Assert.That(group[3].Replica.TakeOvers, Is.EqualTo(takeOvers));
        Assert.That(group[3].Get("key0"), Is.Not.Null);
        group.AssertSame();
    }
}
