using System.CommandLine;
using Etcdish.ApiServer;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish up: a cluster in one process.</summary>
internal static class UpVerb
{
    public static Command Command() => new ControlPlane().Command(
        "up",
        """
        Run a Kubernetes API with its store in one process, and say when it is ready.

        Examples:
          etcdish up
          etcdish up --data-dir /var/lib/etcdish --kubeconfig ~/.kube/etcdish
          etcdish up --etcd-servers http://127.0.0.1:2379
        """,
        Announce);

    private static void Announce(KubernetesApiServer server, string kubeconfig) => Console.Out.WriteLine(
        $"""
        ready: {server.Url}, kubeconfig {kubeconfig}
          export KUBECONFIG={kubeconfig}
          kubectl get namespaces
          kubectl create configmap greeting --from-literal=hello=world
        """);
}
