using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Kubelet;
using Etcdish.Kubelet.Certificates;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish kubelet: makes this machine a node of a cluster, or simulates many.</summary>
internal sealed class KubeletVerb
{
    private const int Failed = 1;

    private readonly SimulatedNodeArguments _nodes = new("--nodes", defaultCount: 1);
    private readonly KubeletArguments _arguments = new();
    private readonly Option<string> _kubeconfig = new("--kubeconfig")
    {
        Description = "The cluster, and as whom to work on it: as the node, system:node:NAME, or as an administrator.",
        Required = true,
    };

    private readonly Option<string?> _bootstrap = new("--bootstrap-kubeconfig")
    {
        Description = "As whom to ask for the node's own certificate, if --kubeconfig is not there yet: that file is made with it.",
    };

    private readonly Option<bool> _fake = new("--fake")
    {
        Description = "Simulate nodes: pods run in memory, and only as far as the API shows.",
    };

    private readonly Option<string> _folder = new("--root-dir")
    {
        Description = "Folder of pods' volumes and of what must be remembered.",
        DefaultValueFactory = _ => new KubeletOptions().Folder,
    };

    private readonly Option<string> _logs = new("--pod-log-dir")
    {
        Description = "Folder of pods' logs.",
        DefaultValueFactory = _ => new KubeletOptions().LogFolder,
    };

    private readonly Option<int> _port = new("--port")
    {
        Description = "The port of its server; 0 takes a free one.",
        DefaultValueFactory = _ => new KubeletOptions().Port,
    };

    private readonly Option<string?> _certificate = new("--tls-cert-file")
    {
        Description = "The certificate of its server, which the API server must trust; default: one that the cluster is asked for.",
    };

    private readonly Option<string?> _key = new("--tls-private-key-file") { Description = "The key of that certificate." };

    private readonly Option<string?> _clients = new("--client-ca-file")
    {
        Description = "Who signs the certificates of its clients; default: who signed the API server's.",
    };

    private readonly Option<string> _networks = new("--cni-conf-dir")
    {
        Description = "Where it is said how pods that are processes get a network of their own; empty: they have the node's.",
        DefaultValueFactory = _ => new KubeletOptions().NetworkConfigFolder,
    };

    private readonly Option<string> _plugins = new("--cni-bin-dir")
    {
        Description = "Where the programs are that make it.",
        DefaultValueFactory = _ => new KubeletOptions().NetworkPluginFolder,
    };

    private KubeletVerb()
    {
    }

    public static Command Command()
    {
        var verb = new KubeletVerb();
        var command = new Command(
            "kubelet",
            """
            Make this machine a node: it registers, runs the pods that are bound to it, and serves their logs and commands.

            Pods run in containers where a container runtime answers, and else as processes of this machine. When this stops they run on, and
            whoever starts it again takes them over.

            With --fake it simulates nodes instead: pods that are bound to them become ready, end and go, without anything being run. A pod's
            annotation etcdish.io/simulated-run says after which time its containers end (2s), etcdish.io/simulated-exit-code by which code,
            and etcdish.io/simulated-stuck why they do not start (ImagePullBackOff).

            Examples:
              etcdish kubelet --kubeconfig node.kubeconfig
              etcdish kubelet --kubeconfig node.kubeconfig --bootstrap-kubeconfig admin.kubeconfig
              etcdish kubelet --kubeconfig node.kubeconfig --runtime process --node-name small
              etcdish kubelet --fake --nodes 5000 --zones 3 --pod-start-latency 1s --kubeconfig admin.kubeconfig
            """)
        {
            verb._kubeconfig, verb._bootstrap, verb._fake, verb._folder, verb._logs, verb._port, verb._certificate, verb._key,
            verb._clients, verb._networks, verb._plugins,
        };
        foreach (var option in verb._arguments.Options.Concat(verb._nodes.Options))
        {
            command.Options.Add(option);
        }

        command.SetAction(verb.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            await (parsed.GetValue(_fake) ? RunSimulatedAsync(parsed, cancellation) : RunNodeAsync(parsed, cancellation));
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or FormatException
            or CryptographicException)
        {
            await Console.Error.WriteLineAsync($"etcdish kubelet: {e.Message}");
            return Failed;
        }
    }

    private async Task RunSimulatedAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = _nodes.Read(parsed) ?? throw new ArgumentException("--nodes must be 1 at least");
        await ClusterProgram.RunNodesAsync(
            KubernetesClient.FromKubeconfig(parsed.GetRequiredValue(_kubeconfig), "kubelet"),
            options,
            () => Console.Out.WriteLine($"ready: {options.Count} simulated nodes"),
            cancellation);
    }

    private async Task RunNodeAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var kubeconfig = parsed.GetRequiredValue(_kubeconfig);
        using var access = parsed.GetValue(_bootstrap) is { } bootstrap
            ? await NodeAccess.OpenAsync(
                kubeconfig, bootstrap, _arguments.NodeName(parsed), TimeProvider.System, ClusterProgram.Warn, cancellation)
            : null;
        var logs = Path.GetFullPath(parsed.GetRequiredValue(_logs));
        var options = _arguments.Read(parsed) with
        {
            Folder = Path.GetFullPath(parsed.GetRequiredValue(_folder)),
            LogFolder = logs,
            LogLinkFolder = Path.Combine(Path.GetDirectoryName(logs) ?? logs, "containers"),
            Port = parsed.GetRequiredValue(_port),
            NetworkConfigFolder = parsed.GetRequiredValue(_networks),
            NetworkPluginFolder = parsed.GetRequiredValue(_plugins),
            Certificates = ReadCertificates(parsed, KubeconfigFile.Read(kubeconfig)),
        };
        using var own = access is null ? KubernetesClient.FromKubeconfig(kubeconfig, "kubelet") : null;
        var client = own ?? access!.Client;
        var kubelet = new Kubelet.Kubelet(client, options, TimeProvider.System, ClusterProgram.Warn);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = kubelet.RunAsync(cancellation);
        var beside = ClusterProgram.IgnoreEnd(
            Task.WhenAll(
                new WorkingSet(TimeProvider.System, ClusterProgram.Warn).RunAsync(stop.Token),
                access?.RunAsync(stop.Token) ?? Task.CompletedTask),
            stop.Token);
        if (await Task.WhenAny(running, kubelet.Ready) == kubelet.Ready)
        {
            await Console.Out.WriteLineAsync($"ready: node {options.NodeName}, {kubelet.Runtime}, port {kubelet.Server?.Port}");
        }

        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await stop.CancelAsync();
        await beside;
        await running;
    }

    private KubeletCertificates? ReadCertificates(ParseResult parsed, ClusterAccess access)
    {
        // Who speaks to the API without TLS has nobody to trust.
        if (access.Server.Scheme == Uri.UriSchemeHttp)
        {
            return null;
        }

        var clients = access.Authority ?? [];
        if (parsed.GetValue(_clients) is { } file)
        {
            clients = [];
            clients.ImportFromPemFile(file);
        }

        return (parsed.GetValue(_certificate), parsed.GetValue(_key)) switch
        {
            (null, null) => new KubeletCertificates(null, null, clients),
            ({ } certificate, { } key) => new KubeletCertificates(ReadPair(certificate, key), null, clients),
            _ => throw new ArgumentException("--tls-cert-file and --tls-private-key-file go together"),
        };
    }

    /// <summary>A copy by way of PKCS #12: TLS takes keys out of that on every system.</summary>
    private static X509Certificate2 ReadPair(string certificate, string key)
    {
        using var read = X509Certificate2.CreateFromPemFile(certificate, key);
        return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
    }
}
