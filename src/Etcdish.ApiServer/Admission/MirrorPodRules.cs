using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security.Nodes;

namespace Etcdish.ApiServer.Admission;

/// <summary>
/// The only pods that nodes create: those that show what a node runs by a file of its own. They belong to their node, and name nothing.
/// </summary>
internal sealed class MirrorPodRules(ClusterObjects objects)
{
    private const string Annotation = "kubernetes.io/config.mirror";

    private readonly ResourceType _nodes = objects.Type("", "v1", "nodes");

    /// <exception cref="ApiException">The pod is none of these.</exception>
    public async ValueTask CheckAsync(string node, AdmissionRequest request, CancellationToken cancellation)
    {
        var pod = request.Object!;
        if (pod.Part("metadata").Part("annotations")?.ContainsKey(Annotation) != true)
        {
            throw request.Forbid($"pod does not have \"{Annotation}\" annotation, node \"{node}\" can only create mirror pods");
        }

        if (pod.Part("spec").Text("nodeName") != node)
        {
            throw request.Forbid($"node \"{node}\" can only create pods with spec.nodeName set to itself");
        }

        await CheckOwnerAsync(node, request, [.. pod.Part("metadata").Items("ownerReferences").OfType<JsonObject>()], cancellation);
        CheckReferences(node, request);
    }

    private async ValueTask CheckOwnerAsync(string node, AdmissionRequest request, JsonObject[] owners, CancellationToken cancellation)
    {
        if (owners.Length > 1)
        {
            throw request.Forbid($"node \"{node}\" can only create pods with a single owner reference set to itself");
        }

        if (owners is not [var owner] || (owner.Text("apiVersion"), owner.Text("kind"), owner.Text("name")) != ("v1", "Node", node))
        {
            throw request.Forbid($"node \"{node}\" can only create pods with an owner reference set to itself");
        }

        if (!IsSet(owner, "controller"))
        {
            throw request.Forbid($"node \"{node}\" can only create pods with a controller owner reference set to itself");
        }

        if (IsSet(owner, "blockOwnerDeletion"))
        {
            throw request.Forbid($"node \"{node}\" must not set blockOwnerDeletion on an owner reference");
        }

        var found = await objects.FindAsync(_nodes, "", node, cancellation) ?? throw ApiErrors.NotFound(_nodes.Info, node);
        if (found.Uid() != owner.Text("uid"))
        {
            throw request.Forbid($"node {node} UID mismatch: expected {owner.Text("uid")} got {found.Uid()}");
        }
    }

    /// <summary>What the pod named, its node could read.</summary>
    private static void CheckReferences(string node, AdmissionRequest request)
    {
        var shown = (JsonObject)request.Object!.DeepClone();
        shown.Part("metadata").Part("annotations")!.Remove(Annotation);
        foreach (var reference in PodReferences.Of(shown))
        {
            var what = reference.Kind switch
            {
                ReferenceKind.ServiceAccount => "a service account",
                ReferenceKind.Secret => "secrets",
                ReferenceKind.ConfigMap => "configmaps",
                ReferenceKind.VolumeClaim => "persistentvolumeclaims",
                ReferenceKind.ResourceClaim => "resourceclaims",
                _ => null,
            };
            if (what is not null)
            {
                throw request.Forbid($"node \"{node}\" can not create pods that reference {what}");
            }
        }

        var sources = shown.Part("spec").Items("volumes").OfType<JsonObject>()
            .SelectMany(volume => volume.Part("projected").Items("sources").OfType<JsonObject>());
        if (sources.Any(source => source.ContainsKey("clusterTrustBundle")))
        {
            throw request.Forbid($"node \"{node}\" can not create pods that reference clustertrustbundles");
        }
    }

    private static bool IsSet(JsonObject value, string field) =>
        value[field] is JsonValue flag && flag.TryGetValue<bool>(out var set) && set;
}
