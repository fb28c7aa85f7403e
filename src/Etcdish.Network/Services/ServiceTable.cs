using System.Threading.Channels;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Services;

/// <summary>
/// The routes of all services on this node. Watches only note which services changed; whoever uses the table takes the changes when he is
/// ready for them, and then those services are looked at again, and no others. So any number of changes of one service in the meantime
/// cost one look.
/// </summary>
/// <remarks>
/// Changes are noted by the threads of informers. All else belongs to one user, one call at a time.
/// </remarks>
internal sealed class ServiceTable
{
    /// <summary>The label by which a slice says whose it is.</summary>
    public const string ServiceNameLabel = "kubernetes.io/service-name";

    private const string ZoneLabel = "topology.kubernetes.io/zone";

    private readonly Lock _lock = new();
    private readonly HashSet<ObjectKey> _noted = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Dictionary<ObjectKey, ServiceRoute[]> _routes = [];
    private readonly Informer<Service> _services;
    private readonly Index<EndpointSlice> _slices;
    private readonly string _nodeName;
    private string _zone = "";

    /// <summary>Asks for its informers.</summary>
    /// <param name="context">The cluster.</param>
    /// <param name="nodeName">This node.</param>
    public ServiceTable(ControllerContext context, string nodeName)
    {
        _nodeName = nodeName;
        _services = context.Informers.Of(Resources.Services);
        _services.Subscribe((before, now) => Note((now ?? before)!.Key));
        var slices = context.Informers.Of(Resources.EndpointSlices);
        _slices = slices.AddIndex(static slice => ServiceOf(slice) is { } key ? [key.ToString()] : []);
        slices.Subscribe((before, now) =>
        {
            Note(ServiceOf(before));
            Note(ServiceOf(now));
        });
        context.Informers.OfOne(Resources.Nodes, nodeName).Subscribe((before, now) =>
        {
            if ((now ?? before)!.Metadata.Name == nodeName)
            {
                Place(now);
            }
        });
    }

    /// <summary>All routes, as the last changes left them.</summary>
    public IEnumerable<ServiceRoute> Routes => _routes.Values.SelectMany(routes => routes);

    /// <summary>Waits until there may be changes to take.</summary>
    public async Task WaitAsync(CancellationToken cancellation) => await _wake.Reader.ReadAsync(cancellation);

    /// <summary>Ends a wait, for a change that is not one of routes.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Looks at all services that changed, in the order of their names; gives what is different of their routes.</summary>
    public IReadOnlyList<RouteChange> TakeChanges()
    {
        ObjectKey[] noted;
        NodePlace place;
        lock (_lock)
        {
            noted = [.. _noted];
            _noted.Clear();
            place = new NodePlace(_nodeName, _zone);
        }

        Array.Sort(noted, static (a, b) => string.CompareOrdinal(a.Namespace, b.Namespace) is var order and not 0
            ? order
            : string.CompareOrdinal(a.Name, b.Name));
        List<RouteChange> changes = [];
        foreach (var key in noted)
        {
            Look(key, place, changes);
        }

        return changes;
    }

    private static ObjectKey? ServiceOf(EndpointSlice? slice) =>
        slice?.Metadata.Labels.GetValueOrDefault(ServiceNameLabel) is { Length: > 0 } name
            ? new ObjectKey(slice.Metadata.Namespace, name)
            : null;

    private void Look(ObjectKey key, NodePlace place, List<RouteChange> changes)
    {
        ServiceRoute[] now = _services.Find(key) is { } service ? RouteMaker.Make(service, _slices[key.ToString()], place) : [];
        var before = _routes.GetValueOrDefault(key) ?? [];
        foreach (var route in before)
        {
            if (!Array.Exists(now, other => other.Key == route.Key))
            {
                changes.Add(new RouteChange(route.Key, route, null));
            }
        }

        foreach (var route in now)
        {
            var old = Array.Find(before, other => other.Key == route.Key);
            if (old != route)
            {
                changes.Add(new RouteChange(route.Key, old, route));
            }
        }

        if (now.Length > 0)
        {
            _routes[key] = now;
        }
        else
        {
            _routes.Remove(key);
        }
    }

    private void Note(ObjectKey? service)
    {
        if (service is { } key)
        {
            lock (_lock)
            {
                _noted.Add(key);
            }

            Wake();
        }
    }

    // Its zone decides about hints of all services.
    private void Place(Node? node)
    {
        var zone = node?.Metadata.Labels.GetValueOrDefault(ZoneLabel) ?? "";
        lock (_lock)
        {
            if (zone == _zone)
            {
                return;
            }

            _zone = zone;
            _noted.UnionWith(_services.All.Select(service => service.Key));
        }

        Wake();
    }
}
