namespace Etcdish.Scheduler.Cycle;

/// <summary>The parts of a decision, by the names that Kubernetes has for them, in the order in which they are asked.</summary>
[Flags]
internal enum Plugin
{
    None = 0,
    SchedulingGates = 1 << 0,
    NodeUnschedulable = 1 << 1,
    TaintToleration = 1 << 2,
    NodeAffinity = 1 << 3,
    NodePorts = 1 << 4,
    NodeResourcesFit = 1 << 5,
    VolumeRestrictions = 1 << 6,
    NodeVolumeLimits = 1 << 7,
    VolumeBinding = 1 << 8,
    VolumeZone = 1 << 9,
    PodTopologySpread = 1 << 10,
    InterPodAffinity = 1 << 11,
}

/// <summary>Why a node, or all of them, cannot take a pod.</summary>
/// <param name="Plugin">Who says so.</param>
/// <param name="IsUnresolvable">Whether evicting pods would not change it.</param>
/// <param name="Reasons">Why, as users read it.</param>
internal sealed record Rejection(Plugin Plugin, bool IsUnresolvable, params string[] Reasons);
