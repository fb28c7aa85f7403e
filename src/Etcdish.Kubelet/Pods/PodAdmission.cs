using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Pods;

/// <summary>Whether this node takes a pod that was given to it. Who is not taken fails; who runs already is not asked again.</summary>
internal sealed class PodAdmission(PodWorkersParts parts)
{
    /// <summary>Asks, once for each pod. Under the record's lock.</summary>
    public void Check(PodRecord record, PodView view, IEnumerable<PodRecord> all)
    {
        if (record.IsAdmitted || record.IsVanished)
        {
            return;
        }

        record.IsAdmitted = true;
        var isNew = view.Sandboxes.Count == 0 && view.LastStatus?["startTime"] is null && !record.Pod.Metadata.IsBeingDeleted;
        if (isNew && Refuse(record, all) is var (reason, message))
        {
            parts.Events.Tell(record.Pod, true, reason, message);
            record.Ending ??= new PodEnding(EndingCause.Failed, view.Now, reason, "Pod was rejected: " + message);
        }
    }

    private (string Reason, string Message)? Refuse(PodRecord record, IEnumerable<PodRecord> all)
    {
        var running = all.Count(other => other != record && other.IsAdmitted && other.Stage < PodStage.Ended && !other.IsOrphan);
        if (running >= parts.MaxPods)
        {
            return ("OutOfpods", $"Node didn't have enough resource: pods, requested: 1, used: {running}, capacity: {parts.MaxPods}");
        }

        return !record.IsStatic && parts.Node() is { } node && !Fits(record.Pod, node)
            ? ("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")
            : parts.Admit(record.Pod);
    }

    private static bool Fits(PodManifest pod, Node node)
    {
        foreach (var (name, value) in pod.Spec.NodeSelector ?? [])
        {
            if (node.Metadata.Labels.GetValueOrDefault(name) != value)
            {
                return false;
            }
        }

        return pod.Spec.Affinity?.NodeAffinity?.Required is not { } required || required.Matches(node);
    }
}
