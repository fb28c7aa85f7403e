namespace Etcdish.Kubernetes.Objects;

/// <summary>What keeps a number of equal pods: replica sets and replication controllers.</summary>
public interface IReplicated
{
    /// <summary>How many pods are wanted.</summary>
    int Replicas { get; }

    /// <summary>Seconds that a pod must be ready to be available.</summary>
    int MinReadySeconds { get; }

    /// <summary>Which pods are its own.</summary>
    LabelSelector Selector { get; }

    /// <summary>What it makes pods of.</summary>
    PodTemplate Template { get; }

    /// <summary>What is there.</summary>
    ReplicaSetStatus Status { get; }
}
