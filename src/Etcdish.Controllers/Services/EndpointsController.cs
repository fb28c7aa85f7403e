using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Services;

/// <summary>
/// Tells where services with a selector lead for those who still read Endpoints. An object of the service's name, no more than 1,000
/// addresses, of one family.
/// </summary>
internal sealed class EndpointsController : Controller
{
    /// <summary>The label by which this controller knows its own objects.</summary>
    public const string ManagedByLabel = "endpoints.kubernetes.io/managed-by";

    /// <summary>Who manages these objects.</summary>
    public const string ManagerName = "endpoint-controller";

    /// <summary>The annotation of an object that had to leave out addresses.</summary>
    public const string OverCapacityAnnotation = "endpoints.kubernetes.io/over-capacity";

    private const string HeadlessLabel = "service.kubernetes.io/headless";

    private readonly ServicePods _pods;
    private readonly Informer<Service> _services;
    private readonly Informer<Endpoints> _endpoints;
    private readonly TriggerTimes _times = new();

    public EndpointsController(ControllerContext context, ServicePods pods)
        : base("endpoint-controller", context)
    {
        _pods = pods;
        _services = context.Informers.Of(Resources.Services);
        _endpoints = context.Informers.Of(Resources.Endpoints);
        _pods.Subscribe(Enqueue);
        _endpoints.Subscribe((before, now) =>
        {
            if (IsOurs((now ?? before)!))
            {
                Enqueue((now ?? before)!.Key);
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        var there = _endpoints.Find(key);
        if (_services.Find(key) is not { } service)
        {
            _times.Forget(key);
            if (there is not null && !there.Metadata.Annotations.ContainsKey("control-plane.alpha.kubernetes.io/leader"))
            {
                var options = new DeleteOptions { Uid = there.Metadata.Uid };
                await Context.Client.DeleteAsync(Resources.Endpoints, key.Namespace, key.Name, options, cancellation);
            }

            return;
        }

        if (service.Spec.Type == "ExternalName" || service.Spec.Selector.Count == 0 || service.Metadata.IsBeingDeleted)
        {
            return;
        }

        var pods = _pods.PodsOf(key);
        var subsets = EndpointSubsets.Make(service, pods);
        var isTruncated = EndpointSubsets.Truncate(subsets);
        var annotations = new Dictionary<string, string>();
        if (_times.Take(service, pods) is { } time)
        {
            annotations[TriggerTimes.Annotation] = TimeText.Format(time);
        }

        if (isTruncated)
        {
            annotations[OverCapacityAnnotation] = "truncated";
        }

        await WriteAsync(service, there, subsets, annotations, cancellation);
    }

    private static bool IsOurs(Endpoints endpoints) => endpoints.Metadata.Labels.GetValueOrDefault(ManagedByLabel) == ManagerName;

    private static Dictionary<string, string> LabelsFor(Service service)
    {
        var labels = new Dictionary<string, string>(service.Metadata.Labels);
        labels.Remove(HeadlessLabel);
        if (!service.Spec.HasClusterIp)
        {
            labels[HeadlessLabel] = "";
        }

        labels[ManagedByLabel] = ManagerName;
        return labels;
    }

    private async Task WriteAsync(
        Service service, Endpoints? there, EndpointSubset[] subsets, Dictionary<string, string> annotations, CancellationToken cancellation)
    {
        try
        {
            if (there is null)
            {
                await CreateAsync(service, subsets, annotations, cancellation);
            }
            else
            {
                await UpdateAsync(service, there, subsets, annotations, cancellation);
            }
        }
        catch (ApiStatusException e) when (e.IsNamespaceTerminating)
        {
            // Neither service nor endpoints will be there for long.
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            // Somebody made them, perhaps this controller: the watch has not told of it yet.
            Queue.AddAfter(service.Key, TimeSpan.FromMilliseconds(100));
        }
        catch (ApiStatusException e) when (!e.IsConflict)
        {
            var verb = there is null ? "create" : "update";
            Context.Events.Warning(
                Resources.Services,
                service,
                there is null ? "FailedToCreateEndpoint" : "FailedToUpdateEndpoint",
                $"Failed to {verb} endpoint {service.Key}: {e.Message}",
                Name);
            throw;
        }
    }

    private async Task CreateAsync(
        Service service, EndpointSubset[] subsets, Dictionary<string, string> annotations, CancellationToken cancellation)
    {
        var metadata = new JsonObject { ["name"] = service.Metadata.Name, ["labels"] = SliceWriter.Texts(LabelsFor(service)) };
        SliceWriter.AddUnlessEmpty(metadata, "annotations", SliceWriter.Texts(annotations));
        var endpoints = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Endpoints",
            ["metadata"] = metadata,
            ["subsets"] = EndpointSubsets.Write(subsets),
        };
        await Context.Client.CreateAsync(Resources.Endpoints, service.Metadata.Namespace, endpoints, cancellation);
    }

    private async Task UpdateAsync(
        Service service, Endpoints there, EndpointSubset[] subsets, Dictionary<string, string> annotations, CancellationToken cancellation)
    {
        var labels = SliceWriter.Difference(there.Metadata.Labels, LabelsFor(service), _ => true);
        var isSame = EndpointSubsets.AreSame(there.Subsets, subsets)
            && there.Metadata.Annotations.ContainsKey(OverCapacityAnnotation) == annotations.ContainsKey(OverCapacityAnnotation);
        if (isSame && labels.Count == 0)
        {
            return;
        }

        var metadata = new JsonObject { ["resourceVersion"] = there.Metadata.ResourceVersion, ["uid"] = there.Metadata.Uid };
        SliceWriter.AddUnlessEmpty(metadata, "labels", labels);
        SliceWriter.AddUnlessEmpty(
            metadata,
            "annotations",
            SliceWriter.Difference(
                there.Metadata.Annotations, annotations, name => name is TriggerTimes.Annotation or OverCapacityAnnotation));
        var patch = new JsonObject { ["metadata"] = metadata, ["subsets"] = EndpointSubsets.Write(subsets) };
        await Context.Client.PatchAsync(
            Resources.Endpoints, there.Metadata.Namespace, there.Metadata.Name, patch, PatchKind.Merge, "", cancellation);
    }

    private void Enqueue(ObjectKey service) => Queue.AddAfter(service, EndpointSliceController.DelayFor(_pods.Count(service)));
}
