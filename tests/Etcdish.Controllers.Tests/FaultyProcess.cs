using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Controllers.Tests;

/// <summary>
/// Controllers in a process of their own, on a bad connection. Killed when it is disposed of; the next one has nothing but what the server
/// tells.
/// </summary>
internal sealed class FaultyProcess : IAsyncDisposable
{
    private readonly ControllerContext _context;
    private readonly Controller[] _controllers;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private FlakyHandler _connection = null!;

    /// <param name="bench">Where it works.</param>
    /// <param name="seed">Of what goes wrong.</param>
    /// <param name="flakiness">What goes wrong, and how often.</param>
    /// <param name="workers">How many of each controller.</param>
    /// <param name="make">Makes the controllers.</param>
    public FaultyProcess(ControlBench bench, int seed, Flakiness flakiness, int workers, Func<ControllerContext, Controller[]> make)
    {
        var client = bench.Connect(inner => _connection = new FlakyHandler(inner, seed, flakiness));
        _context = bench.MakeContext(TimeProvider.System, client);
        _controllers = make(_context);
        _running = RunAsync(workers);
    }

    /// <summary>A connection on which requests get lost before or behind the server, writes meet conflicts, and watches break off.</summary>
    public static Flakiness BadConnection { get; } =
        Flakiness.None with { Lost = 0.05, Conflicting = 0.03, Unanswered = 0.05, CutWatches = 0.03 };

    /// <summary>Lets the connection be a good one from here on.</summary>
    public void Mend() => _connection.IsCalm = true;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _context.Informers.DisposeAsync();
        await _context.Events.DisposeAsync();
        Array.ForEach(_controllers, controller => controller.Dispose());
        await _connection.SettleAsync();
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
