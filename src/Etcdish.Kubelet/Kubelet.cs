using System.Net;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubelet;

/// <summary>
/// Makes a machine a node of a cluster: it registers, runs the pods that are bound to it by a container runtime or as processes, tells how
/// they are, and serves their logs and commands. When it ends, pods run on, and whoever starts on the same folder takes them over; with
/// <see cref="KubeletOptions.ShutdownGrace"/> they are ended first.
/// </summary>
public sealed class Kubelet
{
    private readonly KubernetesClient _client;
    private readonly KubeletOptions _options;
    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes one; nothing happens before it runs.</summary>
    /// <param name="client">The API, as the node's user. Not closed with it.</param>
    /// <param name="options">What it is told.</param>
    /// <param name="clock">The clock of all that it does.</param>
    /// <param name="warn">Is told, a line each, what an operator should know of.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public Kubelet(KubernetesClient client, KubeletOptions options, TimeProvider clock, Action<string> warn)
    {
        options.Validate();
        (_client, _options, _clock, _warn) = (client, options, clock, warn);
    }

    /// <summary>Completes when the API has it that the node is ready for pods.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Where its server listens; null: not yet.</summary>
    public IPEndPoint? Server { get; private set; }

    /// <summary>What runs its pods, such as <c>containerd://1.6.20</c>; empty: that is not known yet.</summary>
    public string Runtime { get; private set; } = "";

    /// <summary>Works until it is cancelled.</summary>
    /// <exception cref="IOException">A folder cannot be used, another kubelet uses it, or the server's address is taken.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var folder = LockFolder();
        var address = _options.NodeAddress ?? NodeAddresses.Find();
        await using var runtime = await RuntimeChoice.OpenAsync(_options, [address.ToString()], _clock, _warn, cancellation);
        await using var node = await KubeletNode.StartAsync(_client, _options, address, runtime, _clock, _warn, cancellation);
        Server = node.Server;
        var announcing = AnnounceAsync(node, cancellation);
        await node.RunAsync(cancellation);
        await announcing;
    }

    private async Task AnnounceAsync(KubeletNode node, CancellationToken cancellation)
    {
        await node.Ready.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (node.Ready.IsCompletedSuccessfully)
        {
            Runtime = node.RuntimeVersion;
            _ready.TrySetResult();
        }
    }

    /// <summary>Two kubelets on one folder would take each other's pods for left over ones.</summary>
    private FileStream LockFolder()
    {
        Directory.CreateDirectory(_options.Folder);
        var path = Path.Combine(_options.Folder, "kubelet.lock");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"another kubelet uses {_options.Folder}: {e.Message}", e);
        }
    }
}
