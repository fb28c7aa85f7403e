using System.Buffers;
using Etcdish.Store.Tests.Watch;

namespace Etcdish.Store.Tests;

/// <summary>A store that lags takes the state of one that is ahead, in the place of its own.</summary>
public class TakeOverTests
{
    private const int Keys = 40;

    private StoreHarness _ahead = null!;
    private StoreHarness _behind = null!;

    [SetUp]
    public void SetUp()
    {
        _ahead = new StoreHarness(keysPerLockHold: 8);
        _behind = new StoreHarness(keysPerLockHold: 8);
        foreach (StoreHarness store in new[] { _ahead, _behind })
        {
            store.Grant(7);
            store.Grant(8);
            for (int i = 0; i < Keys; i++)
            {
                store.Put($"k{i:00}", $"old{i}", lease: i < 5 ? 7 : 0);
            }
        }
    }

    [TearDown]
    public void TearDown()
    {
        _ahead.Dispose();
        _behind.Dispose();
    }

    [Test]
    public void Afterwards_it_has_the_same_hash_leases_alarms_and_revisions_and_goes_on_alike()
    {
        LeaseTable leases = _behind.Store.Leases;
        GoOn(_ahead);
        TakeOver();
        Assert.That(_behind.Store.Hash(out _), Is.EqualTo(_ahead.Store.Hash(out _)));
        Assert.That(_behind.Store.AppliedIndex, Is.EqualTo(_ahead.Store.AppliedIndex));
        Assert.That(_behind.Store.Leases, Is.SameAs(leases));
        Assert.That(leases.Contains(8), Is.False);
        Assert.That(_behind.Store.Alarms(AlarmType.NoSpace), Has.Count.EqualTo(1));
        Assert.That(_behind.Get("k29").Previous, Is.Not.Null);

        foreach (StoreHarness store in new[] { _ahead, _behind })
        {
            store.Delete("k1", "k2");
            store.Revoke(7);
            store.Compact(store.Store.CurrentRevision);
            while (store.Store.CompactStep(3))
            {
            }
        }

        Assert.That(_behind.Store.Hash(out _), Is.EqualTo(_ahead.Store.Hash(out _)));
        Assert.That(_behind.Store.VersionCount, Is.EqualTo(_ahead.Store.VersionCount));
        Assert.That(_behind.Store.PhysicallyCompactedRevision, Is.EqualTo(_behind.Store.CompactedRevision));
    }

    [Test]
    public void Watchers_see_each_event_once_or_end_as_compacted()
    {
        WatchHub hub = new(_behind.Store, _behind.Log, new WatchOptions());
        WatchHub model = new(_ahead.Store, _ahead.Log, new WatchOptions());
        using WatchClient watching = new(hub);
        using WatchClient expected = new(model);
        watching.Stream.Create(WatchClient.Request("k", "l"));
        expected.Stream.Create(WatchClient.Request("k", "l"));
        watching.Stream.Create(WatchClient.Request("k01", startRevision: 500));
        foreach ((StoreHarness store, WatchHub told) in new[] { (_behind, hub), (_ahead, model) })
        {
            store.Put("k01", "seen before");
            told.Publish(store.Store.LastChanges);
        }

        GoOn(_ahead, compact: false, model);
        TakeOver();
        hub.OnStateReplaced();
        foreach ((StoreHarness store, WatchHub told) in new[] { (_behind, hub), (_ahead, model) })
        {
            store.Put("k02", "seen after");
            told.Publish(store.Store.LastChanges);
            told.Dispatch();
        }

        Assert.That(EventsOf(watching, 0), Is.EqualTo(EventsOf(expected, 0)).And.Not.Empty);
        Assert.That(hub.Statistics.SlowWatchers, Is.Zero);
        Assert.That(EventsOf(watching, 1), Is.Empty, "the future is still to come");
    }

    [Test]
    public void A_watcher_that_stands_before_the_new_compaction_ends_as_compacted()
    {
        WatchHub hub = new(_behind.Store, _behind.Log, new WatchOptions());
        using WatchClient watching = new(hub);
        watching.Stream.Create(WatchClient.Request("k", "l"));
        watching.Drain();
        GoOn(_ahead);
        TakeOver();
        int calls = watching.ReadyCalls;
        hub.OnStateReplaced();
        Assert.That(watching.ReadyCalls, Is.EqualTo(calls + 1));
        var ended = watching.Drain().Single();
        Assert.That((ended.Canceled, ended.CompactRevision), Is.EqualTo((true, _ahead.Store.CompactedRevision)));
    }

    [Test]
    public void A_checkpoint_that_was_begun_before_is_given_up()
    {
        using StoreCheckpoint checkpoint = _behind.Store.CaptureCheckpoint();
        GoOn(_ahead);
        TakeOver();
        Assert.That(() => checkpoint.CollectVersions([]), Throws.InstanceOf<StoreReplacedException>());
    }

    [Test]
    public void An_earlier_or_unfinished_state_is_refused()
    {
        using RevisionStore empty = new(_behind.Log, _behind.Options);
        Assert.That(() => _behind.Store.TakeOver(empty, 1_000, 9), Throws.InvalidOperationException);
        GoOn(_ahead);
        using RevisionStore unfinished = new(_behind.Log, _behind.Options);
        unfinished.Apply(ImportedCopy.Entries(_ahead.Store, _ahead.Log, 5)[0]);
        Assert.That(() => _behind.Store.TakeOver(unfinished, 1_000, 9), Throws.InvalidOperationException);
    }

    private static void GoOn(StoreHarness store, bool compact = true, WatchHub? hub = null)
    {
        for (int i = 0; i < Keys; i++)
        {
            store.Put($"k{i:00}", $"new{i}", lease: i is > 2 and < 8 ? 7 : 0);
            hub?.Publish(store.Store.LastChanges);
        }

        store.Delete("k30", "k39");
        hub?.Publish(store.Store.LastChanges);
        store.Revoke(8);
        store.Alarm(AlarmAction.Activate, AlarmType.NoSpace);
        store.Alarm(AlarmAction.Deactivate, AlarmType.NoSpace);
        store.Alarm(AlarmAction.Activate, AlarmType.NoSpace);
        if (compact)
        {
            store.Compact(store.Store.CurrentRevision - 20);
        }
    }

    // The parts come into the log of the store that takes over, as they would on a follower.
    private void TakeOver()
    {
        ulong index = _ahead.Store.AppliedIndex;
        RevisionStore incoming = new(_behind.Log, _behind.Options);
        ulong before = _ahead.Log.LastIndex;
        List<StoreEntry> entries = ImportedCopy.Entries(_ahead.Store, _ahead.Log, 5);
        _ahead.Log.LastIndex = before;
        _behind.Log.LastIndex = 0;
        foreach (StoreEntry entry in entries)
        {
            incoming.Apply(_behind.Log.Append(EntryKind.Import, output => output.Write(entry.Payload.Span)));
        }

        _behind.Store.TakeOver(incoming, index, 7);
        _behind.Log.LastIndex = index;
    }

    private static List<string> EventsOf(WatchClient client, long watcher)
    {
        client.Drain();
        return
        [
            .. client.Taken.Where(response => response.WatchId == watcher).SelectMany(response => response.Events)
                .Select(e => $"{e.Type} {e.Kv.Key.ToStringUtf8()}={e.Kv.Value.ToStringUtf8()} at {e.Kv.ModRevision}"),
        ];
    }
}
