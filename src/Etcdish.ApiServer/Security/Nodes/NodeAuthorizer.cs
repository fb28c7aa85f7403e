using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security.Rbac;
using Etcdish.ApiServer.Storage;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Security.Nodes;

/// <summary>
/// Decides what a node may do: read what the pods that are bound to it need, and write what it tells of itself and of them. What depends on
/// the content of a write is left to the admission plugin NodeRestriction. A refusal is no last word: a role may still allow it.
/// </summary>
internal sealed class NodeAuthorizer(NodeGraph graph, IObjectStore store, ResourceDirectory resources)
{
    private const string Role = "system:node";
    private const string LeaseNamespace = "kube-node-lease";

    private readonly PolicyRule[] _rules = PolicyRule.ReadAll(
        PolicyBootstrap.Objects().Single(item => item is { Name: Role, Resource: "clusterroles" }).Content);

    /// <summary>Whether a node may do something, and if not, why, as far as there is a reason in words.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<NodeDecision> DecideAsync(string node, AccessRequest request, CancellationToken cancellation)
    {
        if (node.Length == 0)
        {
            return new($"unknown node for user \"{request.User.Name}\"");
        }

        return (request.Group, request.Resource) switch
        {
            ("", "secrets") => await ReadAsync(node, ReferenceKind.Secret, request, cancellation),
            ("", "configmaps") => await ReadAsync(node, ReferenceKind.ConfigMap, request, cancellation),
            ("", "persistentvolumeclaims") when request.Subresource == "status" => await WriteClaimAsync(node, request, cancellation),
            ("", "persistentvolumeclaims") => await GetAsync(node, ReferenceKind.VolumeClaim, request, cancellation),
            ("resource.k8s.io", "resourceclaims") => await GetAsync(node, ReferenceKind.ResourceClaim, request, cancellation),
            ("", "persistentvolumes") => FaultOfGet(request) ?? await ToVolumeAsync(node, request, cancellation),
            ("storage.k8s.io", "volumeattachments") => FaultOfGet(request) ?? await ToAttachmentAsync(node, request, cancellation),
            ("", "serviceaccounts") => await MakeTokenAsync(node, request, cancellation),
            ("resource.k8s.io", "resourceslices") => await ToSliceAsync(node, request, cancellation),
            ("coordination.k8s.io", "leases") => ToLease(node, request),
            ("storage.k8s.io", "csinodes") => ToCsiNode(node, request),
            ("", "nodes") => ToNode(node, request),
            ("", "pods") => await ToPodAsync(node, request, cancellation),
            _ => Array.Exists(_rules, rule => rule.Allows(request)) ? NodeDecision.Allowed : NodeDecision.NoOpinion,
        };
    }

    private static NodeDecision Unrelated(string node) => new($"no relationship found between node '{node}' and this object");

    private async ValueTask<NodeDecision> ReadAsync(
        string node, ReferenceKind kind, AccessRequest request, CancellationToken cancellation)
    {
        var fault = request switch
        {
            { Verb: not ("get" or "list" or "watch") } => "can only read resources of this type",
            { Subresource.Length: > 0 } => "cannot read subresource",
            { Namespace.Length: 0 } => "can only read namespaced object of this type",
            _ => null,
        };
        if (fault is not null)
        {
            return new(fault);
        }

        var decision = await RelateAsync(node, kind, request, cancellation);
        return !decision.IsAllowed && kind == ReferenceKind.Secret && request.Name.Length > 0
            && await IsSecretOfVolumeAsync(node, request, cancellation)
                ? NodeDecision.Allowed
                : decision;
    }

    private async ValueTask<NodeDecision> GetAsync(
        string node, ReferenceKind kind, AccessRequest request, CancellationToken cancellation) =>
        FaultOfGet(request) ?? await RelateAsync(node, kind, request, cancellation);

    private static NodeDecision? FaultOfGet(AccessRequest request) =>
        request.Verb != "get" ? new("can only get individual resources of this type")
        : request.Subresource.Length > 0 ? new("cannot get subresource")
        : request.Name.Length == 0 ? new("No Object name found")
        : null;

    private async ValueTask<NodeDecision> WriteClaimAsync(string node, AccessRequest request, CancellationToken cancellation) =>
        request.Verb is "update" or "patch"
            ? await RelateAsync(node, ReferenceKind.VolumeClaim, request, cancellation)
            : new("can only get/update/patch this type");

    private async ValueTask<NodeDecision> RelateAsync(
        string node, ReferenceKind kind, AccessRequest request, CancellationToken cancellation)
    {
        if (request.Name.Length == 0)
        {
            return new("No Object name found");
        }

        return await graph.RelatesAsync(node, new NodeReference(kind, request.Namespace, request.Name), cancellation)
            ? NodeDecision.Allowed
            : Unrelated(node);
    }

    /// <summary>A persistent volume is the node's if the claim is that it is bound to.</summary>
    private async ValueTask<NodeDecision> ToVolumeAsync(string node, AccessRequest request, CancellationToken cancellation)
    {
        var volume = await FindAsync("", "persistentvolumes", "", request.Name, cancellation);
        var claim = volume.Part("spec").Part("claimRef");
        var reference = new NodeReference(ReferenceKind.VolumeClaim, claim.Text("namespace"), claim.Text("name"));
        return claim is not null && await graph.RelatesAsync(node, reference, cancellation) ? NodeDecision.Allowed : Unrelated(node);
    }

    private async ValueTask<NodeDecision> ToAttachmentAsync(string node, AccessRequest request, CancellationToken cancellation)
    {
        var attachment = await FindAsync("storage.k8s.io", "volumeattachments", "", request.Name, cancellation);
        return attachment.Part("spec").Text("nodeName") == node ? NodeDecision.Allowed : Unrelated(node);
    }

    /// <summary>Whether a secret is one by which a persistent volume of the node's pods is reached: few have such.</summary>
    private async ValueTask<bool> IsSecretOfVolumeAsync(string node, AccessRequest request, CancellationToken cancellation)
    {
        foreach (var (_, ns, name) in graph.ClaimsOf(node))
        {
            var claim = await FindAsync("", "persistentvolumeclaims", ns, name, cancellation);
            if (claim.Part("spec").Text("volumeName") is { Length: > 0 } volumeName
                && await FindAsync("", "persistentvolumes", "", volumeName, cancellation) is { } volume
                && volume.Part("spec").Part("claimRef") is { } owner && owner.Text("namespace") == ns && owner.Text("name") == name
                && PodReferences.SecretsOf(volume, ns).Contains((request.Namespace, request.Name)))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<NodeDecision> MakeTokenAsync(string node, AccessRequest request, CancellationToken cancellation) =>
        request.Verb != "create" || request.Name.Length == 0 ? new("can only create tokens for individual service accounts")
        : request.Subresource != "token" ? new("can only create token subresource of serviceaccount")
        : await RelateAsync(node, ReferenceKind.ServiceAccount, request, cancellation);

    private static NodeDecision ToLease(string node, AccessRequest request) =>
        request.Verb is not ("get" or "create" or "update" or "patch" or "delete")
            ? new("can only get, create, update, patch, or delete a node lease")
        : request.Namespace != LeaseNamespace ? new($"can only access leases in the \"{LeaseNamespace}\" system namespace")
        : request.Verb != "create" && request.Name != node
            ? new("can only access node lease with the same name as the requesting node")
        : NodeDecision.Allowed;

    private static NodeDecision ToCsiNode(string node, AccessRequest request) =>
        request.Verb is not ("get" or "create" or "update" or "patch" or "delete")
            ? new("can only get, create, update, patch, or delete a CSINode")
        : request.Subresource.Length > 0 ? new("cannot authorize CSINode subresources")
        : request.Verb != "create" && request.Name != node ? new("can only access CSINode with the same name as the requesting node")
        : NodeDecision.Allowed;

    /// <summary>A slice is the node's if it says so itself; of one that is made the admission plugin looks at what it says.</summary>
    private async ValueTask<NodeDecision> ToSliceAsync(string node, AccessRequest request, CancellationToken cancellation) =>
        request.Subresource.Length > 0 ? new("cannot authorize ResourceSlice subresources") : request.Verb switch
        {
            "create" => NodeDecision.Allowed,
            "get" or "update" or "patch" or "delete" when request.Name.Length == 0 => new("No Object name found"),
            "get" or "update" or "patch" or "delete" =>
                (await FindAsync("resource.k8s.io", "resourceslices", "", request.Name, cancellation)).Part("spec").Text("nodeName") == node
                    ? NodeDecision.Allowed
                    : Unrelated(node),
            "watch" or "list" or "deletecollection" when SelectsNode(request.FieldSelector, node) => NodeDecision.Allowed,
            "watch" or "list" or "deletecollection" =>
                new("can only list/watch/deletecollection resourceslices with nodeName field selector"),
            _ => new(
                "only the following verbs are allowed for a ResourceSlice: "
                + "get, watch, list, create, update, patch, delete, deletecollection"),
        };

    private static NodeDecision ToNode(string node, AccessRequest request) => (request.Subresource, request.Verb) switch
    {
        ("", "create" or "update" or "patch") or ("status", "update" or "patch") => NodeDecision.Allowed,
        ("", "get" or "list" or "watch") when request.Name == node => NodeDecision.Allowed,
        ("", "get" or "list" or "watch") when request.Name.Length == 0 =>
            new($"node '{node}' cannot read all nodes, only its own Node object"),
        ("", "get" or "list" or "watch") => new($"node '{node}' cannot read '{request.Name}', only its own Node object"),
        _ => NodeDecision.NoOpinion,
    };

    private async ValueTask<NodeDecision> ToPodAsync(string node, AccessRequest request, CancellationToken cancellation) =>
        (request.Subresource, request.Verb) switch
        {
            (_, "get") => await GetAsync(node, ReferenceKind.Pod, request, cancellation),
            ("", "list" or "watch") when SelectsNode(request.FieldSelector, node) => NodeDecision.Allowed,
            ("", "list" or "watch") when request.Name.Length > 0 => await RelateAsync(node, ReferenceKind.Pod, request, cancellation),
            ("", "list" or "watch") => new("can only list/watch pods with spec.nodeName field selector"),
            ("", "create" or "delete") or ("status", "update" or "patch") or ("eviction", "create") => NodeDecision.Allowed,
            _ => NodeDecision.NoOpinion,
        };

    private static bool SelectsNode(string selector, string node)
    {
        try
        {
            return selector.Length > 0 && FieldSelector.Parse(selector).RequiredValue("spec.nodeName") == node;
        }
        catch (SelectorException)
        {
            // Whoever lists will say so.
            return false;
        }
    }

    private async ValueTask<System.Text.Json.Nodes.JsonObject?> FindAsync(
        string group, string resource, string ns, string name, CancellationToken cancellation)
    {
        var type = resources.Find(group, "v1", resource)!;
        return await store.GetAsync(type.KeyOf(ns, name), cancellation) is { } found ? ApiJson.Parse(found.Value.Span) : null;
    }
}

/// <summary>What is decided about a node's request.</summary>
/// <param name="Fault">Why it is not allowed, empty for no particular reason; null: it is.</param>
internal readonly record struct NodeDecision(string? Fault)
{
    public static NodeDecision Allowed { get; } = new(null);

    public static NodeDecision NoOpinion { get; } = new("");

    public bool IsAllowed => Fault is null;
}
