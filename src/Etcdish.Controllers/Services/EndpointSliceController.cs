using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>
/// Tells where services with a selector lead (discovery.k8s.io/v1 EndpointSlice). The more pods a service has, the longer their changes are
/// collected before it is looked at, since a look costs what it has pods.
/// </summary>
internal sealed class EndpointSliceController : Controller
{
    /// <summary>Who manages these slices.</summary>
    public const string ManagerName = "endpointslice-controller.k8s.io";

    /// <summary>How many endpoints a slice may have.</summary>
    public const int MaxEndpoints = 100;

    private readonly ServicePods _pods;
    private readonly Informer<Service> _services;
    private readonly Informer<Node> _nodes;
    private readonly SliceWriter _slices;
    private readonly TriggerTimes _times = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, HashSet<ObjectKey>> _waitingForNode = [];

    public EndpointSliceController(ControllerContext context, ServicePods pods)
        : base("endpointslice-controller", context)
    {
        _pods = pods;
        _services = context.Informers.Of(Resources.Services);
        _nodes = context.Informers.Of(Resources.Nodes);
        _slices = new SliceWriter(context, ManagerName, Enqueue);
        _pods.Subscribe(Enqueue);
        _nodes.Subscribe(TakeNode);
    }

    /// <summary>How long changes of a service with so many pods are collected.</summary>
    internal static TimeSpan DelayFor(int pods) =>
        pods <= MaxEndpoints ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Min(1000, pods / 10.0));

    /// <summary>The labels of the slices of a service: its own, and those by which slices are found.</summary>
    internal static Dictionary<string, string> LabelsFor(Service service)
    {
        var labels = new Dictionary<string, string>(service.Metadata.Labels);
        labels.Remove("service.kubernetes.io/headless");
        if (!service.Spec.HasClusterIp)
        {
            labels["service.kubernetes.io/headless"] = "";
        }

        labels[SliceWriter.ServiceNameLabel] = service.Metadata.Name;
        labels[SliceWriter.ManagedByLabel] = ManagerName;
        return labels;
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_services.Find(key) is not { } service)
        {
            // Its slices are the garbage collector's.
            _times.Forget(key);
            _slices.Forget(key);
            return;
        }

        if (service.Spec.Type == "ExternalName" || service.Spec.Selector.Count == 0 || !_slices.IsUpToDate(key))
        {
            return;
        }

        var pods = _pods.PodsOf(key);
        var groups = Group(service, pods);
        var owner = new SliceOwner(Resources.Services, service, LabelsFor(service), [], name => name == TriggerTimes.Annotation);
        var planner = new SlicePlanner(
            MaxEndpoints,
            slice => Array.Exists(slice.Metadata.OwnerReferences, o => o.Uid == service.Metadata.Uid && o.Kind == "Service"),
            slice => SliceWriter.IsStale(slice, owner, withAnnotations: false));
        var plan = planner.Make(_slices.SlicesOf(key), groups, PodEndpoints.AddressTypesOf(service));
        if (_times.Take(service, pods) is { } time)
        {
            owner.Annotations[TriggerTimes.Annotation] = TimeText.Format(time);
        }

        await ApplyAsync(plan, owner, cancellation);
    }

    private async Task ApplyAsync(SlicePlan plan, SliceOwner owner, CancellationToken cancellation)
    {
        try
        {
            await _slices.ApplyAsync(plan, owner, cancellation);
        }
        catch (ApiStatusException e) when (!e.IsConflict)
        {
            var (ns, name) = owner.Owner.Key;
            Context.Events.Warning(
                Resources.Services,
                owner.Owner,
                "FailedToUpdateEndpointSlices",
                $"Error updating Endpoint Slices for Service {ns}/{name}: {e.Message}",
                Name);
            throw;
        }
    }

    private List<SliceGroup> Group(Service service, IReadOnlyList<Pod> pods)
    {
        var ports = new PodPorts(service);
        var groups = new Dictionary<(string, string), SliceGroup>();
        var types = PodEndpoints.AddressTypesOf(service);
        foreach (var pod in pods)
        {
            if (!PodEndpoints.IsListed(pod, includeTerminating: true))
            {
                continue;
            }

            if (!TryFindNode(service, pod, out var node))
            {
                continue;
            }

            var own = ports.Of(pod);
            var key = PodPorts.KeyOf(own);
            foreach (var type in types)
            {
                if (PodEndpoints.Make(service, pod, node, type) is { } endpoint)
                {
                    GroupOf(groups, type, key, own).Endpoints.Add(endpoint);
                }
            }
        }

        return [.. groups.Values];
    }

    private static SliceGroup GroupOf(Dictionary<(string, string), SliceGroup> groups, string type, string key, EndpointPort[] ports)
    {
        if (!groups.TryGetValue((type, key), out var group))
        {
            groups[(type, key)] = group = new SliceGroup(type, ports);
        }

        return group;
    }

    /// <summary>
    /// The node of a pod, if it has one. A pod on a node that is not known leads nowhere, unless its author wants it to; its service is
    /// looked at again when the node is there.
    /// </summary>
    private bool TryFindNode(Service service, Pod pod, out Node? node)
    {
        var name = pod.Spec.NodeName;
        node = name.Length == 0 ? null : _nodes.Find("", name);
        if (node is not null || name.Length == 0)
        {
            return true;
        }

        lock (_lock)
        {
            if (!_waitingForNode.TryGetValue(name, out var waiting))
            {
                _waitingForNode[name] = waiting = [];
            }

            waiting.Add(service.Key);
        }

        // It may have come in between.
        node = _nodes.Find("", name);
        return node is not null || service.Spec.PublishNotReadyAddresses;
    }

    private void TakeNode(Node? before, Node? now)
    {
        if (now is null)
        {
            return;
        }

        HashSet<ObjectKey>? waiting;
        lock (_lock)
        {
            _waitingForNode.Remove(now.Metadata.Name, out waiting);
        }

        foreach (var service in waiting ?? [])
        {
            Enqueue(service);
        }
    }

    private void Enqueue(ObjectKey service) => Queue.AddAfter(service, DelayFor(_pods.Count(service)));
}
