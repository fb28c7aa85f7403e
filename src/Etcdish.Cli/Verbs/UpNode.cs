using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Kubelet;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Cli.Verbs;

/// <summary>This machine as the first node of <c>etcdish up</c>, with folders of its own below the cluster's.</summary>
internal sealed class UpNode
{
    // A machine that somebody works at: its disk may be nine tenths full, and that is no reason to refuse pods.
    private readonly KubeletArguments _arguments = new(new KubeletOptions
    {
        StopGrace = TimeSpan.FromSeconds(10),
        EvictionHard = "memory.available<100Mi,nodefs.available<1Gi,imagefs.available<1Gi",
        ImageHighPercent = 100,
    });

    private readonly Option<bool> _none = new("--disable-kubelet") { Description = "This machine is to be no node." };

    /// <summary>Its options.</summary>
    public IEnumerable<Option> Options => _arguments.Options.Append(_none);

    /// <summary>The user that its kubelet is for the API.</summary>
    public string User(ParseResult parsed) => "system:node:" + _arguments.NodeName(parsed);

    /// <summary>What the user said of the node; null: the user wants none.</summary>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public KubeletOptions? Read(ParseResult parsed) => parsed.GetValue(_none) ? null : _arguments.Read(parsed);

    /// <summary>The kubelet.</summary>
    /// <param name="api">The cluster.</param>
    /// <param name="options">What the user said of the node.</param>
    /// <param name="client">The API, as <see cref="User"/> of the group system:nodes.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public static Kubelet.Kubelet Make(ReadyApi api, KubeletOptions options, KubernetesClient client)
    {
        X509Certificate2Collection clients = [X509Certificate2.CreateFromPem(api.Certificates.AuthorityPem)];
        return new Kubelet.Kubelet(
            client,
            options with
            {
                Folder = Path.Combine(api.Folder, "kubelet"),
                LogFolder = Path.Combine(api.Folder, "logs", "pods"),
                LogLinkFolder = Path.Combine(api.Folder, "logs", "containers"),
                Port = IsFree(options.Port) ? options.Port : 0,
                Certificates = new KubeletCertificates(null, api.Certificates.Authority, clients),
            },
            TimeProvider.System,
            ClusterProgram.Warn);
    }

    /// <summary>Runs it, and says so when the node is ready, or when that takes long.</summary>
    public static async Task RunAsync(Kubelet.Kubelet kubelet, Action announce, CancellationToken cancellation)
    {
        var patience = TimeSpan.FromSeconds(15);
        var running = kubelet.RunAsync(cancellation);
        await Task.WhenAny(running, kubelet.Ready, Task.Delay(patience, cancellation));
        if (!running.IsCompleted && !cancellation.IsCancellationRequested)
        {
            announce();
        }

        await running;
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
