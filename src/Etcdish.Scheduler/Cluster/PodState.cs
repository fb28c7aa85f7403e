using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Cluster;

/// <summary>A pod that has a node, or is about to.</summary>
internal sealed class PodState(Pod pod, PodShape shape)
{
    /// <summary>The pod as it was last seen.</summary>
    public Pod Pod { get; set; } = pod;

    /// <summary>What scheduling depends on.</summary>
    public PodShape Shape { get; set; } = shape;

    /// <summary>Its node, or null while it has none.</summary>
    public NodeState? Node { get; set; }

    /// <summary>Whether it has a node here that the API does not know of yet.</summary>
    public bool IsAssumed { get; set; }

    /// <summary>Whether it is on its way out. Such pods still take room, but do not count for spreading.</summary>
    public bool IsTerminating { get; set; } = pod.Metadata.IsBeingDeleted;

    public ObjectKey Key => Pod.Key;

    public string Uid => Pod.Metadata.Uid;

    public int Priority => Shape.Priority;

    /// <summary>When it began; pods that have not are taken to begin now, so that they are the first to give way.</summary>
    public DateTimeOffset StartTime => Pod.Status.StartTime ?? DateTimeOffset.MaxValue;

    public override string ToString() => Key.ToString();
}
