using Etcdish.Cluster.Peers;
using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Group;

public class LeaderChangeTests
{
    private static EtcdError? ErrorOf(Task<ApplyResult> write) => (write.Exception?.InnerException as EtcdException)?.Error;

    private static void Isolate(ReplicaGroup group, ulong member)
    {
        foreach (GroupMember other in group.All)
        {
            if (other.Id != member)
            {
                group.Network.CutBoth(member, other.Id);
            }
        }
    }

    [Test]
    public void A_write_that_only_the_old_leader_has_is_lost_for_certain()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Isolate(group, 1);
        Task<ApplyResult> lost = group[1].Put("lost", "1");
        group.Settle();
        group.Elect(2);
        Task<ApplyResult> kept = group[2].Put("kept", "1");
        group.Settle();
        Assert.That(kept.IsCompletedSuccessfully);
        Assert.That(lost.IsCompleted, Is.False, "the old leader cannot know yet");

        group.Network.Heal();
        group.Tick(25);
        Assert.That(ErrorOf(lost), Is.EqualTo(EtcdError.LeaderChanged));
        Assert.That(group.All.Select(member => member.Get("lost")), Is.All.Null);
        Assert.That(group.All.Select(member => member.Get("kept")), Is.All.EqualTo("1"));
        group.AssertSame();
    }

    [Test]
    public void A_write_that_the_next_leader_has_succeeds_where_it_was_asked_for()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        group.Network.Cut(2, 1);
        group.Network.CutBoth(1, 3);
        Task<ApplyResult> put = group[1].Put("a", "1");
        group.Settle();
        Isolate(group, 1);
        group.Elect(2);
        Assert.That(put.IsCompleted, Is.False);
        Assert.That(group[3].Get("a"), Is.EqualTo("1"));

        group.Network.Heal();
        group.Tick(25);
        Assert.That(put.IsCompletedSuccessfully);
        group.AssertSame();
    }

    [Test]
    public void A_forwarded_write_whose_leader_went_before_it_answered_has_an_unknown_outcome()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        group.Network.Cut(1, 2);
        Task<ApplyResult> put = group[2].Put("a", "1");
        group.Settle();
        Assert.That(put.IsCompleted, Is.False);
        Assert.That(group[3].Get("a"), Is.EqualTo("1"), "it was committed");
        group[2].Replica.Unreachable(1);
        group[2].Run();
        Assert.That(ErrorOf(put), Is.EqualTo(EtcdError.TimeoutDueToLeaderFail));
    }

    [Test]
    public void Without_a_leader_writes_wait_for_one()
    {
        ReplicaGroup group = new(3);
        Task<ApplyResult> put = group[3].Put("a", "1");
        group.Settle();
        Assert.That(put.IsCompleted, Is.False);
        group.Elect(1);
        group.Tick();
        Assert.That(put.IsCompletedSuccessfully);
        Assert.That(group[3].Get("a"), Is.EqualTo("1"));
    }

    [Test]
    public void Without_a_quorum_writes_time_out()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Isolate(group, 1);
        Task<ApplyResult> put = group[1].Put("a", "1");
        group.Tick(80);
        Assert.That(ErrorOf(put), Is.EqualTo(EtcdError.Timeout));
    }

    [Test]
    public void An_uncommitted_end_of_a_restarted_member_is_cut([Range(1, 6)] int seed)
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        _ = group[1].Put("before", "1");
        group.Settle();
        Isolate(group, 1);
        _ = group[1].Put("lost", "1");
        _ = group[1].Put("lost", "2");
        group.Settle();
        group[1].Crash(new Random(seed));
        group.Elect(3);
        _ = group[3].Put("after", "1");
        group.Settle();

        group[1].Start();
        group.Network.Heal();
        group.Tick(25);
        Assert.That(group[1].Get("lost"), Is.Null);
        Assert.That(group[1].Get("after"), Is.EqualTo("1"));
        group.AssertSame();

        group[1].Crash(new Random(seed));
        group[1].Start();
        group.Tick(25);
        Assert.That(group[1].Get("before"), Is.EqualTo("1"));
        group.AssertSame();
    }

    [Test]
    public void All_members_come_back_from_a_power_cut_with_all_that_was_acknowledged([Range(1, 10)] int seed)
    {
        Random random = new(seed);
        ReplicaGroup group = ReplicaGroup.OfThree();
        Dictionary<string, Task<ApplyResult>> puts = [];
        for (int i = 0; i < 40; i++)
        {
            GroupMember member = group.All[random.Next(3)];
            puts[$"key{i}"] = member.Put($"key{i}", "x");
            group.All[random.Next(3)].Run();
        }

        List<string> acknowledged = [.. puts.Where(put => put.Value.IsCompletedSuccessfully).Select(put => put.Key)];
        foreach (GroupMember member in group.All)
        {
            member.Crash(random);
        }

        foreach (GroupMember member in group.All)
        {
            member.Start();
        }

        group.Tick(45);
        Assert.That(acknowledged, Is.Not.Empty);
        Assert.That(acknowledged.Select(key => group[2].Get(key)), Is.All.EqualTo("x"));
        group.AssertSame();
    }

    [Test]
    public void Only_the_leader_ends_leases_and_a_new_one_gives_them_more_time()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        _ = group[2].Grant(7, 5);
        _ = group[2].Put("leased", "1", lease: 7);
        group.Settle();
        Assert.That(group[1].LeasesByClock, Is.EqualTo(new long[] { 7 }));
        Assert.That(group[2].LeasesByClock, Is.Empty, "a follower keeps no time");

        group.Tick(40);
        Isolate(group, 1);
        group.Elect(2);
        group.Tick(30);
        Assert.That(group[2].Get("leased"), Is.EqualTo("1"), "7 of 5 seconds, but the new leader began anew");
        Assert.That(group[1].Get("leased"), Is.EqualTo("1"), "a deposed leader ends nothing");
        group.Tick(40);
        Assert.That(group[2].Get("leased"), Is.Null);
    }

    [Test]
    public void A_follower_renews_a_lease_at_the_leader()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        _ = group[1].Grant(7, 5);
        group.Settle();
        group.Tick(40);
        Task<LeaseAnswerFrame> renewed = group[3].LeaseCalls.AskAsync(1, LeaseCallKind.Renew, 7);
        group.Settle();
        Assert.That(renewed.Result.Seconds, Is.EqualTo(5));
        group.Tick(40);
        Assert.That(group[1].LeasesByClock, Is.EqualTo(new long[] { 7 }));

        Task<LeaseAnswerFrame> left = group[3].LeaseCalls.AskAsync(1, LeaseCallKind.TimeToLive, 7);
        group.Settle();
        Assert.That(left.Result.GrantedSeconds, Is.EqualTo(5));
        Assert.That(left.Result.Seconds, Is.EqualTo(1));
    }

    [TestCase(0, 5)]
    [TestCase(1, 4)]
    [TestCase(10, 4)]
    [TestCase(11, 3)]
    [TestCase(49, 0)]
    public void A_followers_word_on_a_lease_is_the_leaders_own_in_whole_seconds(int ticks, int seconds)
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        _ = group[1].Grant(7, 5);
        group.Settle();
        group.Tick(ticks);
        Task<LeaseAnswerFrame> left = group[3].LeaseCalls.AskAsync(1, LeaseCallKind.TimeToLive, 7);
        group.Settle();
        Assert.That(left.Result.Seconds, Is.EqualTo(seconds));
        Assert.That((long)group[1].LeaseStatus(7)!.Remaining.TotalSeconds, Is.EqualTo(seconds));
    }

    [Test]
    public void A_lease_that_is_gone_is_gone_for_a_follower()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Task<LeaseAnswerFrame> left = group[3].LeaseCalls.AskAsync(1, LeaseCallKind.TimeToLive, 7);
        group.Settle();
        Assert.That(left.Result.Seconds, Is.EqualTo(-1));
    }

    [Test]
    public void What_the_leader_answers_to_an_earlier_life_of_a_member_answers_nothing_of_this_one()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        _ = group[1].Grant(7, 5);
        group.Settle();
        Task<LeaseAnswerFrame> early = group[3].LeaseCalls.AskAsync(1, LeaseCallKind.Renew, 7);
        group.Settle();
        Assert.That(early.Result.Seconds, Is.EqualTo(5));
        byte[] answer = group.Network.Sent.Last(sent => PeerFrameReader.KindOf(sent.Frame) == PeerFrameKind.LeaseAnswer).Frame;

        group[3].Crash(new Random(1));
        group[3].Start();
        group.Tick();
        Task<LeaseAnswerFrame> late = group[3].LeaseCalls.AskAsync(1, LeaseCallKind.Renew, lease: 8);
        group[3].Replica.Receive(1, answer);
        Assert.That(late.IsCompleted, Is.False);
        group.Settle();
        Assert.That(late.Result.Seconds, Is.Zero, "there is no lease 8");
    }
}
