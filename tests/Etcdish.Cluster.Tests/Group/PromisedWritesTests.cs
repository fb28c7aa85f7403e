using System.Text;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>Promises that overlap: a new leader gives places that the old one had given to other writes.</summary>
public class PromisedWritesTests
{
    private static readonly ApplyResult _applied = new() { Revision = 42 };

    private readonly List<Proposal> _completed = [];
    private PromisedWrites _promises = null!;

    [SetUp]
    public void Begin()
    {
        _promises = new PromisedWrites();
        _completed.Clear();
    }

    [Test]
    public void Writes_of_one_leader_succeed_in_order()
    {
        Task<ApplyResult>[] writes = [Promise(5, 1), Promise(6, 1), Promise(8, 1)];
        Apply(5, 1);
        Assert.That(writes.Select(write => write.IsCompleted), Is.EqualTo(new[] { true, false, false }));
        Apply(6, 1);
        Apply(7, 1);
        Assert.That(writes[2].IsCompleted, Is.False, "entry 7 is another member's");
        Apply(8, 1);
        Assert.That(writes.Select(write => write.Result.Revision), Is.All.EqualTo(42));
        Assert.That(_promises.Count, Is.Zero);
    }

    [Test]
    public void A_place_given_twice_is_the_write_of_the_term_that_is_applied([Values(1UL, 2UL)] ulong term)
    {
        Task<ApplyResult>[] old = [Promise(5, 1), Promise(6, 1), Promise(7, 1)];
        Task<ApplyResult>[] young = [Promise(6, 2), Promise(7, 2)];
        Assert.That(_promises.Count, Is.EqualTo(5));
        Apply(5, 1);
        Apply(6, term);
        Assert.That(old[0].Result.Revision, Is.EqualTo(42));
        Assert.That((term == 1 ? old[1] : young[0]).Result.Revision, Is.EqualTo(42));
        AssertFailed(term == 1 ? young[0] : old[1], EtcdError.LeaderChanged);
        Assert.That(old[2].IsCompleted || young[1].IsCompleted, Is.False, "entry 7 is open");
        Apply(7, 2);
        Assert.That(young[1].Result.Revision, Is.EqualTo(42));
        AssertFailed(old[2], EtcdError.LeaderChanged);
    }

    [Test]
    public void Three_leaders_that_each_overtake_the_one_before_leave_one_winner()
    {
        Task<ApplyResult>[] writes = [Promise(9, 1), Promise(7, 2), Promise(8, 2), Promise(9, 2), Promise(8, 3), Promise(9, 3)];
        Apply(7, 2);
        Apply(8, 3);
        Apply(9, 3);
        int[] won = [1, 4, 5];
        for (int i = 0; i < writes.Length; i++)
        {
            if (won.Contains(i))
            {
                Assert.That(writes[i].Result.Revision, Is.EqualTo(42));
            }
            else
            {
                AssertFailed(writes[i], EtcdError.LeaderChanged);
            }
        }

        Assert.That(_promises.Count, Is.Zero);
    }

    [Test]
    public void A_promise_below_what_is_applied_is_lost_when_the_next_entry_is()
    {
        Task<ApplyResult> late = Promise(3, 1);
        Apply(4, 2);
        AssertFailed(late, EtcdError.LeaderChanged);
    }

    [Test]
    public void Who_waits_too_long_is_told_and_leaves_a_copy_of_its_bytes()
    {
        EntryTail tail = new(4, static (Configuration _) => default);
        byte[] lent = Encoding.ASCII.GetBytes("lent");
        tail.Add((byte)EntryKind.Put, 1, lent);
        tail.Add((byte)EntryKind.Put, 1, lent);
        Task<ApplyResult> overtaken = Promise(6, 1, since: 10);
        Task<ApplyResult> first = Promise(5, 2, since: 11);
        Task<ApplyResult> second = Promise(6, 2, since: 12);
        _promises.Expire(11, tail, _completed);
        Complete();
        AssertFailed(overtaken, EtcdError.Timeout);
        AssertFailed(first, EtcdError.Timeout);
        Assert.That(second.IsCompleted, Is.False);

        lent.AsSpan().Fill((byte)'x');
        Assert.That(Encoding.ASCII.GetString(tail.Payload(5).Span), Is.EqualTo("lent"));
        Apply(6, 2);
        Assert.That(second.Result.Revision, Is.EqualTo(42));
    }

    [Test]
    public void A_stop_fails_those_in_order_and_those_overtaken()
    {
        Task<ApplyResult>[] writes = [Promise(5, 1), Promise(6, 1), Promise(5, 2)];
        _promises.FailAll(EtcdError.Stopped, _completed);
        Complete();
        foreach (Task<ApplyResult> write in writes)
        {
            AssertFailed(write, EtcdError.Stopped);
        }
    }

    private static void AssertFailed(Task<ApplyResult> write, EtcdError error) =>
        Assert.That((write.Exception?.InnerException as EtcdException)?.Error, Is.EqualTo(error));

    private Task<ApplyResult> Promise(ulong index, ulong term, long since = 0)
    {
        Proposal proposal = Proposal.Rent((byte)EntryKind.Put, default, now: 0, completesInline: true);
        _promises.Add(proposal, index, term, since);
        return proposal.Task.AsTask();
    }

    private void Apply(ulong index, ulong term)
    {
        _promises.OnApplied(index, term, _applied, _completed);
        Complete();
    }

    private void Complete()
    {
        _completed.ForEach(static proposal => proposal.Complete());
        _completed.Clear();
    }
}
