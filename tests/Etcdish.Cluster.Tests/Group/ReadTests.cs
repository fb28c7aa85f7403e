using Etcdish.Cluster.Peers;
using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Group;

public class ReadTests
{
    [Test]
    public void A_followers_read_waits_for_what_the_leader_has_acknowledged()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Task<ApplyResult> put = group[1].Put("a", "1");
        group[1].Run();
        group[3].Run();
        group[1].Run();
        Assert.That(put.IsCompletedSuccessfully);
        Assert.That(group[2].Get("a"), Is.Null, "member 2 has not heard of it");

        Task<ApplyResult> read = group[2].Barrier();
        group[2].Run();
        Assert.That(read.IsCompleted, Is.False);
        group.Settle();
        Assert.That(read.IsCompletedSuccessfully);
        Assert.That(group[2].Get("a"), Is.EqualTo("1"));
    }

    [Test]
    public void A_leader_without_a_quorum_answers_no_read()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        group.Network.CutBoth(1, 2);
        group.Network.CutBoth(1, 3);
        Task<ApplyResult> read = group[1].Barrier();
        group.Tick(5);
        Assert.That(read.IsCompleted, Is.False);
        group.Tick(80);
        Assert.That(read.Exception?.InnerException, Is.TypeOf<EtcdException>());
    }

    [Test]
    public void Questions_asked_again_and_reads_given_up_are_counted()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        group.Network.Cut(2, 1);
        group.Network.Cut(2, 3);
        Task<ApplyResult> read = group[2].Barrier();
        group.Tick(5);
        Assert.That(group[2].Metrics.SlowReadIndexes, Is.Zero, "the answer is not overdue");
        group.Tick(75);
        Assert.That(read.Exception?.InnerException, Is.TypeOf<EtcdException>());
        Assert.That(group[2].Metrics.SlowReadIndexes, Is.Positive);
        Assert.That(group[2].Metrics.FailedReads, Is.EqualTo(1));
        Assert.That(group[1].Metrics.FailedReads, Is.Zero);
    }

    [Test]
    public void A_read_survives_a_change_of_the_leader()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        group.Network.CutBoth(1, 2);
        group.Network.CutBoth(1, 3);
        Task<ApplyResult> read = group[2].Barrier();
        group[2].Run();
        group.Tick(40);
        Assert.That(group[2].Replica.Status.Leader, Is.EqualTo(2).Or.EqualTo(3));
        Assert.That(read.IsCompletedSuccessfully);
    }

    [Test]
    public void Reads_that_arrive_together_share_a_round()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        List<Task<ApplyResult>> reads = [.. Enumerable.Range(0, 20).Select(_ => group[2].Barrier())];
        group.Network.Sent.Clear();
        group.Settle();
        Assert.That(reads.Select(read => read.IsCompletedSuccessfully), Is.All.True);
        int asked = group.Network.Sent.Count(sent => PeerFrameReader.KindOf(sent.Frame) == PeerFrameKind.ReadIndex);
        Assert.That(asked, Is.EqualTo(1));
    }
}
