namespace Etcdish.Kubernetes.Objects;

/// <summary>What a namespace may use (core/v1 ResourceQuota).</summary>
public sealed class ResourceQuota : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public ResourceQuotaSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public ResourceQuotaStatus Status { get => field ??= new(); set; }
}

/// <summary>What is wanted of a quota.</summary>
public sealed class ResourceQuotaSpec
{
    /// <summary>The limits.</summary>
    public Dictionary<string, Quantity> Hard { get => field ?? []; set; }
}

/// <summary>What is there of a quota.</summary>
public sealed class ResourceQuotaStatus
{
    /// <summary>The limits that this speaks of.</summary>
    public Dictionary<string, Quantity> Hard { get => field ?? []; set; }

    /// <summary>What is used.</summary>
    public Dictionary<string, Quantity> Used { get => field ?? []; set; }
}
