namespace Etcdish.Consensus.Tests;

/// <summary>The small books that a leader and a disk keep: what is in flight, what waits, what is durable.</summary>
[TestFixture]
internal sealed class ReplicationStateTests
{
    [Test]
    public void Inflights_count_what_was_sent_and_not_freed_in_any_order_of_growth()
    {
        var random = new SeededRandom(7);
        var inflights = new Inflights(maxAppends: 20, maxBytes: 1000);
        var model = new Queue<(ulong Last, long Bytes)>();
        for (var index = 1UL; index < 3000; index++)
        {
            if (!inflights.IsFull)
            {
                var bytes = random.Below(100);
                inflights.Add(index, bytes);
                model.Enqueue((index, bytes));
            }

            if (random.Below(4) == 0)
            {
                var upTo = index - (ulong)random.Below((int)Math.Min(index, 10));
                inflights.FreeUpTo(upTo);
                while (model.Count > 0 && model.Peek().Last <= upTo)
                {
                    model.Dequeue();
                }
            }

            Assert.That((inflights.Count, inflights.Bytes), Is.EqualTo((model.Count, model.Sum(flight => flight.Bytes))));
            Assert.That(inflights.IsFull, Is.EqualTo(model.Count >= 20 || inflights.Bytes >= 1000));
        }
    }

    [Test]
    public void A_write_covers_what_it_holds_until_it_is_durable_or_cut()
    {
        var writes = new WriteTracker(durableIndex: 5);
        Assert.That(writes.Seal(5, now: 0), Is.Zero, "nothing to write");
        writes.Touch();
        Assert.That(writes.Covering(7), Is.EqualTo(1), "the batch being filled");
        Assert.That(writes.Seal(7, now: 0), Is.EqualTo(1));
        writes.Touch();
        Assert.That(writes.Seal(9, now: 3), Is.EqualTo(2));
        Assert.That(writes.Covering(5), Is.Zero);
        Assert.That(writes.Covering(7), Is.EqualTo(1));
        Assert.That(writes.Covering(8), Is.EqualTo(2));

        writes.Truncate(7);
        Assert.That(writes.Seal(8, now: 4), Is.EqualTo(3));
        Assert.That(writes.Covering(6), Is.EqualTo(1));
        Assert.That(writes.Covering(7), Is.EqualTo(3), "what writes 1 and 2 hold at 7 is void");
        writes.OnDurable(2);
        Assert.That(writes.DurableIndex, Is.EqualTo(6));
        writes.OnDurable(3);
        Assert.That(writes.DurableIndex, Is.EqualTo(8));
    }

    [Test]
    public void A_promise_under_a_new_term_waits_for_the_term()
    {
        var writes = new WriteTracker(durableIndex: 5);
        writes.TouchHardState();
        Assert.That(writes.Covering(5), Is.EqualTo(1));
        writes.Seal(5, now: 0);
        Assert.That(writes.HardStateWrite, Is.EqualTo(1));
        writes.OnDurable(1);
        Assert.That((writes.HardStateWrite, writes.Covering(5)), Is.EqualTo((0UL, 0UL)));
    }

    [Test]
    public void The_oldest_write_on_its_way_tells_whether_the_disk_stands_still()
    {
        var writes = new WriteTracker(durableIndex: 0);
        Assert.That(writes.IsOverdue(now: 100, ticks: 1), Is.False);
        writes.Touch();
        writes.Seal(1, now: 10);
        writes.Touch();
        writes.Seal(2, now: 18);
        Assert.That(writes.IsOverdue(now: 19, ticks: 10), Is.False);
        Assert.That(writes.IsOverdue(now: 20, ticks: 10), Is.True);
        writes.OnDurable(1);
        Assert.That(writes.IsOverdue(now: 20, ticks: 10), Is.False);
    }

    [Test]
    public void A_write_that_was_not_handed_out_cannot_be_durable() =>
        Assert.That(() => new WriteTracker(0).OnDurable(1), Throws.TypeOf<ConsensusInvariantException>());
}
