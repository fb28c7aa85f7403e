using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Embedded;

/// <summary>Members in this process, with folders and free ports of their own. Closes them and removes the folders.</summary>
internal sealed class EmbeddedGroup : IAsyncDisposable
{
    private static readonly string[] _names = ["ann", "bob", "cid"];

    private readonly Dictionary<string, TemporaryFolder> _folders = _names.ToDictionary(name => name, _ => new TemporaryFolder());
    private readonly Dictionary<string, EtcdCluster> _running = [];

    public Dictionary<string, string> Members { get; } =
        _names.ToDictionary(name => name, _ => $"http://127.0.0.1:{FreePorts.Take()}");

    /// <summary>Those that run, in the order of their names.</summary>
    public IEnumerable<EtcdCluster> Running => _names.Where(_running.ContainsKey).Select(name => _running[name]);

    /// <summary>Three that have a leader.</summary>
    public static async Task<EmbeddedGroup> StartAsync(CancellationToken cancellation)
    {
        EmbeddedGroup group = new();
        await Task.WhenAll(_names.Select(name => group.StartAsync(name, cancellation)));
        foreach (EtcdCluster member in group.Running)
        {
            await member.WaitForLeaderAsync(cancellation);
        }

        return group;
    }

    public async Task<EtcdCluster> StartAsync(string name, CancellationToken cancellation)
    {
        EtcdCluster member = await EtcdCluster.StartAsync(OptionsOf(name), cancellation);
        lock (_running)
        {
            return _running[name] = member;
        }
    }

    public EtcdClusterOptions OptionsOf(string name) => new()
    {
        Name = name,
        DataDirectory = _folders[name].Path,
        Members = Members,
        HeartbeatInterval = TimeSpan.FromMilliseconds(20),
        ElectionTimeout = TimeSpan.FromMilliseconds(400),
        Store = new EtcdStoreOptions { SegmentBytes = 1 << 20, MaxRequestBytes = 64 << 10 },
    };

    /// <summary>The disk of a member that was stopped is lost.</summary>
    public void Wipe(string name)
    {
        _folders[name].Dispose();
        _folders[name] = new TemporaryFolder();
    }

    /// <summary>The member that leads, by the word of all that run.</summary>
    public async Task<EtcdCluster> LeaderAsync(CancellationToken cancellation)
    {
        while (true)
        {
            ulong[] leaders = [.. await Task.WhenAll(Running.Select(member => member.WaitForLeaderAsync(cancellation)))];
            if (leaders.Distinct().Count() == 1 && Running.FirstOrDefault(member => member.MemberId == leaders[0]) is { } leader)
            {
                return leader;
            }
        }
    }

    public async Task StopAsync(EtcdCluster member)
    {
        _running.Remove(member.Name);
        await member.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_running.Values.Select(member => member.DisposeAsync().AsTask()));
        foreach (TemporaryFolder folder in _folders.Values)
        {
            folder.Dispose();
        }
    }
}
