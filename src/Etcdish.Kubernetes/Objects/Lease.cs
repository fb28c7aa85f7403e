namespace Etcdish.Kubernetes.Objects;

/// <summary>A sign of life that somebody renews (coordination/v1 Lease).</summary>
public sealed class Lease : KubernetesObject
{
    /// <summary>The sign.</summary>
    public LeaseSpec Spec { get => field ??= new(); set; }
}

/// <summary>The sign of life.</summary>
public sealed class LeaseSpec
{
    /// <summary>Who lives.</summary>
    public string HolderIdentity { get; set; } = "";

    /// <summary>How long it holds behind the last renewal.</summary>
    public int? LeaseDurationSeconds { get; set; }

    /// <summary>The last renewal.</summary>
    public DateTimeOffset? RenewTime { get; set; }
}
