using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>Members come, get a vote, move and go, while the rest is driven by hand.</summary>
public class MembershipChangeTests
{
    [Test]
    public void A_learner_is_announced_at_a_follower_joins_and_is_promoted_when_it_has_caught_up()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Done(group, group[1].Put("before", "1"));

        Done(group, group[2].Change(MemberOperation.AddLearner, 4, "http://m4:2380"));
        Assert.That(group[2].Members.Current.Members.Single(member => member.Id == 4).PeerUrls, Is.EqualTo(new[] { "http://m4:2380" }));
        Refused(group, group[3].Change(MemberOperation.Promote, 4), EtcdError.LearnerNotReady);

        GroupMember joined = group.Join();
        group.Tick(3);
        Assert.That(joined.Get("before"), Is.EqualTo("1"));
        Assert.That(joined.Members.IsLearner);
        Done(group, group[3].Change(MemberOperation.Promote, 4));

        Assert.That(group.All.Select(member => member.Members.IsLearner), Has.None.True);
        Done(group, joined.Put("after", "2"));
        group.Elect(4);
        group.AssertSame();
    }

    [Test]
    public void Several_wishes_are_carried_out_one_after_the_other()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Task<ApplyResult> add = group[2].Change(MemberOperation.Add, 4, "http://m4:2380");
        Task<ApplyResult> move = group[1].Change(MemberOperation.Update, 3, "http://moved:2380");
        Task<ApplyResult> leave = group[3].Change(MemberOperation.Remove, 4);
        group.Settle();

        Assert.That(new[] { add, move, leave }.Select(task => task.Status), Has.All.EqualTo(TaskStatus.RanToCompletion));
        foreach (GroupMember member in group.All)
        {
            Membership now = member.Members.Current;
            Assert.That(now.Configuration.Voters, Is.EqualTo(new ulong[] { 1, 2, 3 }));
            Assert.That(now.Configuration.Removed, Is.EqualTo(new ulong[] { 4 }));
            Assert.That(now.Members.Single(info => info.Id == 3).PeerUrls, Is.EqualTo(new[] { "http://moved:2380" }));
        }

        Refused(group, group[2].Change(MemberOperation.Add, 4, "http://m4:2380"), EtcdError.MemberExist);
    }

    [Test]
    public void A_leader_removes_itself_and_another_goes_on()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Done(group, group[1].Change(MemberOperation.Remove, 1));

        Assert.That(group[1].Members.IsRemoved);
        Assert.That(group[1].Replica.Status.Leader, Is.Not.EqualTo(1));
        group.Tick(3);
        Assert.That(group[2].Replica.Status.Leader, Is.AnyOf(2UL, 3UL));
        Done(group, group[2].Put("after", "1"));
        Assert.That(group[3].Get("after"), Is.EqualTo("1"));
    }

    [Test]
    public void A_member_that_slept_through_the_coming_of_the_leader_can_answer_it()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        group.Network.CutBoth(1, 3);
        group.Network.CutBoth(2, 3);
        Done(group, group[1].Change(MemberOperation.AddLearner, 4, "http://m4:2380"));
        group.Join();
        group.Network.CutBoth(4, 3);
        group.Tick(3);
        Done(group, group[1].Change(MemberOperation.Promote, 4));
        _ = group[1].Enqueue(0, default, () => group[1].Replica.TransferLeadership(4)).AsTask();
        group.Tick();
        Assert.That(group[2].Replica.Status.Leader, Is.EqualTo(4));
        group.Network.Heal();
        group.Network.CutBoth(1, 3);
        group.Network.CutBoth(2, 3);
        group.Tick(30);

        Assert.That(group[3].Members.Current.Configuration.Voters, Does.Contain(4UL));
        group.Network.Heal();
        group.Tick(30);
        group.AssertSame();
    }

    [Test]
    public void The_second_voter_of_a_group_of_one_is_announced_at_once_and_not_forgotten()
    {
        ReplicaGroup group = new(1);
        group.Settle();
        Done(group, group[1].Put("a", "1"));
        Done(group, group[1].Change(MemberOperation.Add, 2, "http://m2:2380"));
        Assert.That(group[1].Members.Current.Configuration.Voters, Is.EqualTo(new ulong[] { 1, 2 }));

        group[1].Crash(new Random(7));
        group[1].Start();
        Assert.That(group[1].Members.Current.Configuration.Voters, Is.EqualTo(new ulong[] { 1, 2 }));
        Assert.That(group[1].Get("a"), Is.EqualTo("1"));
        Task<ApplyResult> alone = group[1].Put("b", "2");
        group.Tick(30);
        Assert.That(alone.IsCompletedSuccessfully, Is.False, "from now on it takes both");
    }

    [Test]
    public void Force_new_cluster_goes_on_alone_with_all_that_the_member_has()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Done(group, group[1].Put("a", "1"));
        for (ulong id = 1; id <= 3; id++)
        {
            group[id].Crash(new Random((int)id));
        }

        group[3].Start(forcesNewGroup: true);
        group.Settle();
        Assert.That(group[3].Get("a"), Is.EqualTo("1"));
        Done(group, group[3].Put("b", "2"));
        Assert.That(group[3].Members.Current.Configuration.Voters, Is.EqualTo(new ulong[] { 3 }));
        Assert.That(group[3].Members.Current.Configuration.Removed, Is.EqualTo(new ulong[] { 1, 2 }));
        ulong last = group[3].Store.AppliedIndex;

        group[3].Crash(new Random(9));
        group[3].Start(forcesNewGroup: true);
        group.Settle();
        Assert.That(group[3].Get("b"), Is.EqualTo("2"));
        Assert.That(group[3].Store.AppliedIndex, Is.EqualTo(last + 1), "only the new term's entry: asked again, it changes nothing");
    }

    [Test]
    public void Who_was_removed_and_knows_it_does_not_start_again()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        Done(group, group[1].Change(MemberOperation.Remove, 3));
        group.Tick();
        Assert.That(group[3].Members.IsRemoved);

        // A batch of any kind, here of a new term, tells how far the log is committed.
        PeerFrameWriter writer = new();
        Message vote = new() { Type = MessageType.Vote, ClusterId = 0xC1, From = 2, To = 3, Term = 9, Index = 100, LogTerm = 9 };
        writer.BeginRaft(vote with { Transfer = true });
        group[3].Replica.Receive(2, writer.Frame);
        group[3].Run();
        group[3].Crash(new Random(1));
        Assert.That(() => group[3].Start(), Throws.TypeOf<MemberRemovedException>());
    }

    [Test]
    public void A_wish_without_a_leader_times_out()
    {
        ReplicaGroup group = new(3);
        Task<ApplyResult> wish = group[1].Change(MemberOperation.Remove, 3);
        for (int i = 0; i < 80; i++)
        {
            group[1].Run(tick: true);
        }

        Assert.That(wish.Exception?.InnerException, Is.TypeOf<EtcdException>().With.Property("Error").EqualTo(EtcdError.Timeout));
    }

    [TestCase(EntryKinds.Configuration)]
    [TestCase(EntryKinds.MemberUpdate)]
    [TestCase(EntryKinds.MemberRequest)]
    public void What_only_a_leader_makes_or_says_nothing_is_not_taken_from_others(byte kind)
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        PeerFrameWriter writer = new();
        writer.WriteForward(4, kind, []);
        Assert.That(() => group[1].Replica.Receive(2, writer.Frame), Throws.TypeOf<MalformedFrameException>());
    }

    private static void Done(ReplicaGroup group, Task<ApplyResult> task)
    {
        group.Settle();
        group.Tick();
        Assert.That(task.Status, Is.EqualTo(TaskStatus.RanToCompletion), task.Exception?.Message);
        Assert.That(task.Result.Error, Is.Null);
    }

    private static void Refused(ReplicaGroup group, Task<ApplyResult> task, EtcdError error)
    {
        group.Settle();
        Assert.That(task.Exception?.InnerException, Is.TypeOf<EtcdException>().With.Property("Error").EqualTo(error));
    }
}
