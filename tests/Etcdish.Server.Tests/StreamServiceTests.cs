using Etcdish.Client;
using Etcdish.Protos;
using Etcdish.Server.Snapshot;
using static Google.Protobuf.ByteString;

namespace Etcdish.Server.Tests;

/// <summary>Watches, leases and snapshots: what runs over streams.</summary>
public sealed class StreamServiceTests
{
    private CancellationTokenSource _patience = null!;
    private RunningServer _server = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        _server = await RunningServer.StartAsync(options => options with { WatchProgressInterval = TimeSpan.FromMilliseconds(100) });
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _server.DisposeAsync();
        _patience.Dispose();
    }

    [Test]
    public async Task A_watch_tells_history_and_then_what_happens()
    {
        await _server.Client.Kv.PutAsync("a", "1");
        await _server.Client.Kv.PutAsync("b", "2");
        Watcher watcher = _server.Client.Watch.Watch(new WatchCreateRequest
        {
            Key = CopyFromUtf8("a"),
            RangeEnd = CopyFromUtf8("z"),
            StartRevision = 2,
            PrevKv = true,
        });
        var events = new List<Event>();
        await foreach (WatchResponse response in watcher.WithCancellation(_patience.Token))
        {
            events.AddRange(response.Events);
            if (events.Count == 2)
            {
                await _server.Client.Kv.DeleteAsync(KeyRange.One("a"));
            }

            if (events.Count == 3)
            {
                break;
            }
        }

        Assert.Multiple(() =>
        {
            Assert.That(events.Select(change => change.Kv.ModRevision), Is.EqualTo(new[] { 2, 3, 4 }));
            Assert.That(events[2].Type, Is.EqualTo(Event.Types.EventType.Delete));
            Assert.That(events[2].PrevKv.Value.ToStringUtf8(), Is.EqualTo("1"));
        });
    }

    [Test]
    public async Task A_watch_from_before_the_compaction_is_told_so()
    {
        for (int i = 0; i < 4; i++)
        {
            await _server.Client.Kv.PutAsync("k", $"{i}");
        }

        await _server.Client.Kv.CompactAsync(4, physical: false);
        Watcher watcher = _server.Client.Watch.Watch(new WatchCreateRequest { Key = CopyFromUtf8("k"), StartRevision = 2 });

        WatchCompactedException? compacted = await Assert.ThrowsAsync<WatchCompactedException>(async () =>
        {
            await foreach (WatchResponse response in watcher.WithCancellation(_patience.Token))
            {
                Assert.That(response.Events, Is.Empty);
            }
        });
        Assert.That(compacted!.CompactRevision, Is.EqualTo(4));
    }

    [Test]
    public async Task An_idle_watch_is_told_how_far_it_has_come()
    {
        Watcher watcher = _server.Client.Watch.Watch(new WatchCreateRequest { Key = CopyFromUtf8("quiet"), ProgressNotify = true });
        await _server.Client.Kv.PutAsync("other", "x");
        await foreach (WatchResponse response in watcher.WithCancellation(_patience.Token))
        {
            if (!response.Created && response.Header.Revision == 2)
            {
                Assert.That(response.Events, Is.Empty);
                return;
            }
        }

        Assert.Fail("the watch ended");
    }

    [Test]
    public async Task A_lease_holds_keys_until_it_is_revoked()
    {
        LeaseGrantResponse lease = await _server.Client.Lease.GrantAsync(1);
        await _server.Client.Kv.PutAsync(new PutRequest { Key = CopyFromUtf8("k"), Lease = lease.ID });
        LeaseKeepAliveResponse renewed = await _server.Client.Lease.KeepAliveOnceAsync(lease.ID);
        LeaseTimeToLiveResponse alive = await _server.Client.Lease.TimeToLiveAsync(lease.ID, withKeys: true);
        LeaseLeasesResponse list = await _server.Client.Lease.ListAsync();
        await _server.Client.Lease.RevokeAsync(lease.ID);
        LeaseTimeToLiveResponse gone = await _server.Client.Lease.TimeToLiveAsync(lease.ID, withKeys: true);
        KeyValue? key = await _server.Client.Kv.GetAsync("k");

        Assert.Multiple(() =>
        {
            Assert.That(lease.TTL, Is.EqualTo(2), "raised to the floor");
            Assert.That(renewed.TTL, Is.EqualTo(2));
            Assert.That(alive.GrantedTTL, Is.EqualTo(2));
            Assert.That(alive.Keys.Single().ToStringUtf8(), Is.EqualTo("k"));
            Assert.That(list.Leases.Single().ID, Is.EqualTo(lease.ID));
            Assert.That(gone.TTL, Is.EqualTo(-1));
            Assert.That(key, Is.Null);
        });
    }

    [Test]
    public async Task A_lease_that_is_gone_is_renewed_to_zero() =>
        Assert.That((await _server.Client.Lease.KeepAliveOnceAsync(12345)).TTL, Is.Zero);

    [Test]
    public async Task A_lease_that_runs_out_takes_its_keys_with_it()
    {
        LeaseGrantResponse lease = await _server.Client.Lease.GrantAsync(1);
        await _server.Client.Kv.PutAsync(new PutRequest { Key = CopyFromUtf8("k"), Lease = lease.ID });
        Watcher watcher = _server.Client.Watch.Watch(new WatchCreateRequest { Key = CopyFromUtf8("k"), StartRevision = 3 });
        await foreach (WatchResponse response in watcher.WithCancellation(_patience.Token))
        {
            if (response.Events.Count > 0)
            {
                Assert.That(response.Events[0].Type, Is.EqualTo(Event.Types.EventType.Delete));
                return;
            }
        }

        Assert.Fail("the watch ended");
    }

    [Test]
    public async Task A_snapshot_is_a_file_that_reads_back()
    {
        await _server.Client.Kv.PutAsync("a", "1");
        await _server.Client.Kv.PutAsync("b", new string('x', 100_000));
        var file = new MemoryStream();
        await foreach (SnapshotResponse piece in _server.Client.Maintenance.SnapshotAsync(_patience.Token))
        {
            file.Write(piece.Blob.Span);
        }

        Assert.That(file.Length % 512, Is.EqualTo(32), "a checksum follows whole sectors");
        using var snapshot = new EtcdSnapshotReader(file, skipChecksum: false);
        SnapshotStatus status = SnapshotStatus.Of(snapshot);
        Assert.That(status, Has.Property("Revision").EqualTo(3).And.Property("TotalKeys").EqualTo(2));
    }
}
