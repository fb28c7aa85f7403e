using System.CommandLine;
using System.Security.Cryptography;
using Etcdish.Kubelet;
using Etcdish.Kubelet.Certificates;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish join: makes this machine one more node of a cluster of <c>etcdish up</c>, kubelet and network in one process.</summary>
internal sealed class JoinVerb
{
    private const int Failed = 1;

    private readonly KubeletArguments _arguments = new();
    private readonly NodeNetwork _network = new();
    private readonly Argument<string> _invitation = new("invitation")
    {
        Description = $"The file {Invitation.FileName} of the cluster's folder, brought here.",
    };

    private readonly Option<string> _folder = new("--data-dir")
    {
        Description = "Folder of the node: its kubeconfig, its pods' volumes and logs.",
        DefaultValueFactory = _ => "etcdish.node",
    };

    private readonly Option<int> _port = new("--port")
    {
        Description = "The port of the kubelet's server; 0 takes a free one.",
        DefaultValueFactory = _ => new KubeletOptions().Port,
    };

    private JoinVerb()
    {
    }

    public static Command Command()
    {
        var verb = new JoinVerb();
        var command = new Command(
            "join",
            $"""
            Make this machine one more node of a cluster that 'etcdish up' runs on another: pods, services, names, network policies, and ways to
            the pods of all nodes. Needs root, nft, and a container runtime for pods with addresses of their own.

            The invitation is needed once: the node gets a certificate by it. When this stops pods run on, and whoever starts it again on the
            same folder takes them over.

            Examples:
              scp first:etcdish.cluster/{Invitation.FileName} . && etcdish join {Invitation.FileName}
              etcdish join {Invitation.FileName} --node-name two --node-ip 192.0.2.7 --data-dir /var/lib/etcdish
            """)
        {
            verb._invitation, verb._folder, verb._port,
        };
        foreach (var option in verb._arguments.Options.Concat(verb._network.Options))
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
            await ServeAsync(parsed, cancellation);
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or FormatException
            or CryptographicException or CommandException)
        {
            await Console.Error.WriteLineAsync($"etcdish join: {e.Message}");
            return Failed;
        }
    }

    private async Task ServeAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var folder = Path.GetFullPath(parsed.GetRequiredValue(_folder));
        var kubeconfig = Path.Combine(folder, "node.kubeconfig");
        await NodeKubeconfig.EnsureAsync(
            kubeconfig,
            parsed.GetRequiredValue(_invitation),
            _arguments.NodeName(parsed),
            TimeProvider.System,
            ClusterProgram.Warn,
            cancellation);
        using var client = KubernetesClient.FromKubeconfig(kubeconfig, "kubelet");
        var cluster = await ClusterNetwork.ReadAsync(client, ClusterProgram.Warn, cancellation);
        var node = _network.Complete(parsed, _arguments.Read(parsed), cluster) with
        {
            ClusterDomain = cluster.Domain,
            Folder = Path.Combine(folder, "kubelet"),
            LogFolder = Path.Combine(folder, "logs", "pods"),
            LogLinkFolder = Path.Combine(folder, "logs", "containers"),
            Port = parsed.GetRequiredValue(_port),
            Certificates = new KubeletCertificates(null, null, KubeconfigFile.Read(kubeconfig).Authority ?? []),
        };
        var kubelet = new Kubelet.Kubelet(client, node, TimeProvider.System, ClusterProgram.Warn);
        await using var network = new ClusterProgram(KubernetesClient.FromKubeconfig(kubeconfig, "network"), "network");
        await ClusterProgram.RunAllAsync(
            "node",
            [.. _network.Make(parsed, node, cluster, network.Context), token => RunAsync(kubelet, node.NodeName, token)],
            cancellation);
    }

    private static async Task RunAsync(Kubelet.Kubelet kubelet, string name, CancellationToken cancellation)
    {
        var running = kubelet.RunAsync(cancellation);
        if (await Task.WhenAny(running, kubelet.Ready) == kubelet.Ready)
        {
            await Console.Out.WriteLineAsync($"ready: node {name}, {kubelet.Runtime}, port {kubelet.Server?.Port}");
        }

        await running;
    }
}
