using Etcdish.ClusterBench;
using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>A process with the controllers of deployments, whose connection to the server breaks; it may be killed at any time.</summary>
internal sealed class ControllerProcess : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly KubernetesClient _client;
    private readonly ControllerContext _context;
    private readonly Controller[] _controllers;
    private FaultyWire _wire = null!;
    private Task _running = Task.CompletedTask;

    private ControllerProcess(ControlBench bench, int seed)
    {
        _client = bench.Connect(sockets => _wire = new FaultyWire(sockets, seed));
        _context = bench.MakeContext(TimeProvider.System, _client);
        _controllers = [new DeploymentController(_context), new ReplicaSetController(_context)];
    }

    public static async Task<ControllerProcess> StartAsync(ControlBench bench, int seed)
    {
        var process = new ControllerProcess(bench, seed);
        await process._context.Informers.StartAsync(CancellationToken.None);
        process._running = Task.WhenAll(process._controllers.Select(controller => controller.RunAsync(2, process._stop.Token)));
        return process;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        Array.ForEach(_controllers, controller => controller.Dispose());
        await _context.Informers.DisposeAsync();
        await _context.Events.DisposeAsync();

        // Another process must not begin while the server still works on what this one sent; in a cluster, a lease sees to that.
        await _wire.SettleAsync();
        _client.Dispose();
        _stop.Dispose();
    }
}
