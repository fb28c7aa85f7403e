using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Client.Tests;

public sealed class WatchTests : OnGenuineEtcd
{
    [Test]
    public async Task Events_arrive_in_order_after_the_watch_is_in_place()
    {
        await using IAsyncEnumerator<WatchResponse> watch = Client.Watch.Watch(KeyRange.Prefix(Key("/"))).GetAsyncEnumerator(Limit);
        Assert.That(await watch.MoveNextAsync(), Is.True);
        Assert.That(watch.Current.Created, Is.True);

        await Client.Kv.PutAsync(Key("/a"), "1", Limit);
        await Client.Kv.PutAsync(Key("/b"), "2", Limit);
        await Client.Kv.DeleteAsync(KeyRange.One(Key("/a")), Limit);

        List<Event> events = await TakeAsync(watch, 3);
        Assert.That(events.Select(e => e.Kv.Key.ToStringUtf8()), Is.EqualTo(new[] { Key("/a"), Key("/b"), Key("/a") }));
        Assert.That(events.Select(e => e.Kv.ModRevision), Is.Ordered.Ascending);
        Assert.That(events[2].Type, Is.EqualTo(Event.Types.EventType.Delete));
    }

    [Test]
    public async Task History_is_replayed_from_a_revision_with_previous_values()
    {
        long first = (await Client.Kv.PutAsync(Key(), "1", Limit)).Header.Revision;
        await Client.Kv.PutAsync(Key(), "2", Limit);
        WatchCreateRequest request = new() { Key = ByteString.CopyFromUtf8(Key()), StartRevision = first + 1, PrevKv = true };
        await using IAsyncEnumerator<WatchResponse> watch = Client.Watch.Watch(request).GetAsyncEnumerator(Limit);
        List<Event> events = await TakeAsync(watch, 1);
        Assert.That(events[0].PrevKv.Value.ToStringUtf8(), Is.EqualTo("1"));
    }

    [Test]
    public async Task A_compacted_start_surfaces_as_an_exception_with_the_revision_to_go_on_from()
    {
        await Client.Kv.PutAsync(Key(), "1", Limit);
        long last = (await Client.Kv.PutAsync(Key(), "2", Limit)).Header.Revision;
        await Client.Kv.CompactAsync(last, physical: true, Limit);
        WatchCreateRequest request = new() { Key = ByteString.CopyFromUtf8(Key()), StartRevision = last - 1 };
        await using IAsyncEnumerator<WatchResponse> watch = Client.Watch.Watch(request).GetAsyncEnumerator(Limit);
        WatchCompactedException? error = await Assert.ThrowsAsync<WatchCompactedException>(() => TakeAsync(watch, 1));
        Assert.That(error!.CompactRevision, Is.EqualTo(last));
    }

    [Test]
    public async Task Progress_is_answered_on_request()
    {
        Watcher watcher = Client.Watch.Watch(KeyRange.One(Key()));
        await using IAsyncEnumerator<WatchResponse> watch = watcher.GetAsyncEnumerator(Limit);
        await watch.MoveNextAsync();
        long revision = (await Client.Kv.PutAsync(Key("/other"), "", Limit)).Header.Revision;
        await watcher.RequestProgressAsync(Limit);
        await watch.MoveNextAsync();
        Assert.That(watch.Current.Events, Is.Empty);
        Assert.That(watch.Current.Header.Revision, Is.GreaterThanOrEqualTo(revision));
    }

    [Test]
    public async Task A_large_revision_arrives_whole()
    {
        await using IAsyncEnumerator<WatchResponse> watch = Client.Watch.Watch(KeyRange.Prefix(Key("/"))).GetAsyncEnumerator(Limit);
        await watch.MoveNextAsync();
        ByteString value = ByteString.CopyFrom(new byte[200_000]);
        TxnBuilder txn = Client.Kv.Txn();
        for (int i = 0; i < 7; i++)
        {
            txn.Then(Op.Put(ByteString.CopyFromUtf8(Key($"/{i}")), value));
        }

        await txn.CommitAsync(Limit);
        await txn.CommitAsync(Limit);
        for (int seen = 0; seen < 14; seen += watch.Current.Events.Count)
        {
            Assert.That(await watch.MoveNextAsync(), Is.True);
            Assert.That(watch.Current.Fragment, Is.False);
            Assert.That(watch.Current.Events.Count % 7, Is.Zero);
        }
    }

    internal static async Task<List<Event>> TakeAsync(IAsyncEnumerator<WatchResponse> watch, int count)
    {
        List<Event> events = [];
        while (events.Count < count && await watch.MoveNextAsync())
        {
            events.AddRange(watch.Current.Events);
        }

        return events;
    }
}
