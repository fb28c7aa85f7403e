namespace Etcdish.Kubernetes.Control;

/// <summary>How one of several candidates becomes leader, and how soon another takes over.</summary>
public sealed record LeaderElectionOptions
{
    /// <summary>The namespace of the lease.</summary>
    public string Namespace { get; init; } = "kube-system";

    /// <summary>The lease, such as <c>kube-scheduler</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Who this candidate is; no other may have the same.</summary>
    public required string Identity { get; init; }

    /// <summary>How long others wait for a leader that is silent.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a leader tries to renew before it gives up; less than <see cref="LeaseDuration"/>.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The pause between two tries; less than <see cref="RenewDeadline"/>.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <exception cref="ArgumentException">The times do not go together.</exception>
    internal void Validate()
    {
        // A candidate waits up to a fifth longer between two looks.
        if (RetryPeriod <= TimeSpan.Zero || RetryPeriod * 1.2 >= RenewDeadline || RenewDeadline >= LeaseDuration)
        {
            throw new ArgumentException(
                $"a lease of {LeaseDuration} must be longer than its renewal may take ({RenewDeadline}), "
                + $"and that longer than a pause ({RetryPeriod})");
        }

        if (LeaseDuration < TimeSpan.FromSeconds(1))
        {
            throw new ArgumentException($"a lease of {LeaseDuration} is shorter than a second");
        }
    }
}
