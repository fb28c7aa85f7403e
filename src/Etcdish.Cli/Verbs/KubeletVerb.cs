using System.CommandLine;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Cli.Verbs;

/// <summary>etcdish kubelet: nodes of a cluster, so far simulated ones.</summary>
internal static class KubeletVerb
{
    private const int Failed = 1;

    public static Command Command()
    {
        var nodes = new SimulatedNodeArguments("--nodes", defaultCount: 1);
        var kubeconfig = new Option<string>("--kubeconfig") { Description = "The cluster, and as whom to work on it.", Required = true };
        var fake = new Option<bool>("--fake")
        {
            Description = "Simulate: pods run in memory, and only as far as the API shows.",
            Required = true,
        };
        var command = new Command(
            "kubelet",
            """
            Run simulated nodes: they register, and pods that are bound to them become ready, end and go, without anything being run.

            A pod's annotation etcdish.io/simulated-run says after which time its containers end (2s), etcdish.io/simulated-exit-code by
            which code, and etcdish.io/simulated-stuck why they do not start (ImagePullBackOff).

            Examples:
              etcdish kubelet --fake --nodes 3 --kubeconfig admin.kubeconfig
              etcdish kubelet --fake --nodes 5000 --zones 3 --pod-start-latency 1s --kubeconfig admin.kubeconfig
            """)
        {
            kubeconfig, fake,
        };
        foreach (var option in nodes.Options)
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellation) => RunAsync(parsed, parsed.GetRequiredValue(kubeconfig), nodes, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        ParseResult parsed, string kubeconfig, SimulatedNodeArguments arguments, CancellationToken cancellation)
    {
        try
        {
            var options = arguments.Read(parsed) ?? throw new ArgumentException("--nodes must be 1 at least");
            await ClusterProgram.RunNodesAsync(
                KubernetesClient.FromKubeconfig(kubeconfig, "kubelet"),
                options,
                () => Console.Out.WriteLine($"ready: {options.Count} simulated nodes"),
                cancellation);
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or FormatException)
        {
            await Console.Error.WriteLineAsync($"etcdish kubelet: {e.Message}");
            return Failed;
        }
    }
}
