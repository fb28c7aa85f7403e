using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Filters;

/// <summary>
/// What a node must meet that can be told from it and its pods alone. The answer holds until one of these changes, whatever happens
/// elsewhere.
/// </summary>
internal static class NodeFilters
{
    private static readonly Taint _unschedulable = new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };
    private static readonly Rejection _cordoned = new(Plugin.NodeUnschedulable, true, "node(s) were unschedulable");
    private static readonly Rejection _tainted = new(Plugin.TaintToleration, true, "node(s) had untolerated taint(s)");
    private static readonly Rejection _elsewhere = new(Plugin.NodeAffinity, true, "node(s) didn't match Pod's node affinity/selector");
    private static readonly Rejection _portTaken =
        new(Plugin.NodePorts, false, "node(s) didn't have free ports for the requested pod ports");

    /// <summary>The first reason against a node, or null.</summary>
    public static Rejection? Check(PodShape pod, NodeState node, ResourceNames names)
    {
        var found = node.Object;
        if (found.Spec.Unschedulable && !pod.Tolerates(_unschedulable))
        {
            return _cordoned;
        }

        if (!pod.ToleratesAll(found))
        {
            return _tainted;
        }

        if (!pod.MayBeOn(found))
        {
            return _elsewhere;
        }

        return HasFreePorts(pod, node) ? ResourceFit.Check(pod, node, names) : _portTaken;
    }

    /// <summary>Whether none of the ports a pod needs of a node is taken.</summary>
    public static bool HasFreePorts(PodShape pod, NodeState node)
    {
        foreach (var port in pod.Ports)
        {
            foreach (var taken in node.Ports)
            {
                if (port.Conflicts(taken))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Whether a node that is cordoned would take a pod nevertheless.</summary>
    public static bool IgnoresCordon(PodShape pod) => pod.Tolerates(_unschedulable);
}
