using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Group;

public class ReplicationTests
{
    [Test]
    public void A_group_elects_one_leader_by_itself()
    {
        ReplicaGroup group = new(3);
        group.Tick(40);
        ulong leader = group[1].Replica.Status.Leader;
        Assert.That(leader, Is.Not.Zero);
        Assert.That(group.All.Select(member => member.Replica.Status.Leader), Is.All.EqualTo(leader));
        group.AssertSame();
    }

    [Test]
    public void A_leaders_write_reaches_all()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Task<ApplyResult> put = group[1].Put("a", "1");
        group.Settle();
        Assert.That(put.IsCompletedSuccessfully);
        Assert.That(group.All.Select(member => member.Get("a")), Is.All.EqualTo("1"));
        group.AssertSame();
    }

    [Test]
    public void Nothing_is_answered_or_visible_before_a_quorum_has_it()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        group.Network.Cut(2, 1);
        group.Network.Cut(3, 1);
        Task<ApplyResult> put = group[1].Put("a", "1");
        group.Settle();
        Assert.That(put.IsCompleted, Is.False);
        Assert.That(group[1].Get("a"), Is.Null);
    }

    [Test]
    public void A_followers_write_is_answered_when_it_is_applied_there()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Task<ApplyResult> put = group[2].Put("a", "1");
        group[2].Run();
        group[1].Run();
        group[3].Run();
        group[1].Run();
        Assert.That(group[1].Get("a"), Is.EqualTo("1"), "with member 3 there is a quorum");
        Assert.That(put.IsCompleted, Is.False, "member 2 has not applied it");
        group.Settle();
        Assert.That(put.IsCompletedSuccessfully);
        Assert.That(put.Result.Revision, Is.EqualTo(group[2].Store.CurrentRevision));
        Assert.That(group[2].Get("a"), Is.EqualTo("1"));
    }

    [Test]
    public void The_place_of_a_forwarded_write_is_told_before_its_entry()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        group.Network.Sent.Clear();
        _ = group[2].Put("a", "1");
        group.Settle();
        List<byte[]> told = [.. group.Network.Sent.Where(sent => sent is { From: 1, To: 2 }).Select(sent => sent.Frame)];
        int accepted = told.FindIndex(frame => PeerFrameReader.KindOf(frame) == PeerFrameKind.Accepted);
        int append = told.FindIndex(frame => PeerFrameReader.KindOf(frame) == PeerFrameKind.Raft
            && PeerFrameReader.ReadRaft(frame) is { EntryCount: > 0, Message.Type: MessageType.Append });
        Assert.That(accepted, Is.Not.Negative);
        Assert.That(append, Is.GreaterThan(accepted));
    }

    [Test]
    public void Many_writes_of_all_members_end_alike_everywhere()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        List<Task<ApplyResult>> puts = [];
        for (int i = 0; i < 300; i++)
        {
            puts.Add(group[(ulong)(i % 3) + 1].Put($"key{i % 17}", $"value {i}"));
            if (i % 10 == 0)
            {
                group[(ulong)(i % 3) + 1].Run();
            }
        }

        group.Settle();
        Assert.That(puts.Select(put => put.IsCompletedSuccessfully), Is.All.True);
        Assert.That(puts.Select(put => put.Result.Revision), Is.Unique);
        group.AssertSame();
    }

    [Test]
    public void A_follower_that_was_away_gets_the_entries_from_the_log()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        group.Network.CutBoth(1, 3);
        group.Network.CutBoth(2, 3);
        for (int i = 0; i < 50; i++)
        {
            _ = group[1].Put($"key{i}", new string('x', 500 + i));
            group.Settle();
        }

        group.Network.Heal();
        group.Tick(25);
        Assert.That(group[3].Get("key49"), Is.EqualTo(new string('x', 549)));
        group.AssertSame();
    }

    [Test]
    public void A_watch_on_a_follower_sees_what_it_applies()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        using WatchStream stream = group[3].Watches.OpenStream(static () => { });
        stream.Create(new WatchCreateRequest { Key = "a"u8.ToArray() });
        _ = group[1].Put("a", "1");
        _ = group[2].Put("b", "1");
        _ = group[2].Put("a", "2");
        group.Settle();
        group[3].Watches.Dispatch();
        List<long> versions = [];
        WatchBatch batch = new();
        while (stream.TryTake(batch))
        {
            foreach (EncodedEvent change in batch.Events)
            {
                versions.Add(change.Change.Version);
            }
        }

        Assert.That(versions, Is.EqualTo(new long[] { 1, 2 }));
    }
}
