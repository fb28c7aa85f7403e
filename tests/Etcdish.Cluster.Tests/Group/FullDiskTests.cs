using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Group;

public class FullDiskTests
{
    private static readonly string _large = new('v', 50_000);

    [Test]
    public void A_leader_without_space_lets_another_lead_and_catches_up_later()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        TakeAllSpace(group[1]);
        Assert.That(group[1].Replica.Status.Leader, Is.EqualTo(1), "not at once: there may be space in a moment");
        group.Tick(12);
        Assert.That(group[1].Replica.Status.Leader, Is.Not.EqualTo(1));
        Task<ApplyResult> put = group[2].Put("after", "1");
        group.Tick(2);
        Assert.That(put.IsCompletedSuccessfully);

        group[1].Disk.CapacityBytes = long.MaxValue;
        group.Tick(25);
        Assert.That(group[1].Get("after"), Is.EqualTo("1"));
        group.AssertSame();
    }

    [Test]
    public void Where_nobody_has_space_leadership_comes_to_rest()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        foreach (GroupMember member in group.All)
            member.Disk.CapacityBytes = 0;
        TakeAllSpace(group[1]);
        for (int i = 0; i < 200; i++)
        {
            group[2].Put("more", _large);
            group.Tick();
        }

        List<ulong> leaders = [];
        for (int i = 0; i < 100; i++)
        {
            group[2].Put("more", _large);
            group.Tick();
            leaders.Add(group[2].Replica.Status.Leader);
        }

        Assert.That(leaders, Is.All.EqualTo(leaders[0]));
        Assert.That(leaders[0], Is.Not.Zero);
    }

    // The last segment may still hold some.
    private static void TakeAllSpace(GroupMember member)
    {
        member.Disk.CapacityBytes = 0;
        for (int i = 0; i < 20 && !member.Replica.IsDiskFull; i++)
        {
            member.Put($"large{i}", _large);
            member.Run();
        }

        Assert.That(member.Replica.IsDiskFull);
    }
}
