using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Dns.Zones;

/// <summary>Keeps the zone as services, their endpoints and namespaces are. A key without a namespace is a namespace.</summary>
internal sealed class ZoneController : Controller
{
    private const string ServiceLabel = "kubernetes.io/service-name";
    private readonly Zone _zone;
    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;
    private readonly Informer<Namespace> _namespaces;
    private readonly Index<EndpointSlice> _slicesByService;

    public ZoneController(ControllerContext context, Zone zone)
        : base("cluster-dns", context)
    {
        _zone = zone;
        _services = context.Informers.Of(Resources.Services);
        _slices = context.Informers.Of(Resources.EndpointSlices);
        _namespaces = context.Informers.Of(Resources.Namespaces);
        _slicesByService = _slices.AddIndex(slice => ServiceOf(slice) is { } key ? [key.ToString()] : []);
        _services.Subscribe((before, now) => Queue.Add((now ?? before)!.Key));
        _namespaces.Subscribe((before, now) => Queue.Add((now ?? before)!.Key));
        _slices.Subscribe((before, now) =>
        {
            Note(before);
            Note(now);
        });
    }

    /// <summary>Takes all that the informers know, once they have synced.</summary>
    public void Load()
    {
        foreach (var service in _services.All)
        {
            Update(service.Key);
        }

        foreach (var ns in _namespaces.All)
        {
            Update(ns.Key);
        }

        _zone.IsComplete = true;
    }

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        Update(key);
        return Task.CompletedTask;
    }

    private void Update(ObjectKey key)
    {
        try
        {
            _zone.Replace(key.ToString(), RecordsOf(key));
        }
        catch (FormatException e)
        {
            // A long name in a zone with a long name: nobody could ask for it either.
            Context.Warn($"{Name}: {key} has no names: {e.Message}");
            _zone.Replace(key.ToString(), []);
        }
    }

    private IReadOnlyCollection<ZoneRecord> RecordsOf(ObjectKey key)
    {
        if (key.Namespace.Length == 0)
        {
            return _namespaces.Find(key) is null ? [] : ServiceNames.OfNamespace(key.Name, _zone);
        }

        // A service that leads to many endpoints but has an address of its own does not change with them.
        return _services.Find(key) is not { } service ? []
            : ServiceNames.Of(service, service.Spec.HasClusterIp ? [] : _slicesByService[key.ToString()], _zone);
    }

    private void Note(EndpointSlice? slice)
    {
        if (slice is not null && ServiceOf(slice) is { } key)
        {
            Queue.Add(key);
        }
    }

    private static ObjectKey? ServiceOf(EndpointSlice slice) =>
        slice.Metadata.Labels.TryGetValue(ServiceLabel, out var name) && name.Length > 0
            ? new ObjectKey(slice.Metadata.Namespace, name)
            : null;
}
