using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Garbage;

/// <summary>
/// Follows the metadata of many resources, which come and go. What other controllers of the program follow (pods, nodes, leases) is heard
/// from their informers, so that each change is sent and read once; the rest has watches of its own. Used by one thread.
/// </summary>
/// <param name="context">What all controllers share.</param>
/// <param name="accept">The form in which objects are asked for; null: whole.</param>
/// <param name="onChange">Hears of every change; on the threads that read the watches.</param>
/// <param name="onLost">Hears of objects of which nothing will be heard any more, since their resource is not served.</param>
internal sealed class ResourceMonitors(
    ControllerContext context, string? accept, Action<ApiResource, ObjectMetadata?, OwnedObject?> onChange, Action<OwnedObject> onLost)
    : IAsyncDisposable
{
    private readonly Dictionary<ApiResource, Monitor> _monitors = [];
    private readonly Dictionary<ApiResource, IInformer> _shared = [];

    /// <summary>Completes when all that is there now of what is watched is known.</summary>
    public Task Synced => Task.WhenAll(
        _monitors.Values.Select(monitor => monitor.Informer.Synced).Concat(_shared.Values.Select(informer => informer.Synced)));

    /// <summary>Watches these resources and no others; what is heard from others' informers is heard as long as these run.</summary>
    public async Task FollowAsync(IReadOnlyList<ApiResource> resources)
    {
        foreach (var gone in _monitors.Keys.Except(resources).ToArray())
        {
            _monitors.Remove(gone, out var monitor);
            await monitor!.DisposeAsync();
            foreach (var value in monitor.Informer.All)
            {
                onLost(value);
            }
        }

        foreach (var resource in resources)
        {
            if (_monitors.ContainsKey(resource) || _shared.ContainsKey(resource))
            {
                continue;
            }

            if (context.Informers.Find(resource) is { } informer)
            {
                _shared[resource] = informer;
                informer.SubscribeMetadata((before, now) => Tell(resource, before, now));
            }
            else
            {
                _monitors[resource] = Start(resource);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_monitors.Values.Select(monitor => monitor.DisposeAsync().AsTask()));
        _monitors.Clear();
    }

    private Monitor Start(ApiResource resource)
    {
        var informer = new Informer<OwnedObject>(
            context.Client, OwnedObject.ResourceOf(resource), context.Clock, context.Warn, accept: accept);
        informer.Subscribe((before, now) => onChange(resource, before?.Metadata, now));
        return new Monitor(informer);
    }

    private void Tell(ApiResource resource, ObjectMetadata? before, ObjectMetadata? now) =>
        onChange(resource, before, now is null ? null : new OwnedObject { Metadata = now });

    private sealed class Monitor : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public Monitor(Informer<OwnedObject> informer)
        {
            Informer = informer;
            _running = Task.Run(() => informer.RunAsync(_stop.Token));
        }

        public Informer<OwnedObject> Informer { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }
    }
}
