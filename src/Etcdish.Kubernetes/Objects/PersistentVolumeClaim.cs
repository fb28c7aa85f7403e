namespace Etcdish.Kubernetes.Objects;

/// <summary>Somebody's wish for storage (core/v1 PersistentVolumeClaim).</summary>
public sealed class PersistentVolumeClaim : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public PersistentVolumeClaimSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public PersistentVolumeClaimStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of a claim.</summary>
public sealed class PersistentVolumeClaimSpec
{
    /// <summary>Ways in which it will be used; a volume must allow them all.</summary>
    public string[] AccessModes { get => field ?? []; set; }

    /// <summary>What volumes may be taken; null: any.</summary>
    public LabelSelector? Selector { get; set; }

    /// <summary>How large it must be (storage).</summary>
    public ResourceRequirements Resources { get => field ??= new(); set; }

    /// <summary>The volume; empty until one is found.</summary>
    public string VolumeName { get; set; } = "";

    /// <summary>The class of storage; empty: of no class; null: of the default class.</summary>
    public string? StorageClassName { get; set; }

    /// <summary>Filesystem or Block.</summary>
    public string VolumeMode { get; set; } = "Filesystem";

    /// <summary>The class of its attributes, if any.</summary>
    public string VolumeAttributesClassName { get; set; } = "";
}

/// <summary>What is there of a claim.</summary>
public sealed class PersistentVolumeClaimStatus
{
    /// <summary>Pending, Bound or Lost.</summary>
    public string Phase { get; set; } = "";

    /// <summary>The ways in which the volume can be used.</summary>
    public string[] AccessModes { get => field ?? []; set; }

    /// <summary>How large the volume is.</summary>
    public Dictionary<string, Quantity> Capacity { get => field ?? []; set; }

    /// <summary>How much has been given to it, also while it grows.</summary>
    public Dictionary<string, Quantity> AllocatedResources { get => field ?? []; set; }

    /// <summary>Its conditions.</summary>
    public Condition[] Conditions { get => field ?? []; set; }
}
