using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Controllers.Tests;

/// <summary>Controllers in a process of their own, whose writes get lost at times (<see cref="FaultyHandler"/>); killed when it is disposed of.</summary>
internal sealed class FaultyProcess : IAsyncDisposable
{
    private readonly ControllerContext _context;
    private readonly Controller[] _controllers;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <param name="bench">Where it works.</param>
    /// <param name="seed">Of what goes wrong.</param>
    /// <param name="workers">How many of each controller.</param>
    /// <param name="make">Makes the controllers.</param>
    public FaultyProcess(ControlBench bench, int seed, int workers, Func<ControllerContext, Controller[]> make)
    {
        _context = bench.MakeContext(TimeProvider.System, bench.Connect(inner => new FaultyHandler(inner, seed)));
        _controllers = make(_context);
        _running = RunAsync(workers);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _context.Informers.DisposeAsync();
        await _context.Events.DisposeAsync();
        Array.ForEach(_controllers, controller => controller.Dispose());
        _context.Client.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(int workers)
    {
        try
        {
            await _context.Informers.StartAsync(_stop.Token);
            await Task.WhenAll(_controllers.Select(controller => controller.RunAsync(workers, _stop.Token)));
        }
        catch (OperationCanceledException)
        {
            // Killed before it had begun.
        }
    }
}
