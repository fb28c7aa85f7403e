namespace Etcdish.Kubernetes.Objects;

/// <summary>Storage of the cluster (core/v1 PersistentVolume).</summary>
public sealed class PersistentVolume : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public PersistentVolumeSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public PersistentVolumeStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of a volume.</summary>
public sealed class PersistentVolumeSpec
{
    /// <summary>How large it is (storage).</summary>
    public Dictionary<string, Quantity> Capacity { get => field ?? []; set; }

    /// <summary>ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.</summary>
    public string[] AccessModes { get => field ?? []; set; }

    /// <summary>The claim that has it, or for which it is kept; null: nobody's.</summary>
    public ObjectReference? ClaimRef { get; set; }

    /// <summary>Retain, Delete or Recycle.</summary>
    public string PersistentVolumeReclaimPolicy { get; set; } = "";

    /// <summary>The class of storage; empty: of no class.</summary>
    public string StorageClassName { get; set; } = "";

    /// <summary>Filesystem or Block.</summary>
    public string VolumeMode { get; set; } = "Filesystem";

    /// <summary>The class of its attributes, if any.</summary>
    public string VolumeAttributesClassName { get; set; } = "";

    /// <summary>A folder of a node, if it is one.</summary>
    public HostPathVolume? HostPath { get; set; }

    /// <summary>What a CSI driver is told of it, if it is one of a driver.</summary>
    public System.Text.Json.Nodes.JsonObject? Csi { get; set; }

    /// <summary>The nodes from which it can be reached; null: all.</summary>
    public VolumeNodeAffinity? NodeAffinity { get; set; }
}

/// <summary>A folder of a node.</summary>
public sealed class HostPathVolume
{
    /// <summary>Where.</summary>
    public string Path { get; set; } = "";

    /// <summary>What must be there, such as DirectoryOrCreate.</summary>
    public string Type { get; set; } = "";
}

/// <summary>The nodes from which a volume can be reached.</summary>
public sealed class VolumeNodeAffinity
{
    /// <summary>A node selector as it is stored.</summary>
    public System.Text.Json.Nodes.JsonObject? Required { get; set; }
}

/// <summary>What is there of a volume.</summary>
public sealed class PersistentVolumeStatus
{
    /// <summary>Pending, Available, Bound, Released or Failed.</summary>
    public string Phase { get; set; } = "";

    /// <summary>Why, in a sentence.</summary>
    public string Message { get; set; } = "";

    /// <summary>Why, in a word.</summary>
    public string Reason { get; set; } = "";

    /// <summary>When the phase changed last.</summary>
    public DateTimeOffset? LastPhaseTransitionTime { get; set; }
}
