using System.CommandLine;
using Etcdish.Controllers;
using Etcdish.Controllers.Volumes;
using Etcdish.Kubelet;
using Etcdish.Kubelet.Simulated;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Scheduler;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish up: a cluster in one process.</summary>
internal sealed class UpVerb
{
    private const string ImagePod = "kubectl create deployment web --image=nginx --replicas=3";
    private const string ProcessPod = "kubectl run clock --image=none --command -- sh -c 'while date; do sleep 1; done'";

    private readonly SimulatedNodeArguments _nodes = new("--fake-nodes", defaultCount: 0);
    private readonly UpNode _machine = new();
    private readonly UpNetwork _network = new();
    private readonly Option<bool> _noScheduler = new("--disable-scheduler")
    {
        Description = "Leave it to another program to find nodes for pods.",
    };

    private string? _invitation;

    private UpVerb()
    {
    }

    public static Command Command()
    {
        var verb = new UpVerb();
        return new ControlPlane { DefaultAdvertised = parsed => verb._network.Advertised(parsed, verb.ReadNode(parsed)) }.Command(
            "up",
            """
            Run a cluster in one process: store, Kubernetes API, controllers, scheduler, and this machine as its node, and say when it is
            ready. Pods run in containers where containerd answers, and else as processes of this machine. Ctrl-C stops them with the
            cluster; the next start on the same folder finds everything as it was, and starts them again. If this is killed they run on, and
            the next start takes them over.

            Examples:
              etcdish up
              etcdish up --runtime process --node-name one
              etcdish up --fake-nodes 3
              etcdish up --data-dir /var/lib/etcdish --kubeconfig ~/.kube/etcdish
              etcdish up --etcd-servers http://127.0.0.1:2379
            """,
            verb.ServeAsync,
            new OptionGroup("This machine as a node", [.. verb._machine.Options]),
            new OptionGroup("Its network", [.. verb._network.Options]),
            new OptionGroup("Simulated nodes in its place", [.. verb._nodes.Options]),
            new OptionGroup("What else may be left out", [verb._noScheduler]));
    }

    /// <summary>All parts look at the cluster through the same informers, so each change is read once; each writes as itself.</summary>
    private async Task ServeAsync(ReadyApi api, CancellationToken cancellation)
    {
        await using var farewell = cancellation.Register(() => Console.Error.WriteLine(
            "etcdish: stopping the pods, then the cluster; Ctrl-C once more ends this at once and leaves pods running"));
        using var watcher = Connect(api, "system:etcdish", "system:masters");
        await LocalPath.EnsureClassAsync(watcher, cancellation);
        await using var informers = new SharedInformers(watcher, TimeProvider.System, ClusterProgram.Warn);
        await using var controllers = new ClusterProgram(
            Connect(api, "system:kube-controller-manager", "system:masters"), "controller-manager", informers);
        await using var scheduler = new ClusterProgram(
            Connect(api, "system:kube-scheduler", "system:masters"), ClusterProgram.SchedulerName, informers);
        await using var kubelet = new ClusterProgram(Connect(api, "etcdish:simulated-nodes", "system:masters"), "kubelet", informers);

        // Who wants to hear of changes says so before the first of them begins.
        using var manager = new ControllerManager(controllers.Context, Options(api, _network.PodNetwork(api.Arguments)));
        var placing = api.Arguments.GetValue(_noScheduler) ? null : new PodScheduler(scheduler.Context);
        using var nodes = _nodes.Read(api.Arguments) is { } options ? new SimulatedNodes(kubelet.Context, options) : null;
        using var nodeClient = Connect(api, _machine.User(api.Arguments), "system:nodes");
        await using var network = new ClusterProgram(Connect(api, "etcdish:network", "system:masters"), "network", informers);
        var node = ReadNode(api.Arguments);
        var cluster = _network.ReadCluster(api.Arguments, node);
        var machine = node is null ? null : UpNode.Make(api, _network.Complete(api.Arguments, node), nodeClient);
        if (api.Server.AdvertisedUrl is { } server && cluster is not null)
        {
            _invitation = await Invitation.WriteAsync(api, server, cluster, watcher, cancellation);
        }

        await ClusterProgram.RunAllAsync(
            "cluster",
            [
                .. _network.MakeForCluster(api, node, network.Context),
                .. node is null ? [] : _network.MakeForNode(api.Arguments, node, network.Context),
                token => LeadAsync(api, "kube-controller-manager", manager.RunAsync, token),
                token => placing is null ? Task.Delay(Timeout.Infinite, token) : LeadAsync(api, "kube-scheduler", placing.RunAsync, token),
                token => nodes is not null ? ClusterProgram.RunNodesAsync(nodes, () => Announce(api, "kubectl get nodes", ImagePod), token)
                    : machine is not null ? UpNode.RunAsync(machine, () => Announce(api, "kubectl get nodes -o wide", PodFor(machine)), token)
                    : AnnounceAsync(api, token),
            ],
            cancellation);
        if (node is not null)
        {
            await _network.LeaveAsync(api.Arguments, node);
        }
    }

    /// <summary>
    /// Works while no other process on the same store does. Who comes again on the same folder is the same candidate, and need not wait until
    /// the lease of a process that was killed has run out.
    /// </summary>
    private static async Task LeadAsync(ReadyApi api, string lease, Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        using var client = Connect(api, "system:" + lease, "system:masters");
        var options = new LeaderElectionOptions { Name = lease, Identity = $"{Environment.MachineName}_{Path.GetFullPath(api.Folder)}" };
        await new LeaderElector(client, options, TimeProvider.System, ClusterProgram.Warn).RunAsync(work, cancellation);
    }

    /// <summary>This machine as a node; null: it is none.</summary>
    private KubeletOptions? ReadNode(ParseResult parsed) => _nodes.Read(parsed) is null ? _machine.Read(parsed) : null;

    private static ControllerOptions Options(ReadyApi api, string? podNetwork) => new()
    {
        PodNetwork = podNetwork,
        AuthorityPem = api.Certificates.AuthorityPem,
        AccountKeyPem = api.Certificates.ReadAccountKey(),
        SigningAuthority = api.Certificates.Authority,
        IsBesideServer = true,
        LocalPath = new LocalPath { Root = Path.Combine(api.Folder, "volumes") },
    };

    private Task AnnounceAsync(ReadyApi api, CancellationToken cancellation)
    {
        Announce(api, $"etcdish kubelet --fake --nodes 3 --kubeconfig {api.Kubeconfig}", ImagePod);
        return Task.Delay(Timeout.Infinite, cancellation);
    }

    /// <summary>
    /// A client that needs no socket. The controllers together may do nearly everything, as their roles say; apart from each other, in a
    /// process that holds the cluster's authority, they would be no safer. And a flood of requests does not keep them from their work.
    /// </summary>
    private static KubernetesClient Connect(ReadyApi api, string user, params IReadOnlyList<string> groups) =>
        new(api.Server.ConnectInProcess(user, groups), new Uri(api.Server.Url), user);

    /// <summary>A pod that the node can run: one of processes has no images, so it must be told the command.</summary>
    private static string PodFor(Kubelet.Kubelet machine) =>
        machine.Runtime.StartsWith("process", StringComparison.Ordinal) ? ProcessPod : ImagePod;

    private void Announce(ReadyApi api, string aboutNodes, string aboutPods) => Console.Out.WriteLine(
        $"""
        ready: {api.Server.Url}, kubeconfig {api.Kubeconfig}
        Ctrl-C stops it. In another terminal:
          export KUBECONFIG={api.Kubeconfig}
          {aboutNodes}
          {aboutPods}
        """ + (_invitation is null ? "" : $"\n  another machine, with {_invitation} brought there: etcdish join {Invitation.FileName}"));
}
