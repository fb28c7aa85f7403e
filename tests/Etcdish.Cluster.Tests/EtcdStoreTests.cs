using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster.Tests;

public class EtcdStoreTests
{
    private static readonly EtcdStoreOptions _small = new() { SegmentBytes = 64 << 10, MaxRequestBytes = 16 << 10 };

    [Test]
    public async Task Puts_survive_a_reopening_with_their_revisions()
    {
        using TemporaryFolder folder = new();
        await using (EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small))
        {
            await store.PutAsync("a", "1");
            await store.PutAsync("b", "2");
            PutResponse third = await store.PutAsync("a", "3", returnPrevious: true);
            Assert.That(third.Revision, Is.EqualTo(4));
            Assert.That(third.Previous!.Value.ToString(), Is.EqualTo("1"));
        }

        await using EtcdStore again = await EtcdStore.OpenAsync(folder.Path, _small);
        KeyValue? a = await again.GetAsync("a");
        Assert.That(again.Revision, Is.EqualTo(4));
        Assert.That(a, Is.EqualTo(new KeyValue("a", "3", CreateRevision: 2, ModRevision: 4, Version: 2, Lease: 0)));
        Assert.That((await again.GetAsync("a", revision: 3))!.Value.ToString(), Is.EqualTo("1"));
        Assert.That(await again.GetAsync("nothing"), Is.Null);
    }

    [Test]
    public async Task A_caller_that_blocks_after_its_put_holds_up_nobody_else()
    {
        using TemporaryFolder folder = new();
        await using EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small);
        for (int round = 0; round < 50; round++)
        {
            // The first keeps the loop busy for a sync, so that the others come to lie in one batch behind it.
            using ManualResetEventSlim othersAreDone = new();
            Task busy = store.PutAsync("busy", "").AsTask();
            Task blocking = BlockAfterAsync(store.PutAsync("blocking", "").AsTask(), othersAreDone);
            Task others = Task.WhenAll(Enumerable.Range(0, 12).Select(i => store.PutAsync($"other{i}", "").AsTask()));

            await Assert.ThatAsync(() => others.WaitAsync(TimeSpan.FromSeconds(10)), Throws.Nothing, $"round {round}");
            othersAreDone.Set();
            await Task.WhenAll(busy, blocking);
        }

        static async Task BlockAfterAsync(Task put, ManualResetEventSlim othersAreDone)
        {
            await put.ConfigureAwait(false);
            othersAreDone.Wait(TimeSpan.FromSeconds(20));
        }
    }

    [Test]
    public async Task A_folder_of_an_etcd_is_refused_and_left_alone()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(Path.Combine(folder.Path, "member", "snap"));

        await Assert.ThatAsync(
            () => EtcdStore.OpenAsync(folder.Path, _small), Throws.InstanceOf<IOException>().With.Message.Contains("data of an etcd"));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task A_second_opening_of_one_folder_is_refused()
    {
        using TemporaryFolder folder = new();
        await using EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small);
        LogLockedException? refusal = await Assert.ThrowsAsync<LogLockedException>(() => EtcdStore.OpenAsync(folder.Path, _small));
        Assert.That(refusal!.Message, Does.Contain(folder.Path));
    }

    [Test]
    public async Task A_transaction_takes_one_branch_in_one_revision()
    {
        using TemporaryFolder folder = new();
        await using EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small);
        await store.PutAsync("colour", "green");

        TxnResponse taken = await store.Txn()
            .If(Condition.Value("colour", CompareResult.Equal, "green"), Condition.Missing("other"))
            .Then(Operation.Put("colour", "blue"), Operation.Get("colour"), Operation.Put("changed", "yes"))
            .Else(Operation.Delete("colour"))
            .CommitAsync();
        Assert.That(taken.Succeeded, Is.True);
        Assert.That(taken.Revision, Is.EqualTo(3));
        Assert.That(taken.Responses[1].Range!.Pairs[0].Value.ToString(), Is.EqualTo("blue"));

        TxnResponse refused = await store.Txn()
            .If(Condition.Value("colour", CompareResult.Equal, "green"))
            .Else(Operation.Delete(KeyRange.Prefix("c")))
            .CommitAsync();
        Assert.That(refused.Succeeded, Is.False);
        Assert.That(refused.Responses[0].Delete!.Deleted, Is.EqualTo(2));
        Assert.That(await store.CountAsync(KeyRange.All), Is.Zero);
    }

    [Test]
    public async Task A_watch_counts_from_the_call_and_misses_nothing()
    {
        using TemporaryFolder folder = new();
        await using EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small);
        await store.PutAsync("app/a", "before");
        IAsyncEnumerable<WatchEvent> watch = store.WatchAsync(KeyRange.Prefix("app/"), withPrevious: true);
        await store.PutAsync("app/a", "after");
        await store.PutAsync("elsewhere", "x");
        await store.DeleteAsync("app/a");

        List<string> seen = [];
        await foreach (WatchEvent change in watch)
        {
            seen.Add($"{change.Pair.ModRevision} {(change.IsDelete ? "delete" : "put")} {change.Pair.Value} was {change.Previous?.Value}");
            if (seen.Count == 2)
            {
                break;
            }
        }

        Assert.That(seen, Is.EqualTo(new[] { "3 put after was before", "5 delete  was after" }));
    }

    [Test]
    public async Task A_watch_from_a_compacted_revision_says_from_where_one_can_watch()
    {
        using TemporaryFolder folder = new();
        await using EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small);
        for (int i = 0; i < 5; i++)
        {
            await store.PutAsync("a", $"{i}");
        }

        await store.CompactAsync(4);
        WatchCompactedException? compacted = await Assert.ThrowsAsync<WatchCompactedException>(async () =>
        {
            await foreach (WatchEvent change in store.WatchAsync("a", startRevision: 2))
            {
                Assert.Fail($"an event from below the compaction: {change}");
            }
        });
        Assert.That(compacted!.CompactRevision, Is.EqualTo(4));
        Assert.That((await store.HistoryAsync("a")).Select(v => v.ModRevision), Is.EqualTo(new long[] { 6, 5, 4 }));
    }

    [Test]
    public async Task A_closing_store_ends_its_watches_and_refuses_writes()
    {
        using TemporaryFolder folder = new();
        EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small);
        IAsyncEnumerator<WatchEvent> watch = store.WatchAsync("a").GetAsyncEnumerator();
        ValueTask<bool> next = watch.MoveNextAsync();
        await store.DisposeAsync();
        EtcdException? ended = await Assert.ThrowsAsync<EtcdException>(async () => await next);
        Assert.That(ended!.Error, Is.EqualTo(EtcdError.Stopped));
        EtcdException? refused = await Assert.ThrowsAsync<EtcdException>(async () => await store.PutAsync("a", "b"));
        Assert.That(refused!.Error, Is.EqualTo(EtcdError.Stopped));
        await watch.DisposeAsync();
    }

    [Test]
    public async Task Refusals_carry_etcds_texts_and_change_nothing()
    {
        using TemporaryFolder folder = new();
        await using EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small);
        (Func<Task> Act, EtcdError Error)[] cases =
        [
            (async () => await store.PutAsync("", "x"), EtcdError.EmptyKey),
            (async () => await store.PutAsync("a", "x", lease: 7), EtcdError.LeaseNotFound),
            (async () => await store.PutAsync("a", new byte[17 << 10]), EtcdError.RequestTooLarge),
            (async () => await store.GetAsync("a", revision: 9), EtcdError.FutureRev),
            (async () => await store.CompactAsync(9), EtcdError.FutureRev),
            (async () => await store.RevokeLeaseAsync(7), EtcdError.LeaseNotFound),
            (async () => await store.Txn().Then(Operation.Put("a", "1"), Operation.Put("a", "2")).CommitAsync(), EtcdError.DuplicateKey),
        ];
        foreach ((Func<Task> act, EtcdError error) in cases)
        {
            EtcdException? refusal = await Assert.ThrowsAsync<EtcdException>(() => act());
            Assert.That(refusal!.Error, Is.EqualTo(error));
        }

        Assert.That(store.Revision, Is.EqualTo(1));
    }

    [Test]
    public async Task A_lease_takes_its_keys_with_it_and_survives_a_reopening()
    {
        using TemporaryFolder folder = new();
        long kept;
        await using (EtcdStore store = await EtcdStore.OpenAsync(folder.Path, _small))
        {
            (kept, TimeSpan ttl) = await store.GrantLeaseAsync(TimeSpan.FromMinutes(10));
            Assert.That(ttl, Is.EqualTo(TimeSpan.FromMinutes(10)));
            (long gone, _) = await store.GrantLeaseAsync(TimeSpan.FromMinutes(10));
            await store.PutAsync("k1", "v", kept);
            await store.PutAsync("g1", "v", gone);
            await store.PutAsync("g2", "v", gone);
            long before = store.Revision;
            await store.RevokeLeaseAsync(gone);
            Assert.That(store.Revision, Is.EqualTo(before + 1));
        }

        await using EtcdStore again = await EtcdStore.OpenAsync(folder.Path, _small);
        Assert.That(again.LeaseIds(), Is.EqualTo(new[] { kept }));
        LeaseStatus status = (await again.TimeToLiveAsync(kept))!;
        Assert.That(status.Keys.Select(k => k.ToString()), Is.EqualTo(new[] { "k1" }));
        Assert.That(status.Remaining, Is.LessThanOrEqualTo(TimeSpan.FromMinutes(10)).And.GreaterThan(TimeSpan.FromMinutes(9)));
        Assert.That(await again.CountAsync(KeyRange.All), Is.EqualTo(1));
    }
}
