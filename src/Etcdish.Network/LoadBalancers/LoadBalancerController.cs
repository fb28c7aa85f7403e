using System.Net;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.LoadBalancers;

/// <summary>
/// Gives services of type LoadBalancer their addresses, and writes them to their status. What the statuses show is what it knows when it
/// starts: before it gives anything it takes those as given, so that a restart changes no address. No two services have the same address
/// and port. A service that gets nothing is told why by an event, and looked at again when something becomes free.
/// </summary>
public sealed class LoadBalancerController : Controller
{
    private const string TypeName = "LoadBalancer";

    private readonly Informer<Service> _services;
    private readonly IAddressSource _source;

    // Guards all below, and the source.
    private readonly Lock _lock = new();
    private readonly List<ObjectKey> _waiting = [];
    private bool _hasAdopted;

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="options">Where addresses come from; null: the nodes.</param>
    /// <exception cref="FormatException">A pool is no range of addresses.</exception>
    public LoadBalancerController(ControllerContext context, LoadBalancerOptions? options = null)
        : base("service-lb-controller", context)
    {
        options ??= new LoadBalancerOptions();
        _services = context.Informers.Of(Resources.Services);
        _source = options.Pools.Count > 0
            ? new AddressPool(options.ParsePools())
            : new NodeAddressSource(FollowNodes(context, options.NodeName), options.ReservedPorts);
        _services.Subscribe((before, now) =>
        {
            if (Concerns(before) || Concerns(now))
            {
                Queue.Add((now ?? before)!.Key);
            }
        });
    }

    /// <summary>Starts the informers, and works until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await Context.Informers.StartAsync(cancellation);
        await RunAsync(1, cancellation);
    }

    /// <inheritdoc/>
    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        var service = _services.Find(key);
        return service is not null && IsOurs(service)
            ? EnsureAsync(service, cancellation)
            : ReleaseAsync(key, service, cancellation);
    }

    private static bool Concerns(Service? service) => service is not null
        && (service.Spec.Type == TypeName || service.Status.LoadBalancer.Ingress.Length > 0);

    private static bool IsOurs(Service service) =>
        service.Spec.Type == TypeName && service.Spec.LoadBalancerClass is "" or LoadBalancerOptions.PoolClass;

    private static List<IPAddress> ShownBy(Service service)
    {
        List<IPAddress> shown = [];
        foreach (var ingress in service.Status.LoadBalancer.Ingress)
        {
            if (IPAddress.TryParse(ingress.Ip, out var address))
            {
                shown.Add(address);
            }
        }

        return shown;
    }

    private Func<IReadOnlyList<IPAddress>> FollowNodes(ControllerContext context, string nodeName)
    {
        var nodes = new NodeAddresses(context.Informers.Of(Resources.Nodes), nodeName, () =>
        {
            foreach (var service in _services.All.Where(IsOurs))
            {
                Queue.Add(service.Key);
            }
        });
        return () => nodes.Current;
    }

    private async Task EnsureAsync(Service service, CancellationToken cancellation)
    {
        var grant = Ensure(service);
        if (grant.Problem.Length > 0)
        {
            Context.Events.Warning(
                Resources.Services,
                service,
                "SyncLoadBalancerFailed",
                $"Error syncing load balancer: failed to ensure load balancer: {grant.Problem}",
                Name);
        }

        if (IsShown(service, grant.Addresses))
        {
            return;
        }

        if (grant.Addresses.Count > 0)
        {
            Tell(service, "EnsuringLoadBalancer", "Ensuring load balancer");
        }

        await WriteAsync(service, grant.Addresses, cancellation);
        if (grant.Addresses.Count > 0)
        {
            Tell(service, "EnsuredLoadBalancer", "Ensured load balancer");
        }
    }

    private Grant Ensure(Service service)
    {
        lock (_lock)
        {
            Adopt();
            var grant = _source.Ensure(service, ShownBy(service));
            if (grant.HasFreed)
            {
                Wake();
            }

            if (grant.Problem.Length > 0 && !_waiting.Contains(service.Key))
            {
                _waiting.Add(service.Key);
            }

            return grant;
        }
    }

    private async Task ReleaseAsync(ObjectKey key, Service? service, CancellationToken cancellation)
    {
        bool wasGiven, isStale;
        lock (_lock)
        {
            Adopt();
            _waiting.Remove(key);
            wasGiven = _source.Release(key);
            if (wasGiven)
            {
                Wake();
            }

            // A status of another one's load balancer is that one's to clear.
            isStale = service is { Spec.Type: not TypeName, Status.LoadBalancer.Ingress.Length: > 0 }
                && (wasGiven || ShownBy(service).TrueForAll(_source.Gives));
        }

        if (isStale)
        {
            Tell(service!, "DeletingLoadBalancer", "Deleting load balancer");
            await WriteAsync(service!, [], cancellation);
            Tell(service!, "DeletedLoadBalancer", "Deleted load balancer");
        }
    }

    /// <summary>Takes what statuses show as given, to the older service where two show the same.</summary>
    private void Adopt()
    {
        if (_hasAdopted)
        {
            return;
        }

        _hasAdopted = true;
        var shown = _services.All
            .Where(service => IsOurs(service) && ShownBy(service) is { Count: > 0 } addresses && addresses.TrueForAll(_source.Gives))
            .OrderBy(service => service.Metadata.CreationTimestamp)
            .ThenBy(service => service.Key.ToString(), StringComparer.Ordinal);
        foreach (var service in shown)
        {
            _source.Ensure(service, ShownBy(service));
        }
    }

    /// <summary>Looks at those again that have got nothing so far, first come, first served.</summary>
    private void Wake()
    {
        _waiting.ForEach(Queue.Add);
        _waiting.Clear();
    }

    private static bool IsShown(Service service, IReadOnlyList<IPAddress> addresses) =>
        service.Status.LoadBalancer.Ingress.Select(ingress => ingress.Ip).SequenceEqual(addresses.Select(address => address.ToString()));

    private async Task WriteAsync(Service service, IReadOnlyList<IPAddress> addresses, CancellationToken cancellation)
    {
        JsonNode[] ingress = [.. addresses.Select(address => new JsonObject { ["ip"] = address.ToString(), ["ipMode"] = "VIP" })];
        var status = new JsonObject
        {
            ["loadBalancer"] = new JsonObject { ["ingress"] = ingress.Length == 0 ? null : new JsonArray(ingress) },
        };
        await Context.Client.PatchStatusAsync(Resources.Services, service, status, cancellation);
    }

    private void Tell(Service service, string reason, string message) =>
        Context.Events.Normal(Resources.Services, service, reason, message, Name);
}
