using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Admission;

/// <summary>
/// What a node may write, as far as that depends on what is in it: its own objects, and the status of pods that are bound to it. It cannot
/// make itself another one, by labels or taints, for which pods are meant that it should not get.
/// </summary>
internal sealed class NodeRestriction(ClusterObjects objects) : IAdmissionPlugin
{
    private const string LeaseNamespace = "kube-node-lease";

    private static readonly string[] _claimStatus = ["allocatedResourceStatuses", "allocatedResources", "capacity", "conditions"];

    private readonly MirrorPodRules _mirrors = new(objects);

    public string Name => "NodeRestriction";

    public bool Handles(AdmissionRequest request) => NodeIdentity.Of(request.Write.User) is not null;

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var node = NodeIdentity.Of(request.Write.User)!;
        if (node.Length == 0)
        {
            throw request.Forbid($"could not determine node from user \"{request.Write.User.Name}\"");
        }

        switch (request.Write.Type.Info.Group, request.Write.Type.Info.Name)
        {
            case ("", "pods"):
                return CheckPodAsync(node, request, cancellation);
            case ("", "nodes"):
                CheckNode(node, request);
                break;
            case ("", "persistentvolumeclaims"):
                CheckClaim(node, request);
                break;
            case ("coordination.k8s.io", "leases"):
                CheckLease(node, request);
                break;
            case ("resource.k8s.io", "resourceslices"):
                CheckSlice(node, request);
                break;
            case ("storage.k8s.io", "csinodes") when NameOf(request) != node:
                throw request.Forbid("can only access CSINode with the same name as the requesting node");
        }

        return ValueTask.CompletedTask;
    }

    private static string NameOf(AdmissionRequest request) =>
        request.Write.Name is { Length: > 0 } name ? name : request.Object?.Name() ?? "";

    private ValueTask CheckPodAsync(string node, AdmissionRequest request, CancellationToken cancellation)
    {
        switch (request.Write.Subresource, request.Operation)
        {
            case ("", AdmissionOperation.Create):
                return _mirrors.CheckAsync(node, request, cancellation);
            case ("", AdmissionOperation.Delete) when request.Stored.Part("spec").Text("nodeName") != node:
                throw request.Forbid($"node \"{node}\" can only delete pods with spec.nodeName set to itself");
            case ("", AdmissionOperation.Delete):
                break;
            case ("status", AdmissionOperation.Update):
                CheckPodStatus(node, request);
                break;
            case ("", _):
                throw request.Forbid($"unexpected operation \"UPDATE\", node \"{node}\" can only create and delete mirror pods");
            case (var subresource, _):
                throw request.Forbid($"unexpected pod subresource \"{subresource}\", only 'status' and 'eviction' are allowed");
        }

        return ValueTask.CompletedTask;
    }

    private static void CheckPodStatus(string node, AdmissionRequest request)
    {
        var (before, now) = (request.Stored!, request.Object!);
        if (before.Part("spec").Text("nodeName") != node)
        {
            throw request.Forbid($"node \"{node}\" can only update pod status for pods with spec.nodeName set to itself");
        }

        if (ChangedLabels(before, now).Length > 0)
        {
            throw request.Forbid($"node \"{node}\" cannot update labels through pod status");
        }

        const string Claims = "resourceClaimStatuses";
        if (!JsonNode.DeepEquals(before.Part("status")?[Claims], now.Part("status")?[Claims]))
        {
            throw request.Forbid($"node \"{node}\" cannot update resource claim statues");
        }
    }

    private static void CheckNode(string node, AdmissionRequest request)
    {
        if (NameOf(request) != node)
        {
            throw request.Forbid($"node \"{node}\" is not allowed to modify node \"{NameOf(request)}\"");
        }

        if (request.Operation is not (AdmissionOperation.Create or AdmissionOperation.Update))
        {
            return;
        }

        var refused = string.Join(", ", ChangedLabels(request.Stored, request.Object!).Where(label => !NodeLabels.IsForKubelets(label)));
        if (request.Operation == AdmissionOperation.Create && refused.Length > 0)
        {
            throw request.Forbid($"node \"{node}\" is not allowed to set the following labels: {refused}");
        }

        if (request.Stored is { } stored && !JsonNode.DeepEquals(Taints(stored), Taints(request.Object!)))
        {
            throw request.Forbid($"node \"{node}\" is not allowed to modify taints");
        }

        if (refused.Length > 0)
        {
            throw request.Forbid($"is not allowed to modify labels: {refused}");
        }
    }

    private static void CheckClaim(string node, AdmissionRequest request)
    {
        if (request.Write.Subresource != "status")
        {
            throw request.Forbid("may only update PVC status");
        }

        if (!JsonNode.DeepEquals(WithoutOwn(request.Stored!), WithoutOwn(request.Object!)))
        {
            throw request.Forbid($"node \"{node}\" is not allowed to update fields other than status.capacity and status.conditions");
        }
    }

    /// <summary>What else a node may do with slices was decided by those that are there.</summary>
    private static void CheckSlice(string node, AdmissionRequest request)
    {
        var (slice, verb) = request.Operation switch
        {
            AdmissionOperation.Create => (request.Object, "create"),
            AdmissionOperation.Delete => (request.Stored, "delete"),
            _ => (null, ""),
        };
        if (slice is not null && slice.Part("spec").Text("nodeName") != node)
        {
            throw request.Forbid($"can only {verb} ResourceSlice with the same NodeName as the requesting node");
        }
    }

    private static void CheckLease(string node, AdmissionRequest request)
    {
        if (request.Write.Namespace != LeaseNamespace)
        {
            throw request.Forbid($"can only access leases in the \"{LeaseNamespace}\" system namespace");
        }

        if (NameOf(request) != node)
        {
            throw request.Forbid("can only access node lease with the same name as the requesting node");
        }
    }

    /// <summary>The keys of labels that differ, in order.</summary>
    private static string[] ChangedLabels(JsonObject? before, JsonObject now)
    {
        var (old, wanted) = (before.Part("metadata").Part("labels") ?? [], now.Part("metadata").Part("labels") ?? []);
        return
        [
            .. old.Concat(wanted).Select(label => label.Key).Distinct()
                .Where(key => !JsonNode.DeepEquals(old[key], wanted[key])).Order(StringComparer.Ordinal),
        ];
    }

    private static JsonArray Taints(JsonObject value) => value.Part("spec")?["taints"] as JsonArray ?? [];

    /// <summary>A claim without what a node may write and what the server does.</summary>
    private static JsonObject WithoutOwn(JsonObject claim)
    {
        var rest = (JsonObject)claim.DeepClone();
        rest.Metadata().Remove("managedFields");
        rest.Metadata().Remove("resourceVersion");
        var status = rest.Ensure("status");
        foreach (var field in _claimStatus)
        {
            status.Remove(field);
        }

        return rest;
    }
}
