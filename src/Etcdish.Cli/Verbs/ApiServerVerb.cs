using System.CommandLine;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish apiserver: the Kubernetes API alone.</summary>
internal static class ApiServerVerb
{
    public static Command Command() => new ControlPlane().Command(
        "apiserver",
        """
        Serve the Kubernetes API over a store of its own or over any etcd.

        Examples:
          etcdish apiserver --etcd-servers http://127.0.0.1:2379 --kubeconfig admin.kubeconfig
          etcdish apiserver --data-dir /var/lib/etcdish --bind-address 0.0.0.0
        """,
        (server, kubeconfig) => Console.Out.WriteLine($"ready: {server.Url}, kubeconfig {kubeconfig}"));
}
