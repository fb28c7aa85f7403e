namespace Etcdish.Kubelet.Pods;

/// <summary>Notes that a pod is to end, and by when. Time that was given is only ever taken away.</summary>
internal static class PodEndings
{
    /// <summary>Looks whether somebody wants the pod to end.</summary>
    public static void Update(PodRecord record, DateTimeOffset now)
    {
        var pod = record.Pod;
        if (!record.IsVanished && !pod.Metadata.IsBeingDeleted)
        {
            return;
        }

        var until = now + pod.Grace();
        record.Ending = record.Ending switch
        {
            null => new PodEnding(EndingCause.Deleted, until),
            { } known when until < known.Until => known with { Until = until },
            { } known => known,
        };
    }
}
