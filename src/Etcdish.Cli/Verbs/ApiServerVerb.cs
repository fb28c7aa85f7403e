using System.CommandLine;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish apiserver: the Kubernetes API alone.</summary>
internal static class ApiServerVerb
{
    public static Command Command() => new ControlPlane().Command(
        "apiserver",
        """
        Serve the Kubernetes API over a store of its own or over any etcd. Controllers, scheduler and nodes run elsewhere.

        Examples:
          etcdish apiserver --etcd-servers http://127.0.0.1:2379 --kubeconfig admin.kubeconfig
          etcdish apiserver --data-dir /var/lib/etcdish --bind-address 0.0.0.0
        """,
        (api, cancellation) =>
        {
            Console.Out.WriteLine($"ready: {api.Server.Url}, kubeconfig {api.Kubeconfig}");
            return Task.Delay(Timeout.Infinite, cancellation);
        });
}
