using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Filters;

/// <summary>Whether there is room for a pod on a node.</summary>
internal static class ResourceFit
{
    private const string TooManyPods = "Too many pods";

    /// <summary>All that there is too little of, or null.</summary>
    public static Rejection? Check(PodShape pod, NodeState node, ResourceNames names)
    {
        var fits = node.Pods.Count + 1 <= node.AllowedPods;
        foreach (var request in pod.Requests)
        {
            fits &= request.Value <= node.Allocatable(request.Resource) - node.Requested(request.Resource);
        }

        return fits ? null : Explain(pod, node, names);
    }

    private static Rejection Explain(PodShape pod, NodeState node, ResourceNames names)
    {
        List<string> reasons = [];
        var isUnresolvable = false;
        if (node.Pods.Count + 1 > node.AllowedPods)
        {
            reasons.Add(TooManyPods);
        }

        foreach (var request in pod.Requests)
        {
            if (request.Value > node.Allocatable(request.Resource) - node.Requested(request.Resource))
            {
                reasons.Add($"Insufficient {names[request.Resource]}");
                isUnresolvable |= request.Value > node.Allocatable(request.Resource);
            }
        }

        return new Rejection(Plugin.NodeResourcesFit, isUnresolvable, [.. reasons]);
    }
}
