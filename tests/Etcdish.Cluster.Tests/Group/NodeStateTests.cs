using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>Whole nodes with threads, files and TCP on the loopback, one of which lacks state and gets it.</summary>
public class NodeStateTests
{
    private static readonly string[] _names = ["a", "b", "c"];

    private readonly List<string> _notices = [];
    private NodeGroup _group = new();

    [SetUp]
    public Task StartAsync()
    {
        _group = new NodeGroup { Configure = options => options with { KeptEntries = 100, OnNotice = Note } };
        return _group.FoundAsync(_names);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _group.DisposeAsync();
        _notices.Clear();
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_that_was_away_too_long_gets_the_state(CancellationToken cancellation)
    {
        await _group.PutAsync("c", "first", 10, cancellation);
        await _group.StopAsync("c");
        await PutManyAsync("a", 2_500, cancellation);
        await _group.StartAsync("c", _names);
        await _group.PutAsync("c", "after", 10, cancellation);
        Assert.That(_group["c"].SnapshotsReceived, Is.EqualTo(1));
        AssertSame();

        await _group["c"].RunMaintenanceAsync();
        Assert.That(_group["c"].Metrics.Checkpoints, Is.Positive, "state that was received is soon in a checkpoint");
        await _group.StopAsync("c");
        await _group.StartAsync("c", _names);
        await _group.PutAsync("c", "again", 10, cancellation);
        Assert.That(_group["c"].SnapshotsReceived, Is.Zero);
        AssertSame();
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_whose_log_is_damaged_is_filled_again(CancellationToken cancellation)
    {
        await _group.PutAsync("c", "first", 100, cancellation);
        await PutManyAsync("a", 50, cancellation);
        await _group.PutAsync("c", "second", 100, cancellation);
        await _group.StopAsync("c");
        string segment = Path.Combine(_group.FolderOf("c"), "0000000000000001.seg");
        Flip(segment, 200);
        await _group.StartAsync("c", _names);
        Assert.That(_group["c"].Stopping.IsCancellationRequested, Is.False);
        await _group.PutAsync("c", "after", 10, cancellation);
        AssertSame();
        Assert.That(_notices, Has.One.Contains("THE DATA OF THIS MEMBER IS DAMAGED").And.One.Contains("0000000000000001.seg"));
        Assert.That(Directory.GetFiles(_group.FolderOf("c"), "damaged-*"), Has.Length.EqualTo(1));
        await AssertWholeAsync("c", cancellation);
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_that_meets_a_damaged_value_stops_and_is_filled_again_at_its_next_start(CancellationToken cancellation)
    {
        await _group.PutAsync("c", "value", 5_000, cancellation);
        Node node = _group["c"];
        Assert.That(node.Store.TryGet("value"u8, out KeyRevision? version));
        ValueReference place = version!.Value;
        Flip(Path.Combine(_group.FolderOf("c"), $"{place.Segment:D16}.seg"), place.Offset + 100);
        DamagedValueException? met = Assert.Throws<DamagedValueException>(() => node.Values.Read(place, new byte[place.Length]));
        node.ReportDamage(met!);
        Assert.That(await node.Failed.WaitAsync(cancellation), Is.SameAs(met));
        await _group.StopAsync("c");
        await _group.StartAsync("c", _names);
        await _group.PutAsync("c", "after", 10, cancellation);
        Assert.That(_group["c"].Store.TryGet("value"u8, out version));
        _group["c"].Values.Read(version!.Value, new byte[version.Value.Length]);
        AssertSame();
        await AssertWholeAsync("c", cancellation);
    }

    // A member is whole from the append on that reaches its target; writes may be answered before.
    private async Task AssertWholeAsync(string name, CancellationToken cancellation)
    {
        while (_group[name].IsQuarantined)
        {
            await _group.PutAsync("a", "more", 1, cancellation);
        }

        await _group.StopAsync(name);
        _notices.Clear();
        await _group.StartAsync(name, _names);
        Assert.That(_group[name].IsQuarantined, Is.False);
        Assert.That(_notices, Has.None.Contains("DAMAGED"));
    }

    private void AssertSame()
    {
        long revision = _group.Nodes.Values.Min(node => node.Store.CurrentRevision);
        Assert.That(_group.Nodes.Values.Select(node => node.Store.HashKv(revision).Hash).Distinct().Count(), Is.EqualTo(1));
    }

    private void Note(NodeNotice notice)
    {
        lock (_notices)
        {
            _notices.Add(notice.Message);
        }
    }

    private async Task PutManyAsync(string name, int count, CancellationToken cancellation)
    {
        foreach (int[] some in Enumerable.Range(0, count).Chunk(100))
        {
            await Task.WhenAll(some.Select(i => _group.PutAsync(name, $"key{i}", i % 10 == 0 ? 20_000 : 10, cancellation)));
        }
    }

    private static void Flip(string path, long offset)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = offset;
        int before = file.ReadByte();
        file.Position = offset;
        file.WriteByte((byte)(before ^ 0x20));
    }
}
