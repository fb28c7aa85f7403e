using Pb = Etcdish.Protos;

namespace Etcdish.Store.Tests.Watch;

/// <summary>The rules of etcd's watch, one by one.</summary>
public sealed class WatchRulesTests
{
    private FakeHistory _history = null!;
    private WatchHub _hub = null!;
    private WatchClient _client = null!;

    [SetUp]
    public void SetUp()
    {
        _history = new FakeHistory();
        Restart(new WatchOptions());
    }

    [TearDown]
    public void TearDown()
    {
        _client.Dispose();
        Assert.That(_hub.Statistics, Is.EqualTo(new WatchStatistics(0, 0, 0, 0, _hub.Statistics.DeliveredEvents)));
        Assert.That(_history.OpenScopes, Is.Zero);
    }

    [Test]
    public void Ids_are_picked_from_zero_and_skip_those_in_use()
    {
        WatchCreateRequest wanted = WatchClient.Request("a");
        wanted.WatchId = 1;
        Assert.That(_client.Stream.Create(wanted), Is.EqualTo(1));
        Assert.That(_client.Stream.Create(WatchClient.Request("a")), Is.EqualTo(0));
        Assert.That(_client.Stream.Create(WatchClient.Request("a")), Is.EqualTo(2));
        _client.Stream.Cancel(0);
        Assert.That(_client.Stream.Create(WatchClient.Request("a")), Is.EqualTo(3), "IDs that the server picks are not used again");
        Assert.That(_client.Drain().Select(r => (r.WatchId, r.Created, r.Canceled)), Is.EqualTo(new[]
        {
            (1L, true, false), (0, true, false), (2, true, false), (0, false, true), (3, true, false),
        }));
    }

    [Test]
    public void A_duplicate_id_is_refused()
    {
        WatchCreateRequest wanted = WatchClient.Request("a");
        wanted.WatchId = 5;
        _client.Stream.Create(wanted);
        Assert.That(_client.Stream.Create(wanted), Is.EqualTo(-1));
        AssertRefused(_client.Drain()[1], "mvcc: duplicate watch ID provided on the WatchStream");
    }

    [TestCase("b", "b")]
    [TestCase("b", "a")]
    public void An_empty_range_is_refused(string key, string end)
    {
        _client.Stream.Create(WatchClient.Request(key, end));
        AssertRefused(_client.Drain().Single(), "mvcc: watcher range is empty");
    }

    [Test]
    public void A_negative_start_revision_is_refused_even_before_permissions()
    {
        _client.Stream.Create(WatchClient.Request("a", startRevision: -1), EtcdError.PermissionDenied.Message);
        AssertRefused(_client.Drain().Single(), "etcdserver: mvcc: required revision has been compacted");
    }

    [Test]
    public void A_missing_permission_is_told()
    {
        _client.Stream.Create(WatchClient.Request("b", "a"), EtcdError.PermissionDenied.Message);
        AssertRefused(_client.Drain().Single(), "etcdserver: permission denied");
    }

    [Test]
    public void An_empty_key_is_the_smallest_key()
    {
        _client.Stream.Create(WatchClient.Request(""));
        _client.Stream.Create(WatchClient.Request("", "\0"));
        Publish(_history.Put("\0", "v"));
        Publish(_history.Put("a", "v"));
        Assert.That(Events(_client.Drain()), Is.EqualTo(new[] { (0L, "\0", 2L), (1, "\0", 2), (1, "a", 3) }));
    }

    [Test]
    public void Ranges_are_half_open_in_byte_order()
    {
        _client.Stream.Create(WatchClient.Request("b", "d"));
        _client.Stream.Create(WatchClient.Request("c", "\0"));
        _client.Stream.Create(WatchClient.Request("c"));
        foreach (string key in new[] { "a", "b", "c", "cc", "d" })
            Publish(_history.Put(key, "v"));
        Assert.That(Events(_client.Drain()).Order(), Is.EqualTo(new[]
        {
            (0L, "b", 3L), (0, "c", 4), (0, "cc", 5), (1, "c", 4), (1, "cc", 5), (1, "d", 6), (2, "c", 4),
        }));
    }

    [Test]
    public void Start_revision_zero_means_after_the_header_of_the_answer()
    {
        Publish(_history.Put("a", "1"));
        _client.Stream.Create(WatchClient.Request("a"));
        Publish(_history.Put("a", "2"));
        List<Pb.WatchResponse> taken = _client.Drain();
        Assert.That(taken[0].Header.Revision, Is.EqualTo(2));
        Assert.That(Events(taken), Is.EqualTo(new[] { (0L, "a", 3L) }));
        Assert.That(taken[1].Header.Revision, Is.EqualTo(3));
    }

    [Test]
    public void What_is_applied_but_not_published_when_the_watcher_is_created_is_not_sent()
    {
        _client.Stream.Create(WatchClient.Request("other"));
        KeyRevision[] applied = _history.Put("a", "1");
        _client.Stream.Create(WatchClient.Request("a"));
        Publish(applied);
        Assert.That(_client.Drain().Select(r => r.Events.Count), Is.All.Zero);
    }

    [Test]
    public void A_past_start_revision_is_inclusive_and_replays()
    {
        for (int i = 0; i < 5; i++)
            Publish(_history.Put("a", $"{i}"));
        _client.Stream.Create(WatchClient.Request("a", startRevision: 4));
        List<Pb.WatchResponse> taken = _client.Drain();
        Assert.That(Events(taken), Is.EqualTo(new[] { (0L, "a", 4L), (0, "a", 5), (0, "a", 6) }));
        Assert.That(taken, Has.Count.EqualTo(2));
        Assert.That(taken[1].Header.Revision, Is.EqualTo(6));
    }

    [Test]
    public void Nothing_below_a_future_start_revision_is_sent_not_even_progress()
    {
        _client.Stream.Create(WatchClient.Request("a", startRevision: 4));
        Publish(_history.Put("a", "2"));
        Publish(_history.Put("a", "3"));
        _client.Stream.RequestProgress();
        Assert.That(_client.Drain(), Has.Count.EqualTo(1), "created only");
        Publish(_history.Put("a", "4"));
        _client.Stream.RequestProgress();
        List<Pb.WatchResponse> taken = _client.Drain();
        Assert.That(Events(taken), Is.EqualTo(new[] { (0L, "a", 4L) }));
        Assert.That((taken[1].WatchId, taken[1].Header.Revision), Is.EqualTo((-1L, 4L)));
    }

    [Test]
    public void A_compacted_start_revision_ends_the_watcher_after_the_created_answer()
    {
        for (int i = 0; i < 5; i++)
            Publish(_history.Put("a", $"{i}"));
        _history.Compact(5);
        _client.Stream.Create(WatchClient.Request("a", startRevision: 3));
        _client.Stream.Create(WatchClient.Request("a", startRevision: 5));
        List<Pb.WatchResponse> taken = _client.Drain();
        Assert.That(taken[0], Has.Property("Created").True.And.Property("Canceled").False);
        Pb.WatchResponse ended = taken.Single(r => r.Canceled);
        Assert.That((ended.WatchId, ended.Created, ended.CompactRevision, ended.Header.Revision, ended.CancelReason),
            Is.EqualTo((0L, false, 5L, 0L, "")));
        Assert.That(Events(taken), Is.EqualTo(new[] { (1L, "a", 5L), (1, "a", 6) }), "starting at the compacted revision is legal");

        _client.Stream.Cancel(0);
        _client.Stream.Cancel(0);
        Assert.That(_client.Drain().Select(r => (r.WatchId, r.Canceled)), Is.EqualTo(new[] { (0L, true) }));
    }

    [Test]
    public void A_transaction_is_one_response_and_keeps_the_order_of_its_changes()
    {
        _client.Stream.Create(WatchClient.Request("a", "z"));
        Publish(_history.Apply(("c", "1"), ("a", "2"), ("b", "3")));
        List<Pb.WatchResponse> taken = _client.Drain();
        Assert.That(taken, Has.Count.EqualTo(2));
        Assert.That(Events(taken).Select(e => e.Key), Is.EqualTo(new[] { "c", "a", "b" }));
    }

    [Test]
    public void Filters_leave_out_and_an_empty_response_is_not_sent()
    {
        WatchCreateRequest noPut = WatchClient.Request("a");
        noPut.NoPut = true;
        WatchCreateRequest noDelete = WatchClient.Request("a");
        noDelete.NoDelete = true;
        _client.Stream.Create(noPut);
        _client.Stream.Create(noDelete);
        Publish(_history.Put("a", "1"));
        Publish(_history.Delete("a"));
        List<Pb.WatchResponse> taken = _client.Drain();
        Assert.That(taken, Has.Count.EqualTo(4));
        Assert.That(Events(taken).Order(), Is.EqualTo(new[] { (0L, "a", 3L), (1, "a", 2) }));
    }

    [Test]
    public void Previous_pairs_are_those_before_the_revision_and_absent_for_a_creation()
    {
        WatchCreateRequest request = WatchClient.Request("a");
        request.PrevKv = true;
        _client.Stream.Create(request);
        Publish(_history.Put("a", "1"));
        Publish(_history.Put("a", "2"));
        Publish(_history.Delete("a"));
        Publish(_history.Put("a", "4"));
        Pb.Event[] events = [.. _client.Drain().SelectMany(r => r.Events)];
        Assert.That(events.Select(e => e.PrevKv?.Value.ToStringUtf8()), Is.EqualTo(new[] { null, "1", "2", null }));
        Assert.That(events[1].PrevKv.ModRevision, Is.EqualTo(2));
        Assert.That(events[2].Kv, Is.EqualTo(new Pb.KeyValue { Key = events[2].Kv.Key, ModRevision = 4 }), "key and mod_revision only");
        Assert.That(events[2].Type, Is.EqualTo(Pb.Event.Types.EventType.Delete));
    }

    [Test]
    public void A_previous_pair_that_is_compacted_is_absent()
    {
        Publish(_history.Put("a", "1"));
        Publish(_history.Put("a", "2"));
        _history.Compact(3);
        WatchCreateRequest request = WatchClient.Request("a", startRevision: 3);
        request.PrevKv = true;
        _client.Stream.Create(request);
        Assert.That(_client.Drain()[1].Events.Single().PrevKv, Is.Null);
    }

    [Test]
    public void What_was_published_is_sent_even_if_it_is_compacted_before_the_dispatch()
    {
        _client.Stream.Create(WatchClient.Request("a"));
        _hub.Publish(_history.Put("a", "1"));
        _hub.Publish(_history.Put("a", "2"));
        _history.Compact(3);
        _history.Relocate();
        _hub.Dispatch();
        Assert.That(_client.Drain().SelectMany(r => r.Events).Select(e => e.Kv.Value.ToStringUtf8()), Is.EqualTo(new[] { "1", "2" }));
    }

    [Test]
    public void Queued_events_come_before_the_answer_to_a_cancel_and_none_after()
    {
        _client.Stream.Create(WatchClient.Request("a"));
        Publish(_history.Put("a", "1"));
        _client.Stream.Cancel(0);
        Publish(_history.Put("a", "2"));
        List<Pb.WatchResponse> taken = _client.Drain();
        Assert.That(taken.Select(r => (r.Created, r.Events.Count, r.Canceled)),
            Is.EqualTo(new[] { (true, 0, false), (false, 1, false), (false, 0, true) }));
        Assert.That(taken[2].Header.Revision, Is.EqualTo(2));
        _client.Stream.Cancel(0);
        _client.Stream.Cancel(99);
        Assert.That(_client.Drain(), Is.Empty);
    }

    [Test]
    public void Progress_of_the_stream_is_told_only_when_all_its_watchers_are_in_sync()
    {
        _client.Stream.RequestProgress();
        Assert.That(_client.Drain(), Is.Empty, "no watchers, no answer");

        Publish(_history.Put("a", "1"));
        _client.Stream.Create(WatchClient.Request("a"));
        _client.Stream.Create(WatchClient.Request("a", startRevision: 1));
        _client.Stream.RequestProgress();
        List<Pb.WatchResponse> taken = _client.Drain();
        Assert.That(taken, Has.None.Property("WatchId").EqualTo(-1));

        _hub.Publish(_history.Put("a", "2"));
        _client.Stream.RequestProgress();
        _client.Stream.RequestProgress();
        taken = _client.Drain();
        Assert.That(taken.Select(r => (r.WatchId, r.Events.Count)).Order(), Is.EqualTo(new[] { (-1L, 0), (0, 1), (1, 1) }));
        Assert.That((taken[2].WatchId, taken[2].Header.Revision), Is.EqualTo((-1L, 3L)), "after all events up to its revision");
    }

    [Test]
    public void Progress_notices_go_to_idle_watchers_in_sync()
    {
        WatchCreateRequest request = WatchClient.Request("a");
        request.ProgressNotify = true;
        _client.Stream.Create(request);
        _client.Stream.Create(WatchClient.Request("a"));
        _client.Drain();
        Publish(_history.Put("b", "1"));
        _client.Stream.NotifyProgress();
        _client.Stream.NotifyProgress();
        Assert.That(_client.Drain().Select(r => (r.WatchId, r.Header.Revision, r.Events.Count)), Is.EqualTo(new[] { (0L, 2L, 0) }));

        Publish(_history.Put("a", "1"));
        _client.Drain();
        _client.Stream.NotifyProgress();
        Assert.That(_client.Drain(), Is.Empty, "something was sent in this interval");
        _client.Stream.NotifyProgress();
        Assert.That(_client.Drain().Select(r => (r.WatchId, r.Header.Revision)), Is.EqualTo(new[] { (0L, 3L) }));
    }

    [Test]
    public void Large_responses_are_split_only_for_those_who_asked()
    {
        Restart(new WatchOptions { MaxResponseBytes = 400 });
        WatchCreateRequest request = WatchClient.Request("a", "z");
        _client.Stream.Create(request);
        request.Fragment = true;
        _client.Stream.Create(request);
        Publish(_history.Apply([.. Enumerable.Range(0, 9).Select(i => ($"k{i}", (string?)new string('x', 100)))]));
        List<Pb.WatchResponse> taken = [.. _client.Drain().Where(r => !r.Created)];
        Assert.That(taken.Count(r => r.WatchId == 0), Is.EqualTo(1));
        Pb.WatchResponse[] pieces = [.. taken.Where(r => r.WatchId == 1)];
        Assert.That(pieces.Select(r => r.Fragment), Is.EqualTo(Enumerable.Repeat(true, pieces.Length - 1).Append(false)));
        Assert.That(pieces.Select(r => r.CalculateSize()), Is.All.LessThan(400));
        Assert.That(pieces.Select(r => r.Header.Revision), Is.All.EqualTo(2));
        Assert.That(pieces.SelectMany(r => r.Events).Select(e => e.Kv.Key.ToStringUtf8()),
            Is.EqualTo(Enumerable.Range(0, 9).Select(i => $"k{i}")));
    }

    [Test]
    public void A_stalled_stream_holds_no_more_than_its_buffer_and_catches_up_later()
    {
        Restart(new WatchOptions { StreamBufferBytes = 1000, CatchUpRevisions = 7 });
        _client.Stream.Create(WatchClient.Request("a"));
        using WatchClient other = new(_hub);
        other.Stream.Create(WatchClient.Request("a"));
        for (int i = 0; i < 100; i++)
        {
            Publish(_history.Put("a", $"{i}"));
            other.Drain();
        }

        Assert.That(_hub.Statistics.SlowWatchers, Is.EqualTo(1));
        Assert.That(_hub.Statistics.PendingEvents, Is.LessThan(20));
        Assert.That(Events(_client.Drain()).Select(e => e.Revision), Is.EqualTo(Enumerable.Range(2, 100)));
        Assert.That(Events(other.Taken).Select(e => e.Revision), Is.EqualTo(Enumerable.Range(2, 100)));
        Assert.That(_hub.Statistics.SlowWatchers, Is.Zero);
    }

    [Test]
    public void A_stalled_watcher_that_the_compaction_overtakes_is_ended()
    {
        Restart(new WatchOptions { StreamBufferBytes = 100 });
        _client.Stream.Create(WatchClient.Request("a"));
        _client.Drain();
        for (int i = 0; i < 20; i++)
            Publish(_history.Put("a", $"{i}"));
        _history.Compact(15);
        List<Pb.WatchResponse> taken = _client.Drain();
        Assert.That(taken[^1], Has.Property("Canceled").True.And.Property("CompactRevision").EqualTo(15));
        Assert.That(taken.Take(taken.Count - 1).SelectMany(r => r.Events).Last().Kv.ModRevision, Is.LessThan(15));
    }

    [Test]
    public void A_watcher_gets_in_sync_even_if_each_read_of_history_is_overtaken()
    {
        Publish(_history.Put("a", "1"));
        int reads = 0;
        _history.Meanwhile = () =>
        {
            Assert.That(++reads, Is.LessThan(20), "it never catches up");
            _hub.Publish(_history.Put("z", "v"));
        };
        _client.Stream.Create(WatchClient.Request("a", startRevision: 2));
        _client.Drain();
        Assert.That(_hub.Statistics.SlowWatchers, Is.Zero);
        _history.Meanwhile = null;
        Publish(_history.Put("a", "2"));
        _client.Drain();
        Assert.That(Events(_client.Taken).Select(e => e.Key), Is.EqualTo(new[] { "a", "a" }));
    }

    [Test]
    public void The_taker_is_woken_once_until_it_has_drained()
    {
        _client.Stream.Create(WatchClient.Request("a"));
        Publish(_history.Put("a", "1"));
        Assert.That(_client.ReadyCalls, Is.EqualTo(1));
        _client.Take();
        Publish(_history.Put("a", "2"));
        Assert.That(_client.ReadyCalls, Is.EqualTo(1));
        _client.Drain();
        Publish(_history.Put("b", "2"));
        Assert.That(_client.ReadyCalls, Is.EqualTo(1), "nobody watches b");
        Publish(_history.Put("a", "3"));
        Assert.That(_client.ReadyCalls, Is.EqualTo(2));
    }

    [Test]
    public void A_revision_that_is_missing_or_split_is_refused()
    {
        KeyRevision[] first = _history.Put("a", "1");
        KeyRevision[] second = _history.Put("a", "2");
        Assert.That(() => _hub.Publish(second), Throws.InvalidOperationException);
        _hub.Publish(first);
        Assert.That(() => _hub.Publish(first), Throws.InvalidOperationException);
        Assert.That(_hub.Publish(second), Is.False, "nobody watches");
    }

    [Test]
    public void A_damaged_value_stops_the_hub_for_good()
    {
        _client.Stream.Create(WatchClient.Request("a"));
        KeyRevision[] changes = _history.Put("a", "1");
        _history.DamagedValue = changes[0].Value.Segment;
        _hub.Publish(changes);
        Assert.That(_hub.Dispatch, Throws.TypeOf<DamagedValueException>());
        Assert.That(_hub.Dispatch, Throws.InvalidOperationException);
        Assert.That(() => _client.Drain(), Throws.InvalidOperationException);
    }

    [Test]
    public void Publishing_to_a_thousand_watchers_encodes_once()
    {
        List<WatchClient> clients = [.. Enumerable.Range(0, 1000).Select(_ => new WatchClient(_hub))];
        foreach (WatchClient client in clients)
        {
            client.Stream.Create(WatchClient.Request("a"));
            client.Drain();
        }

        Publish(_history.Put("a", "warm"));
        clients.ForEach(c => c.Drain());
        string value = new('x', 100_000);
        int readsBefore = _history.ValueReads;
        KeyRevision[] changes = _history.Put("a", value);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Publish(changes);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.That(_history.ValueReads - readsBefore, Is.EqualTo(1));
        Assert.That(allocated, Is.LessThan(2 * value.Length));
        Assert.That(clients[0].Stream.TryTake(clients[0].Batch), Is.True);
        Assert.That(clients[999].Stream.TryTake(clients[999].Batch), Is.True);
        Assert.That(clients[0].Batch.Events[0], Is.SameAs(clients[999].Batch.Events[0]));
        clients.ForEach(c => c.Dispose());
    }

    [Test]
    public void An_event_gives_the_embedding_program_its_values()
    {
        WatchCreateRequest request = WatchClient.Request("a");
        request.PrevKv = true;
        _client.Stream.Create(request);
        Publish(_history.Put("a", "old"));
        Publish(_history.Put("a", "new"));
        _client.Take();
        _client.Take();
        EncodedEvent last = _client.Batch.Events[^1];
        Assert.That(last.Change.ModRevision, Is.EqualTo(3));
        Assert.That(last.Value.ToArray(), Is.EqualTo("new"u8.ToArray()));
        Assert.That(last.PreviousValue.ToArray(), Is.EqualTo("old"u8.ToArray()));
        Assert.That(last.Previous!.ModRevision, Is.EqualTo(2));
    }

    private static void AssertRefused(Pb.WatchResponse response, string reason)
    {
        Assert.That((response.Created, response.Canceled, response.WatchId, response.CancelReason), Is.EqualTo((true, true, -1L, reason)));
    }

    private static List<(long WatchId, string Key, long Revision)> Events(IEnumerable<Pb.WatchResponse> responses) =>
        [.. responses.SelectMany(r => r.Events.Select(e => (r.WatchId, e.Kv.Key.ToStringUtf8(), e.Kv.ModRevision)))];

    private void Restart(WatchOptions options)
    {
        _client?.Dispose();
        _hub = new WatchHub(_history, _history, options);
        _client = new WatchClient(_hub);
    }

    private void Publish(KeyRevision[] changes)
    {
        if (_hub.Publish(changes))
            _hub.Dispatch();
    }
}
