using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Kubelet.Processes.Networks;
using Etcdish.Testing;
using Etcdish.Testing.Containerd;

namespace Etcdish.Interop;

/// <summary>
/// <c>etcdish up</c> with its network, in a network namespace that stands for a machine; the tests' process is the world outside. Pods are
/// containers of a genuine containerd, or processes, which need busybox on the machine and find it in images too. At disposal nothing of it
/// is left.
/// </summary>
internal sealed class NetworkedCluster : IAsyncDisposable
{
    public const string Containers = "containerd";
    public const string Processes = "process";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly NamespaceNetwork _network = NamespaceNetwork.Create(1);
    private ContainerdServer? _containerd;
    private KubernetesServer? _server;

    private NetworkedCluster()
    {
    }

    /// <summary>Its API, and kubectl.</summary>
    public KubernetesServer Server => _server!;

    /// <summary>The node's address.</summary>
    public string Address => _network.AddressOf(0);

    /// <summary>A client on the node.</summary>
    public HttpClient Neighbour() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (context, cancellation) =>
        {
            var place = _network.NetworkLauncherOf(0)[1]["--net=".Length..];
            var socket = await NetworkNamespace.OpenSocketAsync(place, AddressFamily.InterNetwork);
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        Timeout = _patience,
    };

    /// <summary>Starts one, and waits until its node is ready.</summary>
    /// <param name="runtime">What runs pods: <see cref="Containers"/> or <see cref="Processes"/>.</param>
    public static async Task<NetworkedCluster> StartAsync(string runtime)
    {
        Tools.Require("nft", "apt-get install nftables");
        Tools.Require("busybox", ContainerdServer.InstallLine);
        if (!File.Exists(Path.Combine(ContainerdServer.PluginPath, "bridge")))
        {
            Tools.Missing($"there are no CNI plugins; install them with: {ContainerdServer.InstallLine}");
        }

        var cluster = new NetworkedCluster();
        try
        {
            await cluster.BuildAsync(runtime);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A certificate for a name, which clients outside trust; as files NAME.pem and NAME.key.</summary>
    public X509Certificate2 WriteCertificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Server.Write($"{name}.pem", certificate.ExportCertificatePem());
        Server.Write($"{name}.key", key.ExportPkcs8PrivateKeyPem());
        return certificate;
    }

    /// <summary>A client outside for which all names are the node's, and that follows no redirections.</summary>
    public HttpClient Visitor(X509Certificate2 trusted) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = new TcpClient();
            await socket.ConnectAsync(Address, context.DnsEndPoint.Port, cancellation);
            return socket.GetStream();
        },
        SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == trusted.GetCertHashString() },
        AllowAutoRedirect = false,
    })
    {
        Timeout = _patience,
    };

    public async ValueTask DisposeAsync()
    {
        try
        {
            _server?.Kubectl("delete deployments,statefulsets,pods --all --grace-period=1 --timeout=30s");
            if (_containerd is null)
            {
                _server?.Stop();
            }
        }
        finally
        {
            if (_containerd is not null)
            {
                await _containerd.DisposeAsync();
            }

            UnmountNamespaces();
            _server?.Dispose();
            _network.Dispose();
            _folder.Dispose();
        }
    }

    private async Task BuildAsync(string runtime)
    {
        var launcher = _network.NetworkLauncherOf(0);

        // As on a machine with a network: addresses that nobody has are refused by the node, not unknown to it.
        using (var route = ChildProcess.Start(launcher[0], [.. launcher.Skip(1), "ip", "route", "add", "default", "via", _network.Outside]))
        {
            Assert.That(route.WaitForExit(_patience), Is.Zero, route.Describe);
        }

        var configurations = _folder.File("net.d");
        string[] endpoint = [];
        if (runtime == Containers)
        {
            _containerd = await ContainerdServer.StartAsync(launcher);
            configurations = _containerd.NetworkFolder;
            endpoint = ["--container-runtime-endpoint", _containerd.Endpoint];
        }

        _server = new KubernetesServer(
            onGenuineEtcd: false,
            up:
            [
                "--runtime", runtime, .. endpoint, "--node-name", "here", "--node-ip", Address, "--cni-conf-dir", configurations,
                "--cni-bin-dir", ContainerdServer.PluginPath, "--eviction-hard", "memory.available<1Mi",
            ],
            launcher: launcher);
        _server.Run("""
            wait --for=condition=Ready node/here --timeout=30s => .*condition met
            get node here -L etcdish.io/pod-network => .* own
            """);
    }

    /// <summary>Those of pods that were not deleted, when a test failed.</summary>
    private void UnmountNamespaces()
    {
        if (_server is null)
        {
            return;
        }

        var folder = _server.Path("cluster") + "/";
        foreach (var mount in File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')[1]).Reverse())
        {
            if (mount.StartsWith(folder, StringComparison.Ordinal))
            {
                using var unmount = ChildProcess.Start("umount", ["-l", mount]);
                unmount.WaitForExit(_patience);
            }
        }
    }
}
