using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Binding;
using Etcdish.Scheduler.Kinds;
using Etcdish.Scheduler.Preempting;
using Etcdish.Scheduler.Queueing;

namespace Etcdish.Scheduler.Cluster;

/// <summary>Brings what changed in the API into the picture of the cluster, and tells the queue whom it may help.</summary>
internal sealed class ClusterUpdates(
    ClusterState cluster, SchedulingQueue queue, DisruptionBudgets budgets, StatusWriter status, SchedulerOptions options)
{
    private const string Gated = "Scheduling is blocked due to non-empty scheduling gates";

    public void Take(in Notice notice)
    {
        var before = (KubernetesObject?)notice.Before;
        var now = (KubernetesObject?)notice.Now;
        switch (now ?? before)
        {
            case Pod pod:
                TakePod(pod.Key, (Pod?)now);
                break;
            case Node node:
                TakeNode(node.Metadata.Name, (Node?)before, (Node?)now);
                break;
            case NamespaceFacts ns:
                cluster.SetNamespace(ns.Metadata.Name, now?.Metadata.Labels);
                break;
            case ServiceFacts service:
                cluster.Owners.Set(service.Key, (ServiceFacts?)now);
                break;
            case OwnerFacts owner:
                cluster.Owners.Set(notice.Resource!.Kind, owner.Key, (OwnerFacts?)now);
                break;
            case BudgetFacts budget:
                budgets.Set(budget.Key, (BudgetFacts?)now);
                break;
            default:
                TakeStorage(before, now);
                break;
        }
    }

    private void TakeStorage(KubernetesObject? before, KubernetesObject? now)
    {
        var name = (now ?? before)!.Metadata.Name;
        switch (now ?? before)
        {
            case ClaimFacts claim:
                cluster.Volumes.Set(claim.Key, (ClaimFacts?)now);
                queue.Tell(new ClusterChange(ChangeKind.Claim, Claim: claim.Key));
                break;
            case VolumeFacts:
                cluster.Volumes.Set(name, (VolumeFacts?)now);
                queue.Tell(new ClusterChange(ChangeKind.Volume));
                break;
            case StorageClassFacts:
                cluster.Volumes.Set(name, (StorageClassFacts?)now);
                queue.Tell(new ClusterChange(ChangeKind.StorageClass));
                break;
            case CsiNodeFacts:
                cluster.Volumes.Set(name, (CsiNodeFacts?)now);
                queue.Tell(new ClusterChange(ChangeKind.CsiNode));
                break;
        }
    }

    private void TakePod(ObjectKey key, Pod? now)
    {
        if (now is { IsFinished: false, Spec.NodeName.Length: > 0 })
        {
            TakePlaced(now);
        }
        else if (now is { IsFinished: false, Metadata.IsBeingDeleted: false } && now.Spec.SchedulerName == options.SchedulerName)
        {
            TakeWaiting(now);
        }
        else
        {
            Drop(key);
        }
    }

    private void TakePlaced(Pod now)
    {
        var known = cluster.Find(now.Key);
        var (shape, wasTerminating, uid) = (known?.Shape, known?.IsTerminating, known?.Uid);
        var isNews = known is null || known.Uid != now.Metadata.Uid || known.Node!.Name != now.Spec.NodeName;
        var pod = cluster.SetPod(now);
        if (queue.Find(now.Key) is { } queued && queued.Uid == now.Metadata.Uid)
        {
            queue.Remove(queued);
        }

        if (isNews && uid is not null)
        {
            queue.Tell(new ClusterChange(ChangeKind.Any));
        }
        else if (isNews)
        {
            queue.Tell(new ClusterChange(ChangeKind.PodPlaced, Pod: pod.Shape, On: pod.Node));
        }
        else if (pod.Shape != shape)
        {
            // It may ask for less now, or have other labels.
            var kind = ChangeKind.PodRelabelled | (pod.Shape.Requests.SequenceEqual(shape!.Requests) ? 0 : ChangeKind.Any);
            queue.Tell(new ClusterChange(kind, Pod: pod.Shape, Before: shape.Labels, On: pod.Node));
        }
        else if (pod.IsTerminating != wasTerminating)
        {
            queue.Tell(new ClusterChange(ChangeKind.PodRelabelled, Pod: pod.Shape, Before: pod.Shape.Labels, On: pod.Node));
        }
    }

    private void TakeWaiting(Pod now)
    {
        if (cluster.Find(now.Key) is { } other)
        {
            if (other.Uid != now.Metadata.Uid)
            {
                Leave(other);
            }
            else if (queue.Find(now.Key) is null)
            {
                // It has been bound meanwhile: this is older news.
                return;
            }
        }

        var pod = queue.Set(now);
        if (pod.Place == QueuePlace.Gated)
        {
            status.Reject(now, "SchedulingGated", Gated, null, hasEvent: false);
        }
    }

    private void Drop(ObjectKey key)
    {
        if (queue.Find(key) is { } queued)
        {
            queue.Remove(queued);
        }

        if (cluster.Find(key) is { } placed)
        {
            Leave(placed);
        }
    }

    private void Leave(PodState pod)
    {
        var (shape, node) = (pod.Shape, pod.Node);
        cluster.RemovePod(pod);
        queue.Tell(new ClusterChange(ChangeKind.PodRemoved, Pod: shape, On: node));
    }

    private void TakeNode(string name, Node? before, Node? now)
    {
        var node = cluster.SetNode(name, now);
        var kind = Changes(before, now);
        if (kind != ChangeKind.None)
        {
            queue.Tell(new ClusterChange(kind, Node: now is null ? null : node));
        }
    }

    private static ChangeKind Changes(Node? before, Node? now)
    {
        if (now is null)
        {
            // With a node, its domain may go, and with that the least number of pods of one.
            return before is null ? ChangeKind.None : ChangeKind.NodeLabels;
        }

        if (before is null)
        {
            return ChangeKind.NodeAdded;
        }

        var kind = ChangeKind.None;
        if (before.Spec.Unschedulable != now.Spec.Unschedulable || !Same(before.Spec.Taints, now.Spec.Taints))
        {
            kind |= ChangeKind.NodeTaints;
        }

        if (!Same(before.Metadata.Labels, now.Metadata.Labels))
        {
            kind |= ChangeKind.NodeLabels;
        }

        if (before.Status.Allocatable.Count != now.Status.Allocatable.Count
            || before.Status.Allocatable.Any(a => !now.Status.Allocatable.TryGetValue(a.Key, out var amount) || amount != a.Value))
        {
            kind |= ChangeKind.NodeAllocatable;
        }

        return kind;
    }

    private static bool Same(Taint[] left, Taint[] right) => NodeTable.Equal(left, right);

    private static bool Same(Dictionary<string, string> left, Dictionary<string, string> right) => NodeTable.Equal(left, right);
}
