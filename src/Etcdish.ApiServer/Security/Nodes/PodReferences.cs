using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Security.Nodes;

/// <summary>What the node of a pod may look at for the pod's sake.</summary>
internal static class PodReferences
{
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    private static readonly string[] _containerLists = ["initContainers", "containers", "ephemeralContainers"];

    // Volumes whose secret stands in secretRef.
    private static readonly string[] _withSecret = ["cephfs", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"];

    private static readonly string[] _ofDriver = ["nodeStageSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"];

    /// <summary>All of it, the pod itself first. A mirror shows what its node made, and must not give that node anything.</summary>
    public static HashSet<NodeReference> Of(JsonObject pod)
    {
        var ns = pod.Namespace();
        HashSet<NodeReference> all = [new(ReferenceKind.Pod, ns, pod.Name())];
        if (pod.Part("metadata").Part("annotations")?.ContainsKey(MirrorAnnotation) == true)
        {
            return all;
        }

        var spec = pod.Part("spec");
        Add(ReferenceKind.ServiceAccount, spec.Text("serviceAccountName"));
        foreach (var secret in spec.Items("imagePullSecrets").OfType<JsonObject>())
        {
            Add(ReferenceKind.Secret, secret.Text("name"));
        }

        foreach (var (kind, name) in _containerLists.SelectMany(list => spec.Items(list).OfType<JsonObject>()).SelectMany(OfContainer)
            .Concat(spec.Items("volumes").OfType<JsonObject>().SelectMany(volume => OfVolume(pod, volume)))
            .Concat(OfDevices(pod)))
        {
            Add(kind, name);
        }

        return all;

        void Add(ReferenceKind kind, string name)
        {
            if (name.Length > 0)
            {
                all.Add(new NodeReference(kind, ns, name));
            }
        }
    }

    /// <summary>The secrets by which a node reaches a persistent volume, with their namespaces.</summary>
    /// <param name="volume">The persistent volume.</param>
    /// <param name="ns">The namespace of its claim, which is that of secrets that name none.</param>
    public static IEnumerable<(string Namespace, string Name)> SecretsOf(JsonObject volume, string ns)
    {
        var spec = volume.Part("spec");
        var references = _withSecret.Select(type => spec.Part(type).Part("secretRef"))
            .Concat(_ofDriver.Select(field => spec.Part("csi").Part(field)));
        foreach (var reference in references.OfType<JsonObject>())
        {
            yield return (reference.Text("namespace") is { Length: > 0 } own ? own : ns, reference.Text("name"));
        }

        if (spec.Part("azureFile") is { } azure)
        {
            yield return (azure.Text("secretNamespace") is { Length: > 0 } own ? own : ns, azure.Text("secretName"));
        }
    }

    private static IEnumerable<(ReferenceKind Kind, string Name)> OfContainer(JsonObject container)
    {
        foreach (var source in container.Items("envFrom").OfType<JsonObject>())
        {
            yield return (ReferenceKind.Secret, source.Part("secretRef").Text("name"));
            yield return (ReferenceKind.ConfigMap, source.Part("configMapRef").Text("name"));
        }

        foreach (var value in container.Items("env").OfType<JsonObject>().Select(variable => variable.Part("valueFrom")))
        {
            yield return (ReferenceKind.Secret, value.Part("secretKeyRef").Text("name"));
            yield return (ReferenceKind.ConfigMap, value.Part("configMapKeyRef").Text("name"));
        }
    }

    private static IEnumerable<(ReferenceKind Kind, string Name)> OfVolume(JsonObject pod, JsonObject volume)
    {
        yield return (ReferenceKind.Secret, volume.Part("secret").Text("secretName"));
        yield return (ReferenceKind.Secret, volume.Part("azureFile").Text("secretName"));
        yield return (ReferenceKind.Secret, volume.Part("csi").Part("nodePublishSecretRef").Text("name"));
        yield return (ReferenceKind.ConfigMap, volume.Part("configMap").Text("name"));
        yield return (ReferenceKind.VolumeClaim, volume.Part("persistentVolumeClaim").Text("claimName"));
        if (volume.Part("ephemeral") is not null)
        {
            yield return (ReferenceKind.VolumeClaim, $"{pod.Name()}-{volume.Text("name")}");
        }

        foreach (var type in _withSecret)
        {
            yield return (ReferenceKind.Secret, volume.Part(type).Part("secretRef").Text("name"));
        }

        foreach (var source in volume.Part("projected").Items("sources").OfType<JsonObject>())
        {
            yield return (ReferenceKind.Secret, source.Part("secret").Text("name"));
            yield return (ReferenceKind.ConfigMap, source.Part("configMap").Text("name"));
        }
    }

    private static IEnumerable<(ReferenceKind Kind, string Name)> OfDevices(JsonObject pod) =>
        pod.Part("spec").Items("resourceClaims").Concat(pod.Part("status").Items("resourceClaimStatuses")).OfType<JsonObject>()
            .Select(claim => (ReferenceKind.ResourceClaim, claim.Text("resourceClaimName")));
}
