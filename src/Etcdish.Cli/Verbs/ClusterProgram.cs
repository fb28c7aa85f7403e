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
    /// <summary>Who the scheduler is in events.</summary>
    public const string SchedulerName = "default-scheduler";

    private readonly KubernetesClient _client;
    private readonly SharedInformers? _ownInformers;

    /// <summary>Makes one.</summary>
    /// <param name="client">The API, as the program's user. Closed with it.</param>
    /// <param name="component">Who it is in events.</param>
    /// <param name="informers">What it knows of the cluster, shared with others in the process; null: informers of its own.</param>
    public ClusterProgram(KubernetesClient client, string component, SharedInformers? informers = null)
    {
        _client = client;
        _ownInformers = informers is null ? new SharedInformers(client, TimeProvider.System, Warn) : null;
        Context = new ControllerContext(
            client, informers ?? _ownInformers!, new EventRecorder(client, component, TimeProvider.System), TimeProvider.System, Warn);
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
        await using var program = new ClusterProgram(client, SchedulerName);
        await IgnoreEnd(new PodScheduler(program.Context).RunAsync(cancellation), cancellation);
    }

    /// <summary>Simulated nodes, until it is cancelled.</summary>
    public static async Task RunNodesAsync(
        KubernetesClient client, SimulatedNodesOptions options, Action onRegistered, CancellationToken cancellation)
    {
        await using var program = new ClusterProgram(client, "kubelet");
        using var nodes = new SimulatedNodes(program.Context, options);
        await RunNodesAsync(nodes, onRegistered, cancellation);
    }

    /// <summary>Simulated nodes, until it is cancelled.</summary>
    public static async Task RunNodesAsync(SimulatedNodes nodes, Action onRegistered, CancellationToken cancellation)
    {
        var running = nodes.RunAsync(cancellation);
        if (await Task.WhenAny(running, nodes.Registered) == nodes.Registered && nodes.Registered.IsCompletedSuccessfully)
        {
            onRegistered();
        }

        await running;
    }

    /// <summary>One that ends before it is told to takes the others along: a half is no use.</summary>
    /// <param name="whole">What they are together.</param>
    /// <param name="parts">Each works until it is cancelled.</param>
    /// <param name="cancellation">Ends all.</param>
    /// <exception cref="CommandException">One has ended.</exception>
    public static async Task RunAllAsync(string whole, Func<CancellationToken, Task>[] parts, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = Array.ConvertAll(parts, part => IgnoreEnd(part(stop.Token), stop.Token));
        await Task.WhenAny(running);
        await stop.CancelAsync();
        await Task.WhenAll(running);
        if (!cancellation.IsCancellationRequested)
        {
            throw new CommandException($"a part of the {whole} has ended");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_ownInformers is not null)
        {
            await _ownInformers.DisposeAsync();
        }

        await Context.Events.DisposeAsync();
        _client.Dispose();
    }

    internal static void Warn(string line) => Console.Error.WriteLine("etcdish: " + line);

    /// <summary>Waits for a task that ends by being cancelled.</summary>
    internal static async Task IgnoreEnd(Task task, CancellationToken cancellation)
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
