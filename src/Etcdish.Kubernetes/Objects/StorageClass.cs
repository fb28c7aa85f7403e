namespace Etcdish.Kubernetes.Objects;

/// <summary>A kind of storage, and who makes it (storage.k8s.io/v1 StorageClass).</summary>
public sealed class StorageClass : KubernetesObject
{
    /// <summary>The annotation of the class that claims get which name none.</summary>
    public const string IsDefaultAnnotation = "storageclass.kubernetes.io/is-default-class";

    /// <summary>Who makes its volumes.</summary>
    public string Provisioner { get; set; } = "";

    /// <summary>What he is told.</summary>
    public Dictionary<string, string> Parameters { get => field ?? []; set; }

    /// <summary>What becomes of a volume whose claim is gone: Delete or Retain.</summary>
    public string ReclaimPolicy { get; set; } = "Delete";

    /// <summary>Options of its mounts.</summary>
    public string[] MountOptions { get => field ?? []; set; }

    /// <summary>Whether claims may grow.</summary>
    public bool AllowVolumeExpansion { get; set; }

    /// <summary>Immediate, or WaitForFirstConsumer: not before a pod that uses the claim has a node.</summary>
    public string VolumeBindingMode { get; set; } = "Immediate";

    /// <summary>Whether claims that name no class get this one.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsDefault => Metadata.Annotations.GetValueOrDefault(IsDefaultAnnotation) == "true"
        || Metadata.Annotations.GetValueOrDefault("storageclass.beta.kubernetes.io/is-default-class") == "true";
}
