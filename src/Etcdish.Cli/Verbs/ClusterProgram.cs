using Etcdish.Controllers;
using Etcdish.Kubelet.Simulated;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Scheduler;

namespace Etcdish.Cli.Verbs;

/// <summary>A program that works on a cluster by its API: what it has of its own, and how it ends.</summary>
internal sealed class ClusterProgram : IAsyncDisposable
{
    private readonly KubernetesClient _client;

    /// <summary>Makes one.</summary>
    /// <param name="client">The API, as the program's user. Closed with it.</param>
    /// <param name="component">Who it is in events.</param>
    public ClusterProgram(KubernetesClient client, string component)
    {
        _client = client;
        Context = new ControllerContext(
            client, new SharedInformers(client, TimeProvider.System, Warn), new EventRecorder(client, component, TimeProvider.System),
            TimeProvider.System, Warn);
    }

    /// <summary>What it works with.</summary>
    public ControllerContext Context { get; }

    /// <summary>All controllers, until it is cancelled.</summary>
    public static async Task RunControllersAsync(KubernetesClient client, ControllerOptions options, CancellationToken cancellation)
    {
        await using var program = new ClusterProgram(client, "controller-manager");
        using var manager = new ControllerManager(program.Context, options);
        await IgnoreEnd(manager.RunAsync(cancellation), cancellation);
    }

    /// <summary>The scheduler, until it is cancelled.</summary>
    public static async Task RunSchedulerAsync(KubernetesClient client, CancellationToken cancellation)
    {
        await using var program = new ClusterProgram(client, "default-scheduler");
        await IgnoreEnd(new PodScheduler(program.Context).RunAsync(cancellation), cancellation);
    }

    /// <summary>Simulated nodes, until it is cancelled.</summary>
    public static async Task RunNodesAsync(
        KubernetesClient client, SimulatedNodesOptions options, Action onRegistered, CancellationToken cancellation)
    {
        await using var program = new ClusterProgram(client, "kubelet");
        using var nodes = new SimulatedNodes(program.Context, options);
        var running = nodes.RunAsync(cancellation);
        if (await Task.WhenAny(running, nodes.Registered) == nodes.Registered && nodes.Registered.IsCompletedSuccessfully)
        {
            onRegistered();
        }

        await running;
    }

    public async ValueTask DisposeAsync()
    {
        await Context.Informers.DisposeAsync();
        await Context.Events.DisposeAsync();
        _client.Dispose();
    }

    internal static void Warn(string line) => Console.Error.WriteLine("etcdish: " + line);

    private static async Task IgnoreEnd(Task task, CancellationToken cancellation)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // As it was told.
        }
    }
}
