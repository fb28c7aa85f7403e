using System.CommandLine;
using Etcdish.Controllers;
using Etcdish.Controllers.Volumes;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish up: a cluster in one process.</summary>
internal static class UpVerb
{
    public static Command Command()
    {
        var nodes = new SimulatedNodeArguments("--fake-nodes", defaultCount: 0);
        return new ControlPlane().Command(
            "up",
            """
            Run a cluster in one process: store, Kubernetes API, controllers and scheduler, and say when it is ready.

            Examples:
              etcdish up
              etcdish up --fake-nodes 3
              etcdish up --data-dir /var/lib/etcdish --kubeconfig ~/.kube/etcdish
              etcdish up --etcd-servers http://127.0.0.1:2379
            """,
            (api, cancellation) => ServeAsync(api, nodes, cancellation),
            nodes.Options);
    }

    private static async Task ServeAsync(ReadyApi api, SimulatedNodeArguments arguments, CancellationToken cancellation)
    {
        var options = arguments.Read(api.Arguments);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var controllers = new ControllerOptions
        {
            AuthorityPem = api.Certificates.AuthorityPem,
            AccountKeyPem = api.Certificates.ReadAccountKey(),
            SigningAuthority = api.Certificates.Authority,
            LocalPath = new LocalPath { Root = Path.Combine(api.Folder, "volumes") },
        };
        using (var client = Connect(api, "system:kube-controller-manager", "system:masters"))
        {
            await LocalPath.EnsureClassAsync(client, stop.Token);
        }

        List<Task> running =
        [
            ClusterProgram.RunControllersAsync(Connect(api, "system:kube-controller-manager", "system:masters"), controllers, stop.Token),
            ClusterProgram.RunSchedulerAsync(Connect(api, "system:kube-scheduler"), stop.Token),
        ];
        if (options is null)
        {
            Announce(api, hasNodes: false);
        }
        else
        {
            var client = Connect(api, "etcdish:simulated-nodes", "system:masters");
            running.Add(ClusterProgram.RunNodesAsync(client, options, () => Announce(api, hasNodes: true), stop.Token));
        }

        // One that ends before it is told to takes the others along: half a cluster is no use.
        await Task.WhenAny(running);
        await stop.CancelAsync();
        await Task.WhenAll(running);
        if (!cancellation.IsCancellationRequested)
        {
            throw new CommandException("a part of the cluster has ended");
        }
    }

    /// <summary>
    /// A client that needs no socket. The controllers together may do nearly everything, as their roles say; apart from each other, in a
    /// process that holds the cluster's authority, they would be no safer.
    /// </summary>
    private static KubernetesClient Connect(ReadyApi api, string user, params IReadOnlyList<string> groups) =>
        new(api.Server.ConnectInProcess(user, groups), new Uri(api.Server.Url), user);

    private static void Announce(ReadyApi api, bool hasNodes) => Console.Out.WriteLine(
        $"""
        ready: {api.Server.Url}, kubeconfig {api.Kubeconfig}
          export KUBECONFIG={api.Kubeconfig}
          {(hasNodes ? "kubectl get nodes" : $"etcdish kubelet --fake --nodes 3 --kubeconfig {api.Kubeconfig}")}
          kubectl create deployment web --image=nginx --replicas=3
        """);
}
