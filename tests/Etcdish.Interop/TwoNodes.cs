using Etcdish.Testing;
using Etcdish.Testing.Containerd;

namespace Etcdish.Interop;

/// <summary>
/// A cluster of two machines (<see cref="NodeLinks"/>), each with a containerd of its own: node <c>one</c> is <c>etcdish up</c>, and node
/// <c>two</c> is <c>etcdish join</c> with the file that a user would have copied.
/// </summary>
internal sealed class TwoNodes : IAsyncDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(40);
    private static readonly string[] _names = ["one", "two"];

    private readonly List<ContainerdServer> _containerds = [];
    private ChildProcess? _second;

    private TwoNodes(NodeLinks links) => Links = links;

    /// <summary>The machines.</summary>
    public NodeLinks Links { get; }

    /// <summary>Node <c>one</c>, and kubectl on it.</summary>
    public KubernetesServer Server { get; private set; } = null!;

    /// <summary>Starts both; they are ready.</summary>
    public static async Task<TwoNodes> StartAsync(bool isRouted)
    {
        var cluster = new TwoNodes(NodeLinks.Create(isRouted));
        try
        {
            cluster._containerds.Add(await ContainerdServer.StartAsync(cluster.Links.LauncherOf(0)));
            cluster._containerds.Add(await ContainerdServer.StartAsync(cluster.Links.LauncherOf(1)));
            cluster.Server = new KubernetesServer(onGenuineEtcd: false, up: cluster.OptionsOf(0), launcher: cluster.Links.LauncherOf(0));
            cluster.StartSecond(cluster.Server.Path("cluster/join.kubeconfig"));
            cluster.Server.Run("wait --for=condition=Ready node/one node/two --timeout=30s => .*condition met.*condition met");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts what makes the second machine a node.</summary>
    public void StartSecond(string invitation)
    {
        string[] command =
        [
            .. Links.LauncherOf(1), EtcdishServer.ExecutablePath, "join", invitation, "--data-dir", Server.Path("two"), .. OptionsOf(1),
        ];
        _second = ChildProcess.Start(command[0], command[1..]);
        if (!_second.StandardOutput.Wait(text => text.Contains("ready: node two", StringComparison.Ordinal), _limit))
        {
            throw new InvalidOperationException($"the second machine did not join: {_second.Describe()}");
        }
    }

    /// <summary>Kills it without warning; its pods run on.</summary>
    public void KillSecond()
    {
        _second!.Send(Signal.Kill);
        _second.WaitForExit(_limit);
        _second.Dispose();
        _second = null;
    }

    /// <summary>What the machine outside gets from a URL; fails if nothing comes within some seconds.</summary>
    public string Ask(string url, int seconds = 5)
    {
        var result = Links.RunOutside($"timeout {seconds} busybox wget -qO- {url}");
        return result.ExitCode == 0 ? result.StandardOutput.Trim() : $"nothing: {result}";
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_second is not null)
            {
                Server?.Kubectl("delete deployments,pods --all --grace-period=1 --timeout=30s");
            }

            _second?.Dispose();
        }
        finally
        {
            foreach (var containerd in _containerds)
            {
                await containerd.DisposeAsync();
            }

            Unmount();
            Server?.Dispose();
            Links.Dispose();
        }
    }

    private string[] OptionsOf(int node) =>
    [
        "--runtime", "containerd", "--container-runtime-endpoint", _containerds[node].Endpoint, "--node-name", _names[node],
        "--node-ip", Links.Nodes[node], "--cni-conf-dir", _containerds[node].NetworkFolder, "--cni-bin-dir", ContainerdServer.PluginPath,
        "--eviction-hard", "memory.available<1Mi",

        // The machines of this test have one tree of control groups: each would tidy away what the other has there.
        "--cgroup-driver", "none",
    ];

    /// <summary>Volumes in memory of pods that nobody ended keep their folders from being deleted.</summary>
    private void Unmount()
    {
        var folder = Server?.Path("") ?? "/none/";
        foreach (var mount in File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')[1]).Where(path => path.StartsWith(folder, StringComparison.Ordinal)))
        {
            using var process = ChildProcess.Start("umount", ["-l", mount]);
            process.WaitForExit(_limit);
        }
    }
}
