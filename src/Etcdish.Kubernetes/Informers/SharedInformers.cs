using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Informers;

/// <summary>
/// The informers of a program, one a resource, whoever asks for it. First all who need some ask, in their constructors; then it is started.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="clock">The clock of pauses.</param>
/// <param name="warn">Is told, a line each, what goes wrong.</param>
public sealed class SharedInformers(KubernetesClient client, TimeProvider clock, Action<string> warn) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(ApiResource Resource, string Selector), IInformer> _informers = [];
    private readonly List<Task> _running = [];
    private readonly CancellationTokenSource _stop = new();
    private bool _started;

    /// <summary>The informer of a resource.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="selector">Query that narrows it, such as <c>fieldSelector=type%3Da</c>; empty: all.</param>
    public Informer<T> Of<T>(ApiResource<T> resource, string selector = "")
        where T : KubernetesObject
    {
        lock (_lock)
        {
            if (_informers.TryGetValue((resource, selector), out var known))
            {
                return (Informer<T>)known;
            }

            var informer = new Informer<T>(client, resource, clock, warn, selector);
            _informers[(resource, selector)] = informer;
            if (_started)
            {
                Run(informer);
            }

            return informer;
        }
    }

    /// <summary>An informer that knows one object: the one of all objects if somebody has asked for that, so it may tell of others too.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="name">The object's name.</param>
    public Informer<T> OfOne<T>(ApiResource<T> resource, string name)
        where T : KubernetesObject
    {
        lock (_lock)
        {
            var isAllKnown = _informers.ContainsKey((resource, ""));
            return Of(resource, isAllKnown ? "" : $"fieldSelector=metadata.name%3D{Uri.EscapeDataString(name)}");
        }
    }

    /// <summary>Starts all that were asked for; completes when they know what there is.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        Task[] synced;
        lock (_lock)
        {
            if (!_started)
            {
                _started = true;
                foreach (var informer in _informers.Values)
                {
                    Run(informer);
                }
            }

            synced = [.. _informers.Values.Select(informer => informer.Synced)];
        }

        await Task.WhenAll(synced).WaitAsync(cancellation);
    }

    /// <summary>Ends all watches.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    private void Run(IInformer informer) => _running.Add(Task.Run(() => informer.RunAsync(_stop.Token)));
}
