using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler.Kinds;

/// <summary>A claim of a volume.</summary>
internal sealed class ClaimFacts : KubernetesObject
{
    public ClaimSpecFacts Spec { get; set; } = new();

    public PhaseFacts Status { get; set; } = new();
}

internal sealed class ClaimSpecFacts
{
    public string VolumeName { get; set; } = "";

    public string StorageClassName { get; set; } = "";

    public string VolumeMode { get; set; } = "";

    public string[] AccessModes { get => field ?? []; set; }

    public ResourceRequirements Resources { get; set; } = new();

    public LabelSelector? Selector { get; set; }
}

internal sealed class PhaseFacts
{
    public string Phase { get; set; } = "";
}

/// <summary>A volume.</summary>
internal sealed class VolumeFacts : KubernetesObject
{
    public VolumeSpecFacts Spec { get; set; } = new();

    public PhaseFacts Status { get; set; } = new();
}

internal sealed class VolumeSpecFacts
{
    public Dictionary<string, Quantity> Capacity { get => field ?? []; set; }

    public string StorageClassName { get; set; } = "";

    public string VolumeMode { get; set; } = "";

    public string[] AccessModes { get => field ?? []; set; }

    public ClaimReference? ClaimRef { get; set; }

    public VolumeNodeAffinity? NodeAffinity { get; set; }

    public CsiSource? Csi { get; set; }
}

internal sealed class ClaimReference
{
    public string Namespace { get; set; } = "";

    public string Name { get; set; } = "";

    public string Uid { get; set; } = "";
}

internal sealed class VolumeNodeAffinity
{
    public NodeSelector? Required { get; set; }
}

internal sealed class CsiSource
{
    public string Driver { get; set; } = "";

    public string VolumeHandle { get; set; } = "";
}

/// <summary>A class of volumes.</summary>
internal sealed class StorageClassFacts : KubernetesObject
{
    public string Provisioner { get; set; } = "";

    public string VolumeBindingMode { get; set; } = "";

    public TopologyTermFacts[] AllowedTopologies { get => field ?? []; set; }
}

internal sealed class TopologyTermFacts
{
    public TopologyRequirementFacts[] MatchLabelExpressions { get => field ?? []; set; }
}

internal sealed class TopologyRequirementFacts
{
    public string Key { get; set; } = "";

    public string[] Values { get => field ?? []; set; }
}

/// <summary>What the storage drivers of a node can do.</summary>
internal sealed class CsiNodeFacts : KubernetesObject
{
    public CsiNodeSpecFacts Spec { get; set; } = new();
}

internal sealed class CsiNodeSpecFacts
{
    public CsiDriverFacts[] Drivers { get => field ?? []; set; }
}

internal sealed class CsiDriverFacts
{
    public string Name { get; set; } = "";

    public CsiLimitFacts? Allocatable { get; set; }
}

internal sealed class CsiLimitFacts
{
    public int? Count { get; set; }
}
