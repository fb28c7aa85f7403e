using System.Net;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>
/// Makes slices of Endpoints that somebody wrote by hand for a service without a selector, since those who need to know where services lead
/// read slices only.
/// </summary>
internal sealed class EndpointMirroringController : Controller
{
    /// <summary>Who manages these slices.</summary>
    public const string ManagerName = "endpointslicemirroring-controller.k8s.io";

    /// <summary>The label of Endpoints that are not to be mirrored.</summary>
    public const string SkipLabel = "endpointslice.kubernetes.io/skip-mirror";

    /// <summary>How many addresses of a subset are mirrored.</summary>
    public const int MaxAddresses = 1000;

    private readonly Informer<Service> _services;
    private readonly Informer<Endpoints> _endpoints;
    private readonly SliceWriter _slices;

    public EndpointMirroringController(ControllerContext context)
        : base("endpointslice-mirroring-controller", context)
    {
        _services = context.Informers.Of(Resources.Services);
        _endpoints = context.Informers.Of(Resources.Endpoints);
        _slices = new SliceWriter(context, ManagerName, Queue.Add);
        _services.Subscribe((before, now) =>
        {
            if (before is null || now is null || before.Spec.Selector.Count == 0 != (now.Spec.Selector.Count == 0))
            {
                Queue.Add((now ?? before)!.Key);
            }
        });
        _endpoints.Subscribe((before, now) =>
        {
            if ((before is not null && IsMirrored(before)) || (now is not null && IsMirrored(now)))
            {
                Queue.Add((now ?? before)!.Key);
            }
        });
    }

    /// <summary>Whether Endpoints are to be mirrored, if their service has no selector.</summary>
    internal static bool IsMirrored(Endpoints endpoints) =>
        endpoints.Metadata.Labels.GetValueOrDefault(SkipLabel) != "true"
        && !endpoints.Metadata.Annotations.ContainsKey("control-plane.alpha.kubernetes.io/leader");

    /// <summary>What slices of Endpoints should hold.</summary>
    internal static List<SliceGroup> Group(Endpoints endpoints)
    {
        var groups = new Dictionary<(string, string), SliceGroup>();
        foreach (var subset in endpoints.Subsets)
        {
            var count = 0;
            var notReady = subset.NotReadyAddresses.Select(address => (address, false));
            foreach (var (address, isReady) in subset.Addresses.Select(address => (address, true)).Concat(notReady))
            {
                var type = PodEndpoints.TypeOf(address.Ip);
                if (type.Length == 0 || ++count > MaxAddresses)
                {
                    continue;
                }

                var key = (type, PodPorts.KeyOf(subset.Ports));
                if (!groups.TryGetValue(key, out var group))
                {
                    groups[key] = group = new SliceGroup(type, subset.Ports);
                }

                group.Endpoints.Add(Make(address, isReady));
            }
        }

        return [.. groups.Values];
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (!_slices.IsUpToDate(key))
        {
            return;
        }

        var slices = _slices.SlicesOf(key);
        var endpoints = _endpoints.Find(key);
        var isWanted = endpoints is not null && IsMirrored(endpoints) && _services.Find(key) is { Spec.Selector.Count: 0 };
        if (slices.Count == 0 && !isWanted)
        {
            return;
        }

        var owner = endpoints ?? new Endpoints { Metadata = new ObjectMetadata { Namespace = key.Namespace, Name = key.Name } };
        var target = new SliceOwner(Resources.Endpoints, owner, LabelsFor(owner), AnnotationsFor(owner), _ => true);
        var planner = new SlicePlanner(
            MaxAddresses,
            slice => Array.Exists(slice.Metadata.OwnerReferences, o => o.Uid == owner.Metadata.Uid && o.Kind == "Endpoints"),
            slice => SliceWriter.IsStale(slice, target, withAnnotations: true));
        await _slices.ApplyAsync(planner.Make(slices, isWanted ? Group(owner) : [], []), target, cancellation);
    }

    private static Endpoint Make(EndpointAddress address, bool isReady) => new()
    {
        Addresses = [IPAddress.Parse(address.Ip).ToString()],
        Conditions = new EndpointConditions { Ready = isReady },
        Hostname = address.Hostname,
        NodeName = address.NodeName,
        TargetRef = address.TargetRef,
    };

    private static Dictionary<string, string> LabelsFor(Endpoints endpoints) => new(endpoints.Metadata.Labels)
    {
        [SliceWriter.ServiceNameLabel] = endpoints.Metadata.Name,
        [SliceWriter.ManagedByLabel] = ManagerName,
    };

    private static Dictionary<string, string> AnnotationsFor(Endpoints endpoints)
    {
        var annotations = new Dictionary<string, string>(endpoints.Metadata.Annotations);
        annotations.Remove("kubectl.kubernetes.io/last-applied-configuration");
        annotations.Remove(TriggerTimes.Annotation);
        return annotations;
    }
}
