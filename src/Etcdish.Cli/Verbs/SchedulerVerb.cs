using System.CommandLine;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish scheduler: the scheduler alone, on any cluster.</summary>
internal static class SchedulerVerb
{
    public static Command Command() => new ElectedProgram("scheduler", "kube-scheduler").Command(
        """
        Run the scheduler of a cluster by its API, of whatever make. Of several that run, one works.

        Examples:
          etcdish scheduler --kubeconfig admin.kubeconfig
          etcdish scheduler --kubeconfig admin.kubeconfig --leader-elect=false
        """,
        (client, _, cancellation) => ClusterProgram.RunSchedulerAsync(client, cancellation));
}
