using System.CommandLine;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish controller-manager: the controllers alone, on any cluster.</summary>
internal static class ControllerManagerVerb
{
    public static Command Command() => new ElectedProgram("controller-manager", "kube-controller-manager").Command(
        """
        Run the controllers of a cluster by its API, of whatever make. Of several that run, one works.

        Examples:
          etcdish controller-manager --kubeconfig admin.kubeconfig
          etcdish controller-manager --kubeconfig admin.kubeconfig --leader-elect=false
        """,
        (client, _, cancellation) => ClusterProgram.RunControllersAsync(client, cancellation));
}
