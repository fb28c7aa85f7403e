using Etcdish.Kubelet.Kinds;

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

    /// <summary>Why a pod that runs cannot be given what it asks for by now, as reason and message; null: it can.</summary>
    public (string Reason, string Message)? CheckResize(PodRecord record, IEnumerable<PodRecord> all)
    {
        if (parts.Node() is not { } node || NodeRoom.Lack(node, record.Pod, Others(record, all)) is not { } lack)
        {
            return null;
        }

        return lack.IsForEver
            ? ("Infeasible", $"Node didn't have enough capacity: {lack.Resource}, requested: {lack.Requested}, capacity: {lack.Capacity}")
            : ("Deferred", Describe(lack));
    }

    private (string Reason, string Message)? Refuse(PodRecord record, IEnumerable<PodRecord> all)
    {
        var others = Others(record, all);
        if (others.Count >= parts.MaxPods)
        {
            return ("OutOfpods", Describe(new ResourceLack("pods", 1, others.Count, parts.MaxPods)));
        }

        if (!record.IsStatic && parts.Node() is { } node)
        {
            if (!NodeRoom.Matches(node, record.Pod))
            {
                return ("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
            }

            if (NodeRoom.Lack(node, record.Pod, others) is { } lack)
            {
                return ("OutOf" + lack.Resource, Describe(lack));
            }
        }

        return parts.Admit(record.Pod);
    }

    private static List<PodManifest> Others(PodRecord record, IEnumerable<PodRecord> all) =>
        [.. all.Where(other => other != record && Counts(other)).Select(other => other.Pod)];

    /// <summary>Who was let in, by this kubelet or one before, and has not ended.</summary>
    private static bool Counts(PodRecord record) => !record.IsOrphan && record.Stage < PodStage.Ended
        && (record.IsAdmitted || record.Pod.Status?["startTime"] is not null)
        && (string?)record.Pod.Status?["phase"] is not ("Succeeded" or "Failed");

    private static string Describe(ResourceLack lack) =>
        $"Node didn't have enough resource: {lack.Resource}, requested: {lack.Requested}, used: {lack.Used}, capacity: {lack.Capacity}";
}
