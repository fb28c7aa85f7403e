using System.Buffers;
using System.Text;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>Whole nodes with threads, files and TCP on the loopback, one of which lacks state and gets it.</summary>
public class NodeStateTests
{
    private static readonly string[] _names = ["a", "b", "c"];

    private readonly Dictionary<string, TemporaryFolder> _folders = [];
    private readonly Dictionary<string, Node> _nodes = [];
    private readonly Dictionary<string, string> _urls = [];
    private readonly List<string> _notices = [];

    [SetUp]
    public async Task StartAsync()
    {
        foreach (string name in _names)
        {
            _folders[name] = new TemporaryFolder();
            _urls[name] = $"http://127.0.0.1:{FreePorts.Take()}";
        }

        await Task.WhenAll(_names.Select(StartAsync));
        await Task.WhenAll(_nodes.Values.Select(node => node.Published));
    }

    [TearDown]
    public async Task StopAsync()
    {
        foreach (Node node in _nodes.Values)
        {
            await node.DisposeAsync();
        }

        foreach (TemporaryFolder folder in _folders.Values)
        {
            folder.Dispose();
        }

        _nodes.Clear();
        _notices.Clear();
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_that_was_away_too_long_gets_the_state(CancellationToken cancellation)
    {
        await PutAsync("c", "first", 10, cancellation);
        await StopAsync("c");
        await PutManyAsync("a", 2_500, cancellation);
        await StartAsync("c");
        await PutAsync("c", "after", 10, cancellation);
        Assert.That(_nodes["c"].SnapshotsReceived, Is.EqualTo(1));
        AssertSame();

        await _nodes["c"].RunMaintenanceAsync();
        Assert.That(_nodes["c"].Metrics.Checkpoints, Is.Positive, "state that was received is soon in a checkpoint");
        await StopAsync("c");
        await StartAsync("c");
        await PutAsync("c", "again", 10, cancellation);
        Assert.That(_nodes["c"].SnapshotsReceived, Is.Zero);
        AssertSame();
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_whose_log_is_damaged_is_filled_again(CancellationToken cancellation)
    {
        await PutAsync("c", "first", 100, cancellation);
        await PutManyAsync("a", 50, cancellation);
        await PutAsync("c", "second", 100, cancellation);
        await StopAsync("c");
        string segment = Path.Combine(_folders["c"].Path, "0000000000000001.seg");
        Flip(segment, 200);
        await StartAsync("c");
        Assert.That(_nodes["c"].Stopping.IsCancellationRequested, Is.False);
        await PutAsync("c", "after", 10, cancellation);
        AssertSame();
        Assert.That(_notices, Has.One.Contains("THE DATA OF THIS MEMBER IS DAMAGED").And.One.Contains("0000000000000001.seg"));
        Assert.That(Directory.GetFiles(_folders["c"].Path, "damaged-*"), Has.Length.EqualTo(1));
        await AssertWholeAsync("c", cancellation);
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_that_meets_a_damaged_value_stops_and_is_filled_again_at_its_next_start(CancellationToken cancellation)
    {
        await PutAsync("c", "value", 5_000, cancellation);
        Node node = _nodes["c"];
        Assert.That(node.Store.TryGet("value"u8, out KeyRevision? version));
        ValueReference place = version!.Value;
        Flip(Path.Combine(_folders["c"].Path, $"{place.Segment:D16}.seg"), place.Offset + 100);
        DamagedValueException? met = Assert.Throws<DamagedValueException>(() => node.Values.Read(place, new byte[place.Length]));
        node.ReportDamage(met!);
        Assert.That(await node.Failed.WaitAsync(cancellation), Is.SameAs(met));
        await StopAsync("c");
        await StartAsync("c");
        await PutAsync("c", "after", 10, cancellation);
        Assert.That(_nodes["c"].Store.TryGet("value"u8, out version));
        _nodes["c"].Values.Read(version!.Value, new byte[version.Value.Length]);
        AssertSame();
        await AssertWholeAsync("c", cancellation);
    }

    // A member is whole from the append on that reaches its target; writes may be answered before.
    private async Task AssertWholeAsync(string name, CancellationToken cancellation)
    {
        while (_nodes[name].IsQuarantined)
        {
            await PutAsync("a", "more", 1, cancellation);
        }

        await StopAsync(name);
        _notices.Clear();
        await StartAsync(name);
        Assert.That(_nodes[name].IsQuarantined, Is.False);
        Assert.That(_notices, Has.None.Contains("DAMAGED"));
    }

    private void AssertSame()
    {
        long revision = _nodes.Values.Min(node => node.Store.CurrentRevision);
        Assert.That(_nodes.Values.Select(node => node.Store.HashKv(revision).Hash).Distinct().Count(), Is.EqualTo(1));
    }

    private async Task StartAsync(string name)
    {
        ClusterMember[] members = [.. _names.Select(member => new ClusterMember(Id(member), member, [_urls[member]], []))];
        Node node = await Node.OpenAsync(new NodeOptions
        {
            DataDirectory = _folders[name].Path,
            Name = name,
            MemberId = Id(name),
            ClusterId = MemberIdentity.ClusterId(members.Select(member => member.Id)),
            InitialMembers = members,
            PeerUrls = [_urls[name]],
            PeerListenUrls = [_urls[name]],
            Log = new Log.LogOptions { SegmentBytes = 1 << 20 },
            HeartbeatInterval = TimeSpan.FromMilliseconds(20),
            ElectionTimeout = TimeSpan.FromMilliseconds(300),
            KeptEntries = 100,
            OnNotice = Note,
        });
        lock (_nodes)
        {
            _nodes[name] = node;
        }
    }

    private async Task StopAsync(string name)
    {
        await _nodes[name].DisposeAsync();
        _nodes.Remove(name);
    }

    private ulong Id(string name) => MemberIdentity.MemberId([_urls[name]], "test");

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
            await Task.WhenAll(some.Select(i => PutAsync(name, $"key{i}", i % 10 == 0 ? 20_000 : 10, cancellation)));
        }
    }

    // A put is the same however often it is done, so it is done until a leader has taken it.
    private async Task PutAsync(string name, string key, int bytes, CancellationToken cancellation)
    {
        ArrayBufferWriter<byte> request = new();
        RequestEncoder.Encode(new PutRequest { Key = Encoding.UTF8.GetBytes(key), Value = new byte[bytes] }, request);
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                await _nodes[name].ProposeAsync(EntryKind.Put, request.WrittenMemory, cancellation);
                return;
            }
            catch (EtcdException refusal)
            {
                Assert.That(refusal.Error.Code, Is.EqualTo(14), refusal.Message);
            }
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
