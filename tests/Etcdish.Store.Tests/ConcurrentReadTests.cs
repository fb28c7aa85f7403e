using static Etcdish.Store.Tests.StoreHarness;

namespace Etcdish.Store.Tests;

[TestFixture]
internal sealed class ConcurrentReadTests
{
    private const int Keys = 40;
    private const int Transactions = 2000;

    /// <summary>
    /// A writer puts all keys in each transaction, deletes them all now and then, and compacts right behind itself; readers, who let the
    /// writer in after every third key, must find all keys of one transaction or none.
    /// </summary>
    [Test]
    public async Task Readers_see_whole_transactions_while_writes_and_compactions_go_on()
    {
        using var harness = new StoreHarness(keysPerLockHold: 3);
        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(() => ReadUntil(harness.Store, done.Token))).ToArray();
        try
        {
            for (var i = 0; i < Transactions; i++)
            {
                var ops = Enumerable.Range(0, Keys).Select(key => Op(PutOf($"key{key:D2}"))).ToArray();
                var revision = i % 50 == 49 ? harness.Delete("\0", "\0").Revision : harness.Txn(ops).Revision;
                if (i % 3 == 0)
                {
                    harness.Compact(revision - 1);
                }

                harness.Store.CompactStep(60);
            }
        }
        finally
        {
            await done.CancelAsync();
        }

        var reads = await Task.WhenAll(readers);
        Assert.That(reads, Has.All.GreaterThan(0));
        while (harness.Store.CompactStep(1000))
        {
        }

        Assert.That(harness.Store.PhysicallyCompactedRevision, Is.EqualTo(harness.Store.CompactedRevision), "no pin was left behind");
    }

    private static int ReadUntil(RevisionStore store, CancellationToken done)
    {
        var reads = 0;
        var result = new RangeResult();
        var changes = new List<KeyRevision>();
        do
        {
            store.Range(RangeOf("\0", "\0"), result);
            Assert.That(result.Count, Is.EqualTo(result.Revisions.Count));
            Assert.That(result.Count, Is.Zero.Or.EqualTo(Keys));
            Assert.That(result.Revisions.Select(version => version.ModRevision).Distinct().Count(), Is.LessThanOrEqualTo(1));
            ReadPast(store, result, result.HeaderRevision - 1);
            ReadNewest(store, changes);
            reads++;
        }
        while (!done.IsCancellationRequested);

        return reads;
    }

    private static void ReadPast(RevisionStore store, RangeResult result, long revision)
    {
        try
        {
            store.Range(RangeOf("\0", "\0") with { Revision = revision }, result);
            Assert.That(result.Revisions, Has.Count.EqualTo(0).Or.Count.EqualTo(Keys));
        }
        catch (EtcdException exception)
        {
            Assert.That(exception.Error, Is.EqualTo(EtcdError.Compacted));
        }
    }

    private static void ReadNewest(RevisionStore store, List<KeyRevision> changes)
    {
        changes.Clear();
        try
        {
            store.ReadChanges(Math.Max(2, store.CurrentRevision - 2), 2, changes);
            Assert.That(changes.GroupBy(change => change.ModRevision).Select(group => group.Count()), Has.All.EqualTo(Keys));
        }
        catch (EtcdException exception)
        {
            Assert.That(exception.Error, Is.EqualTo(EtcdError.Compacted));
        }
    }
}
