using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>
/// Counts pods that have ended, each exactly once, whatever is killed when: a pod is noted in the status by its uid; then its finalizer is
/// removed, and only then it becomes a number. A pod that holds its finalizer and is not noted was not counted; one that is noted and holds
/// none is to be counted. Succeeded pods of indexed jobs need no note: their index says whether they were counted.
/// </summary>
internal static class JobCounting
{
    /// <summary>How many pods are noted at once, so that a status stays small and large jobs do not keep others waiting.</summary>
    public const int MaxUncounted = 500;

    /// <summary>Notes pods that have ended, and says which may let go of their finalizers when the note is written.</summary>
    /// <param name="picture">The job.</param>
    /// <param name="draft">Where it is noted.</param>
    /// <param name="verdict">Whether the job is to end: then all its pods have ended.</param>
    /// <returns>The pods, and whether there are no more that ended.</returns>
    public static (List<Pod> Releasable, bool IsAll) Note(JobPicture picture, JobDraft draft, JobVerdict? verdict)
    {
        var releasable = new List<Pod>();
        var isAll = true;
        var indexes = new List<int>();
        foreach (var pod in picture.Pods.Where(pod => picture.IsTracked(pod) && MayLetGo(picture, pod, verdict)))
        {
            if (indexes.Count + draft.Uncounted >= MaxUncounted)
            {
                isAll = false;
                break;
            }

            releasable.Add(pod);
            Note(picture, draft, verdict, pod, indexes);
        }

        if (picture.Job.Spec.IsIndexed)
        {
            // Only those whose pods are dealt with now: the others still hold their finalizers, and will be seen again.
            var succeeded = picture.SucceededBefore.With(IndexSet.Of(indexes));
            draft.Succeeded = succeeded.Count;
            draft.CompletedIndexes = succeeded.ToString();
            draft.FailedIndexes = picture.Job.Spec.BackoffLimitPerIndex is null ? null : picture.FailedIndexes.ToString();
        }

        return (releasable, isAll);
    }

    private static bool MayLetGo(JobPicture picture, Pod pod, JobVerdict? verdict)
    {
        if (picture.Job.Metadata.IsBeingDeleted || verdict is not null || pod.Status.Phase == "Succeeded")
        {
            return true;
        }

        var isReplaced = pod.IndexOf(picture.Job.Spec) is not { } index
            || !picture.WaitingForReplacement.TryGetValue(index, out var waiting) || waiting.Metadata.Uid != pod.Metadata.Uid;
        return pod.HasFailed(picture.Job.Spec) && isReplaced;
    }

    private static void Note(JobPicture picture, JobDraft draft, JobVerdict? verdict, Pod pod, List<int> indexes)
    {
        var spec = picture.Job.Spec;
        var index = pod.IndexOf(spec);
        if (pod.Status.Phase == "Succeeded" && !picture.IsNotedAsFailed(pod))
        {
            if (!spec.IsIndexed && !picture.IsNotedAsSucceeded(pod))
            {
                draft.UncountedSucceeded.Add(pod.Metadata.Uid);
            }
            else if (index is { } number && !picture.SucceededBefore.Contains(number))
            {
                indexes.Add(number);
            }
        }
        else if ((pod.HasFailed(spec) || verdict is { IsSuccess: false })
            && !picture.IsNotedAsFailed(pod) && (!spec.IsIndexed || index is not null)
            && FailureRules.Judge(spec.PodFailurePolicy, pod).Counts)
        {
            draft.UncountedFailed.Add(pod.Metadata.Uid);
        }
    }
}
