using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>Three whole nodes in this process, with threads, files and TCP on the loopback.</summary>
public class NodeGroupTests
{
    private const int Count = 3;

    private readonly TemporaryFolder[] _folders = [.. Enumerable.Range(0, Count).Select(_ => new TemporaryFolder())];
    private readonly Node?[] _nodes = new Node?[Count];
    private ClusterMember[] _members = [];

    [SetUp]
    public async Task StartAsync()
    {
        _members = [.. FreePorts().Select((port, i) => Member($"m{i}", $"http://127.0.0.1:{port}"))];
        for (int i = 0; i < Count; i++)
        {
            await StartAsync(i);
        }

        static ClusterMember Member(string name, string url) => new(MemberIdentity.MemberId([url], "test"), name, [url], []);
    }

    [TearDown]
    public async Task StopAsync()
    {
        foreach (Node? node in _nodes)
        {
            if (node is not null)
            {
                await node.DisposeAsync();
            }
        }

        foreach (TemporaryFolder folder in _folders)
        {
            folder.Dispose();
        }
    }

    [Test, CancelAfter(25_000)]
    public async Task Writes_and_reads_at_every_member_also_after_the_leader_went_and_came_back(CancellationToken cancellation)
    {
        for (int i = 0; i < Count; i++)
        {
            await PutAsync(i, $"key{i}", cancellation);
        }

        await AssertHasAllAsync([0, 1, 2], cancellation);
        int leader = Array.FindIndex(_nodes, node => node!.MemberId == node.LeaderId);
        Assert.That(leader, Is.Not.Negative);
        await _nodes[leader]!.DisposeAsync();
        _nodes[leader] = null;
        int[] left = [.. Enumerable.Range(0, Count).Where(i => i != leader)];
        await PutAsync(left[0], "after", cancellation);
        await AssertHasAllAsync(left, cancellation);

        await StartAsync(leader);
        await PutAsync(leader, "back", cancellation);
        await AssertHasAllAsync([0, 1, 2], cancellation);
        Assert.That(_nodes[leader]!.Store.TryGet("after"u8, out _));
        Assert.That(_nodes.Select(node => node!.Store.HashKv(0).Hash).Distinct().Count(), Is.EqualTo(1));
    }

    [Test, CancelAfter(25_000)]
    public async Task Leases_are_renewed_at_any_member_and_members_tell_of_themselves(CancellationToken cancellation)
    {
        await PutAsync(0, "key0", cancellation);
        ApplyResult granted = await _nodes[1]!.GrantLeaseAsync(0, 60, cancellation);
        foreach (Node? node in _nodes)
        {
            Assert.That(await node!.RenewLeaseAsync(granted.LeaseId, cancellation), Is.EqualTo(60));
            LeaseStatus? status = await node.TimeToLiveAsync(granted.LeaseId, withKeys: true, cancellation);
            Assert.That(status?.GrantedTtl, Is.EqualTo(TimeSpan.FromSeconds(60)));
            Assert.That(node.Members.Select(member => member.Name), Is.EquivalentTo(new[] { "m0", "m1", "m2" }));
        }
    }

    private async Task StartAsync(int i) => _nodes[i] = await Node.OpenAsync(new NodeOptions
    {
        DataDirectory = _folders[i].Path,
        Name = _members[i].Name,
        MemberId = _members[i].Id,
        ClusterId = MemberIdentity.ClusterId(_members.Select(member => member.Id)),
        InitialMembers = _members,
        PeerUrls = _members[i].PeerUrls,
        PeerListenUrls = _members[i].PeerUrls,
        Log = new Log.LogOptions { SegmentBytes = 1 << 20 },
        HeartbeatInterval = TimeSpan.FromMilliseconds(20),
        ElectionTimeout = TimeSpan.FromMilliseconds(300),
    });

    // A put is the same however often it is done, so it is done until a leader has taken it.
    private async Task PutAsync(int i, string key, CancellationToken cancellation)
    {
        ArrayBufferWriter<byte> request = new();
        RequestEncoder.Encode(new PutRequest { Key = Encoding.UTF8.GetBytes(key), Value = "x"u8.ToArray() }, request);
        while (true)
        {
            try
            {
                ApplyResult result = await _nodes[i]!.ProposeAsync(EntryKind.Put, request.WrittenMemory, cancellation);
                Assert.That(result.Error, Is.Null);
                Assert.That(_nodes[i]!.Store.TryGet(Encoding.UTF8.GetBytes(key), out _), "a client reads its own write");
                return;
            }
            catch (EtcdException refusal)
            {
                Assert.That(refusal.Error.Code, Is.EqualTo(14), refusal.Message);
            }
        }
    }

    private async Task AssertHasAllAsync(int[] nodes, CancellationToken cancellation)
    {
        foreach (int i in nodes)
        {
            await _nodes[i]!.ReadBarrierAsync(cancellation);
            Assert.That(_nodes[i]!.Store.TryGet("key0"u8, out _) && _nodes[i]!.Store.TryGet("key2"u8, out _), $"member {i}");
        }
    }

    private static int[] FreePorts()
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, Count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
        {
            listener.Start();
        }

        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners)
        {
            listener.Stop();
        }

        return ports;
    }
}
