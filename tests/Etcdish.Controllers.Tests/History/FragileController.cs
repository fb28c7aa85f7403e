using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Controllers.Tests.History;

/// <summary>A controller on a bad connection that can be killed, and then begins anew with nothing but what the server tells.</summary>
internal sealed class FragileController(ControlBench bench, Func<ControllerContext, Controller> make, int seed) : IAsyncDisposable
{
    private int _lives;
    private FaultyHandler? _handler;
    private KubernetesClient? _client;
    private ControllerContext? _context;
    private Controller? _controller;
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;

    public async Task StartAsync()
    {
        _client = bench.Connect(inner => _handler = new FaultyHandler(inner, (seed * 1000) + _lives++));
        _context = bench.MakeContext(TimeProvider.System, _client);
        _controller = make(_context);
        _stop = new CancellationTokenSource();
        await _context.Informers.StartAsync(CancellationToken.None);
        _running = _controller.RunAsync(2, _stop.Token);
    }

    public async Task KillAsync()
    {
        await _stop!.CancelAsync();
        await _running;
        _controller!.Dispose();
        await _context!.Informers.DisposeAsync();
        await _context.Events.DisposeAsync();
        _client!.Dispose();
        _stop.Dispose();
    }

    /// <summary>Lets the connection be a good one from here on.</summary>
    public void Mend() => _handler!.IsMended = true;

    public async ValueTask DisposeAsync() => await KillAsync();
}
