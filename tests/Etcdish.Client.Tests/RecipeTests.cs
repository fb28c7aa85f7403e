using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Client.Tests;

public sealed class RecipeTests : OnGenuineEtcd
{
    [Test]
    public async Task Only_one_holds_a_lock_at_a_time()
    {
        int inside = 0;
        int entered = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            await using Session session = await Session.OpenAsync(Client, 10, Limit);
            Mutex mutex = new(session, Key());
            await mutex.LockAsync(Limit);
            Assert.That(Interlocked.Increment(ref inside), Is.EqualTo(1));
            Assert.That((await Client.Kv.Txn().When(mutex.IsHeld).CommitAsync(Limit)).Succeeded, Is.True);
            entered++;
            Interlocked.Decrement(ref inside);
            await mutex.UnlockAsync(Limit);
        }));
        Assert.That(entered, Is.EqualTo(8));
        Assert.That((await Client.Kv.RangeAsync(KeyRange.Prefix(Key("/")), Limit)).Count, Is.Zero);
    }

    [Test]
    public async Task Trying_a_lock_that_is_held_leaves_no_trace()
    {
        await using Session holder = await Session.OpenAsync(Client, 10, Limit);
        await using Session other = await Session.OpenAsync(Client, 10, Limit);
        Mutex held = new(holder, Key());
        Assert.That(await held.TryLockAsync(Limit), Is.True);
        Assert.That(await held.TryLockAsync(Limit), Is.True, "the same session already holds it");
        Assert.That(await new Mutex(other, Key()).TryLockAsync(Limit), Is.False);
        Assert.That((await Client.Kv.RangeAsync(KeyRange.Prefix(Key("/")), Limit)).Count, Is.EqualTo(1));
    }

    [Test]
    public async Task A_wait_that_is_cancelled_leaves_the_queue()
    {
        await using Session holder = await Session.OpenAsync(Client, 10, Limit);
        await using Session waiter = await Session.OpenAsync(Client, 10, Limit);
        await new Mutex(holder, Key()).LockAsync(Limit);
        using CancellationTokenSource patience = new();
        Mutex waiting = new(waiter, Key());
        await using IAsyncEnumerator<WatchResponse> queue = Client.Watch.Watch(KeyRange.One(waiting.Key)).GetAsyncEnumerator(Limit);
        await queue.MoveNextAsync();
        Task wait = waiting.LockAsync(patience.Token);
        await WatchTests.TakeAsync(queue, 1);
        await patience.CancelAsync();
        Assert.That(async () => await wait, Throws.InstanceOf<OperationCanceledException>());
        Event left = (await WatchTests.TakeAsync(queue, 1)).Single();
        Assert.That(left.Type, Is.EqualTo(Event.Types.EventType.Delete));
    }

    [Test]
    public async Task A_waiter_whose_session_ends_is_told()
    {
        await using Session holder = await Session.OpenAsync(Client, 10, Limit);
        await using Session waiter = await Session.OpenAsync(Client, 2, Limit);
        await new Mutex(holder, Key()).LockAsync(Limit);
        Mutex waiting = new(waiter, Key());
        await using IAsyncEnumerator<WatchResponse> queue = Client.Watch.Watch(KeyRange.One(waiting.Key)).GetAsyncEnumerator(Limit);
        await queue.MoveNextAsync();
        Task wait = waiting.LockAsync(Limit);
        await WatchTests.TakeAsync(queue, 1);
        await Client.Lease.RevokeAsync(waiter.Lease, Limit);
        await Assert.ThrowsAsync<SessionLostException>(() => wait.WaitAsync(Limit));
    }

    [Test]
    public async Task A_session_that_has_ended_cannot_lock()
    {
        await using Session session = await Session.OpenAsync(Client, 10, Limit);
        await Client.Lease.RevokeAsync(session.Lease, Limit);
        await Assert.ThrowsAsync<SessionLostException>(() => new Mutex(session, Key()).LockAsync(Limit));
    }

    [Test]
    public async Task Leadership_passes_on_and_observers_see_it()
    {
        await using Session one = await Session.OpenAsync(Client, 10, Limit);
        await using Session two = await Session.OpenAsync(Client, 10, Limit);
        Election first = new(one, Key());
        Election second = new(two, Key());
        Assert.That(await first.GetLeaderAsync(Limit), Is.Null);
        await using IAsyncEnumerator<KeyValue> observed = second.ObserveAsync(Limit).GetAsyncEnumerator(Limit);

        await first.CampaignAsync(ByteString.CopyFromUtf8("one"), Limit);
        Assert.That(await NextAsync(observed), Is.EqualTo("one"));
        Assert.That(await first.ProclaimAsync(ByteString.CopyFromUtf8("one again"), Limit), Is.True);
        Assert.That(await NextAsync(observed), Is.EqualTo("one again"));

        Task campaign = second.CampaignAsync(ByteString.CopyFromUtf8("two"), Limit);
        await first.ResignAsync(Limit);
        await campaign;
        Assert.That(await NextAsync(observed), Is.EqualTo("two"));
        Assert.That(await first.ProclaimAsync(ByteString.CopyFromUtf8("not any more"), Limit), Is.False);
        Assert.That((await second.GetLeaderAsync(Limit))!.Value.ToStringUtf8(), Is.EqualTo("two"));
    }

    private static async Task<string> NextAsync(IAsyncEnumerator<KeyValue> observed)
    {
        await observed.MoveNextAsync();
        return observed.Current.Value.ToStringUtf8();
    }
}
