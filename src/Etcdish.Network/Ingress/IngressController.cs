using System.Net;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Network.Ingress;

/// <summary>
/// Takes HTTP requests from outside and passes them to pods, as Ingresses of its classes say (networking.k8s.io/v1; those whose
/// IngressClass
/// names the controller <c>etcdish.io/ingress</c>). One serves at one node; several serve the same rules, each for itself.
/// </summary>
public sealed class IngressController : IAsyncDisposable
{
    private readonly ControllerContext _context;
    private readonly IngressClasses _classes;
    private readonly RuleWatcher _rules;
    private readonly IngressStatusWriter _status;
    private readonly IngressListener _listener;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes one; it asks for its informers.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="options">How it serves; null: as the defaults say.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public IngressController(ControllerContext context, IngressOptions? options = null)
    {
        options ??= new IngressOptions();
        options.Validate();
        _context = context;
        _classes = new IngressClasses(context);
        _rules = new RuleWatcher(context, _classes, options);
        _status = new IngressStatusWriter(context, _classes, options.NodeAddresses);
        _listener = new IngressListener(_rules.Router, options, context.Clock, context.Warn);
    }

    /// <summary>Completes when requests are taken; fails with <see cref="RunAsync"/> if that never comes about.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Where plain HTTP is taken; with the port it got when <see cref="Ready"/> completes.</summary>
    public IPEndPoint HttpEndPoint => _listener.HttpEndPoint;

    /// <summary>Where HTTPS is taken; with the port it got when <see cref="Ready"/> completes.</summary>
    public IPEndPoint HttpsEndPoint => _listener.HttpsEndPoint;

    /// <summary>Serves until it is cancelled; then lets requests under way end for a while.</summary>
    /// <exception cref="IOException">The address cannot be listened at.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await _context.Informers.StartAsync(cancellation);

            // No request is told that there is no rule only because it came early.
            _rules.Compile();
            await _listener.StartAsync(cancellation);
            _ready.TrySetResult();
        }
        catch (Exception e)
        {
            _ready.TrySetException(e);
            throw;
        }

        await Task.WhenAll(_rules.RunAsync(1, cancellation), _status.RunAsync(1, cancellation), EnsureClassAsync(cancellation));
        await DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _rules.Dispose();
        _status.Dispose();
    }

    private async Task EnsureClassAsync(CancellationToken cancellation)
    {
        const int FirstPauseMilliseconds = 100;
        const int LongestPauseMilliseconds = 10_000;
        var pause = FirstPauseMilliseconds;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await _classes.EnsureAsync(cancellation);
                return;
            }
            catch (Exception e) when (e is Etcdish.Kubernetes.Client.ApiStatusException or HttpRequestException or IOException)
            {
                _context.Warn($"ingress: the class cannot be made yet: {e.Message}");
                await Task.Delay(TimeSpan.FromMilliseconds(pause), _context.Clock, cancellation)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = Math.Min(pause * 2, LongestPauseMilliseconds);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }
}
