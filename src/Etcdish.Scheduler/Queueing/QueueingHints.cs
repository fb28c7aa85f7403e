using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Filters;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Queueing;

/// <summary>
/// Whether a change may help a pod that found no node, given who kept it from them. A change that is missed here strands the pod for
/// minutes; one too many costs an attempt in vain. So when in doubt, it may.
/// </summary>
internal static class QueueingHints
{
    private const ChangeKind NodeChanges =
        ChangeKind.NodeAdded | ChangeKind.NodeAllocatable | ChangeKind.NodeLabels | ChangeKind.NodeTaints;
    private const ChangeKind PodChanges = ChangeKind.PodPlaced | ChangeKind.PodRemoved | ChangeKind.PodRelabelled;

    /// <summary>The kinds of changes that can help whom these rejected.</summary>
    public static ChangeKind Interest(Plugin rejectedBy)
    {
        if (rejectedBy == Plugin.None)
        {
            return (ChangeKind)~0;
        }

        var kinds = ChangeKind.Any;
        Add(Plugin.NodeUnschedulable | Plugin.TaintToleration, ChangeKind.NodeAdded | ChangeKind.NodeTaints);
        Add(Plugin.NodeAffinity, ChangeKind.NodeAdded | ChangeKind.NodeLabels);
        Add(Plugin.NodePorts, ChangeKind.NodeAdded | ChangeKind.PodRemoved);
        Add(Plugin.NodeResourcesFit, ChangeKind.NodeAdded | ChangeKind.NodeAllocatable | ChangeKind.PodRemoved);
        Add(Plugin.VolumeRestrictions, ChangeKind.PodRemoved | ChangeKind.Claim | ChangeKind.NodeAdded);
        Add(Plugin.NodeVolumeLimits, ChangeKind.CsiNode | ChangeKind.PodRemoved | ChangeKind.Claim | ChangeKind.NodeAdded);
        Add(Plugin.VolumeBinding | Plugin.VolumeZone,
            ChangeKind.NodeAdded | ChangeKind.NodeLabels
                | ChangeKind.Claim | ChangeKind.Volume | ChangeKind.StorageClass | ChangeKind.CsiNode);
        Add(Plugin.PodTopologySpread, NodeChanges & ~ChangeKind.NodeAllocatable | PodChanges);
        Add(Plugin.InterPodAffinity, ChangeKind.NodeAdded | ChangeKind.NodeLabels | PodChanges);
        return kinds;

        void Add(Plugin plugins, ChangeKind changes)
        {
            if ((rejectedBy & plugins) != 0)
            {
                kinds |= changes;
            }
        }
    }

    /// <summary>Whether a change may help a pod.</summary>
    public static bool MayHelp(PodShape pod, Plugin rejectedBy, in ClusterChange change, ClusterState cluster)
    {
        if ((Interest(rejectedBy) & change.Kind) == 0)
        {
            return false;
        }

        if (rejectedBy == Plugin.None || (change.Kind & ChangeKind.Any) != 0)
        {
            return true;
        }

        return change.Node is { Node: not null } node ? NodeMayHelp(pod, rejectedBy, change.Kind, node, cluster)
            : change.Pod is { } other ? PodMayHelp(pod, rejectedBy, change, other, cluster)
            : (change.Kind & ChangeKind.Claim) == 0
                || (change.Claim.Namespace == pod.Namespace && Array.IndexOf(pod.Claims, change.Claim.Name) >= 0);
    }

    /// <summary>A node helps if those who could be persuaded by it are, and nothing about it that they look at is in the way.</summary>
    private static bool NodeMayHelp(PodShape pod, Plugin rejectedBy, ChangeKind kind, NodeState node, ClusterState cluster)
    {
        if ((kind & ChangeKind.NodeAdded) != 0 && !pod.MayBeOn(node.Object))
        {
            return false;
        }

        return (Asks(Plugin.NodeUnschedulable) && (!node.Object.Spec.Unschedulable || NodeFilters.IgnoresCordon(pod)))
            || (Asks(Plugin.TaintToleration) && pod.ToleratesAll(node.Object))
            || (Asks(Plugin.NodeAffinity) && pod.MayBeOn(node.Object))
            || (Asks(Plugin.NodePorts) && NodeFilters.HasFreePorts(pod, node))
            || (Asks(Plugin.NodeResourcesFit) && ResourceFit.Check(pod, node, cluster.Names) is null)
            || Asks(Plugin.PodTopologySpread)
            || Asks(Plugin.InterPodAffinity)
            || Asks(Plugin.VolumeRestrictions | Plugin.NodeVolumeLimits | Plugin.VolumeBinding | Plugin.VolumeZone);

        bool Asks(Plugin plugin) => (rejectedBy & plugin) != 0 && (Interest(plugin) & kind) != 0;
    }

    private static bool PodMayHelp(PodShape pod, Plugin rejectedBy, in ClusterChange change, PodShape other, ClusterState cluster)
    {
        var isGone = (change.Kind & ChangeKind.PodRemoved) != 0;
        return (isGone && (rejectedBy & Plugin.NodePorts) != 0 && pod.Ports.Any(p => other.Ports.Any(p.Conflicts)))
            || (isGone && (rejectedBy & Plugin.NodeResourcesFit) != 0 && FreesWhatIsWanted(pod, other, change.On))
            || (isGone && (rejectedBy & (Plugin.VolumeRestrictions | Plugin.NodeVolumeLimits)) != 0 && other.Claims.Length > 0)
            || ((rejectedBy & Plugin.PodTopologySpread) != 0
                && (SpreadFilter.Counts(pod, other.Labels, cluster.Namespaces)
                    || (change.Before is { } before && SpreadFilter.Counts(pod, before, cluster.Namespaces))))
            || ((rejectedBy & Plugin.InterPodAffinity) != 0 && ChangesCompany(pod, change, other, cluster.Namespaces));
    }

    private static bool FreesWhatIsWanted(PodShape pod, PodShape other, NodeState? on)
    {
        // If the node counted all its pods, one less is what was wanted, whatever it asked for.
        if (pod.Requests.Length == 0 || (on is not null && on.Pods.Count + 1 >= on.AllowedPods))
        {
            return true;
        }

        foreach (var request in pod.Requests)
        {
            if (other.Request(request.Resource) > 0)
            {
                return true;
            }
        }

        return false;
    }

    private static bool ChangesCompany(PodShape pod, in ClusterChange change, PodShape other, NamespaceLabels namespaces)
    {
        if ((change.Kind & (ChangeKind.PodPlaced | ChangeKind.PodRelabelled)) != 0
            && pod.RequiredAffinity.Any(t => t.Pods.Matches(other.Labels, namespaces)))
        {
            return true;
        }

        if ((change.Kind & (ChangeKind.PodRemoved | ChangeKind.PodRelabelled)) == 0)
        {
            return false;
        }

        var before = change.Before ?? other.Labels;
        return pod.RequiredAntiAffinity.Any(t => t.Pods.Matches(before, namespaces))
            || pod.RequiredAffinity.Any(t => t.Pods.Matches(before, namespaces))
            || other.RequiredAntiAffinity.Any(t => t.Pods.Matches(pod.Labels, namespaces));
    }
}
