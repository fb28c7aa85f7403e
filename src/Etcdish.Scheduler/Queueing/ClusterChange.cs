using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Queueing;

/// <summary>Kinds of changes that may make room for a pod.</summary>
[Flags]
internal enum ChangeKind
{
    None = 0,
    NodeAdded = 1 << 0,
    NodeAllocatable = 1 << 1,
    NodeLabels = 1 << 2,
    NodeTaints = 1 << 3,
    PodPlaced = 1 << 4,
    PodRemoved = 1 << 5,
    PodRelabelled = 1 << 6,
    Claim = 1 << 7,
    Volume = 1 << 8,
    StorageClass = 1 << 9,
    CsiNode = 1 << 10,

    /// <summary>Anything: all that wait are tried again.</summary>
    Any = 1 << 11,
}

/// <summary>Something in the cluster has changed.</summary>
/// <param name="Kind">What, at least one of them.</param>
/// <param name="Node">The node as it is now, if it was one.</param>
/// <param name="Pod">The shape of the placed pod, if it was one.</param>
/// <param name="Before">How its labels were before, if they changed.</param>
/// <param name="On">The node it is or was on.</param>
/// <param name="Claim">The claim, if it was one.</param>
internal readonly record struct ClusterChange(
    ChangeKind Kind,
    NodeState? Node = null,
    PodShape? Pod = null,
    LabelClass? Before = null,
    NodeState? On = null,
    ObjectKey Claim = default);
