using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Volumes;

/// <summary>
/// Volumes that are folders of nodes: what a cluster has that has no other storage. A volume stays on the node of the first pod that used
/// it; its node makes the folder when a pod first needs it.
/// </summary>
public sealed class LocalPath
{
    /// <summary>Who makes these volumes, as storage classes name it.</summary>
    public const string ProvisionerName = "etcdish.io/local-path";

    /// <summary>The name of the class that is there from the start.</summary>
    public const string ClassName = "local-path";

    /// <summary>The folder, on every node, in which volumes are. An absolute path.</summary>
    public string Root { get; init; } = "/var/lib/etcdish/volumes";

    /// <summary>
    /// Deletes the folder of a volume, given its node and path; one that is not there is deleted. Null: the folder is looked for on this
    /// machine, which is right for a cluster of one machine; a folder elsewhere then stays where it is.
    /// </summary>
    public Func<string, string, CancellationToken, Task>? DeleteFolder { get; init; }

    /// <summary>Writes the storage class <c>local-path</c>, as the default one, unless there is one of that name.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public static async Task EnsureClassAsync(KubernetesClient client, CancellationToken cancellation)
    {
        var storage = new JsonObject
        {
            ["apiVersion"] = Resources.StorageClasses.ApiVersion,
            ["kind"] = Resources.StorageClasses.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = ClassName,
                ["annotations"] = new JsonObject { [StorageClass.IsDefaultAnnotation] = "true" },
            },
            ["provisioner"] = ProvisionerName,
            ["reclaimPolicy"] = "Delete",
            ["volumeBindingMode"] = "WaitForFirstConsumer",
            ["allowVolumeExpansion"] = true,
        };
        try
        {
            await client.CreateAsync(Resources.StorageClasses, "", storage, cancellation);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            // Whoever runs the cluster may have changed it, and has it his way.
        }
    }

    /// <summary>Why a claim cannot have such a volume; null if it can.</summary>
    internal static string? ProblemOf(PersistentVolumeClaim claim) =>
        claim.Spec.VolumeMode != "Filesystem" ? "a folder is no block device"
        : claim.Spec.Selector is not null ? "claim.Spec.Selector is not supported"
        : !Array.TrueForAll(claim.Spec.AccessModes, mode => mode is "ReadWriteOnce" or "ReadWriteOncePod")
            ? "a folder of a node can be ReadWriteOnce or ReadWriteOncePod only"
        : null;

    /// <summary>The name of the volume of a claim: there can be only one.</summary>
    internal static string NameFor(PersistentVolumeClaim claim) => $"pvc-{claim.Metadata.Uid}";

    /// <summary>The volume of a claim.</summary>
    internal JsonObject Make(PersistentVolumeClaim claim, StorageClass storage, Node node)
    {
        var hostname = node.Metadata.Labels.GetValueOrDefault("kubernetes.io/hostname") ?? node.Metadata.Name;
        var spec = new JsonObject
        {
            ["capacity"] = new JsonObject { ["storage"] = VolumeMarks.SizeOf(claim).ToString() },
            ["accessModes"] = Texts(claim.Spec.AccessModes),
            ["persistentVolumeReclaimPolicy"] = storage.ReclaimPolicy,
            ["storageClassName"] = storage.Metadata.Name,
            ["volumeMode"] = "Filesystem",
            ["claimRef"] = new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "PersistentVolumeClaim",
                ["namespace"] = claim.Metadata.Namespace,
                ["name"] = claim.Metadata.Name,
                ["uid"] = claim.Metadata.Uid,
                ["resourceVersion"] = claim.Metadata.ResourceVersion,
            },
            ["hostPath"] = new JsonObject
            {
                ["path"] = $"{Root.TrimEnd('/')}/{NameFor(claim)}_{claim.Metadata.Namespace}_{claim.Metadata.Name}",
                ["type"] = "DirectoryOrCreate",
            },
            ["nodeAffinity"] = new JsonObject { ["required"] = OnNode(hostname) },
        };
        if (storage.MountOptions.Length > 0)
        {
            spec["mountOptions"] = Texts(storage.MountOptions);
        }

        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "PersistentVolume",
            ["metadata"] = new JsonObject
            {
                ["name"] = NameFor(claim),
                ["annotations"] = new JsonObject { [VolumeMarks.ProvisionedBy] = ProvisionerName },
                ["finalizers"] = new JsonArray(Finalizer),
            },
            ["spec"] = spec,
        };
    }

    /// <summary>Deletes what is in a volume.</summary>
    /// <exception cref="IOException">It cannot be deleted, or is no folder of ours.</exception>
    internal async Task DeleteAsync(PersistentVolume volume, CancellationToken cancellation)
    {
        var path = volume.Spec.HostPath?.Path ?? "";

        // Whoever may write volumes must not be able to have any folder of a machine deleted.
        if (Path.GetDirectoryName(path) != Root.TrimEnd('/') || Path.GetFullPath(path) != path
            || !Path.GetFileName(path).StartsWith(volume.Metadata.Name + "_", StringComparison.Ordinal))
        {
            throw new IOException($"\"{path}\" is no folder of this volume in {Root}");
        }

        if (DeleteFolder is not null)
        {
            await DeleteFolder(NodeOf(volume), path, cancellation);
        }
        else if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>Keeps a volume until its folder is deleted.</summary>
    internal const string Finalizer = "external-provisioner.volume.kubernetes.io/finalizer";

    private static string NodeOf(PersistentVolume volume) =>
        volume.Spec.NodeAffinity?.Required?["nodeSelectorTerms"]?[0]?["matchExpressions"]?[0]?["values"]?[0]?.GetValue<string>() ?? "";

    private static JsonObject OnNode(string hostname) => new()
    {
        ["nodeSelectorTerms"] = new JsonArray(new JsonObject
        {
            ["matchExpressions"] = new JsonArray(new JsonObject
            {
                ["key"] = "kubernetes.io/hostname",
                ["operator"] = "In",
                ["values"] = new JsonArray(hostname),
            }),
        }),
    };

    private static JsonArray Texts(string[] texts) => [.. texts.Select(text => (JsonNode)text)];
}
