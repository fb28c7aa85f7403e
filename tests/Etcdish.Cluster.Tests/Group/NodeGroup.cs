using System.Buffers;
using System.Text;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>Whole nodes by name, with threads, files and TCP on the loopback; folders and addresses outlive the nodes.</summary>
internal sealed class NodeGroup : IAsyncDisposable
{
    private readonly Dictionary<string, TemporaryFolder> _folders = [];
    private readonly Dictionary<string, string> _urls = [];
    private readonly Dictionary<string, Node> _nodes = [];

    /// <summary>Changes the options of every node that is started.</summary>
    public Func<NodeOptions, NodeOptions> Configure { get; init; } = static options => options;

    /// <summary>The nodes that run.</summary>
    public IReadOnlyDictionary<string, Node> Nodes => _nodes;

    public Node this[string name] => _nodes[name];

    /// <summary>Starts founders of a group, and waits until all of them are known.</summary>
    public async Task FoundAsync(params string[] names)
    {
        foreach (string name in names)
        {
            Place(name);
        }

        await Task.WhenAll(names.Select(name => StartAsync(name, names)));
        await Task.WhenAll(_nodes.Values.Select(node => node.Published));
    }

    /// <summary>Gives a name a folder and an address; a new and empty folder if it had one.</summary>
    public void Place(string name)
    {
        if (_folders.Remove(name, out TemporaryFolder? old))
        {
            old.Dispose();
        }

        _folders[name] = new TemporaryFolder();
        _urls.TryAdd(name, $"http://127.0.0.1:{FreePorts.Take()}");
    }

    public string FolderOf(string name) => _folders[name].Path;

    public string UrlOf(string name) => _urls[name];

    /// <summary>Starts a node whose options name these members.</summary>
    public async Task StartAsync(string name, string[] members, bool joins = false)
    {
        ClusterMember[] named = [.. members.Select(member => new ClusterMember(Id(member), member, [_urls[member]], []))];
        Node node = await Node.OpenAsync(Configure(new NodeOptions
        {
            DataDirectory = _folders[name].Path,
            Name = name,
            MemberId = Id(name),
            ClusterId = MemberIdentity.ClusterId(named.Select(member => member.Id)),
            InitialMembers = named,
            JoinsExistingGroup = joins,
            PeerUrls = [_urls[name]],
            PeerListenUrls = [_urls[name]],
            ClientUrls = [$"http://clients-of-{name}:2379"],
            Log = new Log.LogOptions { SegmentBytes = 1 << 20 },
            HeartbeatInterval = TimeSpan.FromMilliseconds(20),
            ElectionTimeout = TimeSpan.FromMilliseconds(300),
        }));
        lock (_nodes)
        {
            _nodes[name] = node;
        }
    }

    public async Task StopAsync(string name)
    {
        await _nodes[name].DisposeAsync();
        _nodes.Remove(name);
    }

    /// <summary>Puts a value. A put is the same however often it is done, so it is done until a leader has taken it.</summary>
    public async Task PutAsync(string name, string key, int bytes, CancellationToken cancellation)
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

    public async ValueTask DisposeAsync()
    {
        foreach (Node node in _nodes.Values)
        {
            await node.DisposeAsync();
        }

        foreach (TemporaryFolder folder in _folders.Values)
        {
            folder.Dispose();
        }
    }

    private ulong Id(string name) => MemberIdentity.MemberId([_urls[name]], "test");
}
