using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>A job and its pods at one moment, and what follows from them. Nothing here is written anywhere.</summary>
internal sealed class JobPicture
{
    private readonly HashSet<string> _countedSucceeded;
    private readonly HashSet<string> _countedFailed;
    private readonly Func<string, bool> _isReleased;

    /// <summary>Looks at a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="pods">The pods that are its own.</param>
    /// <param name="isReleased">By uid: whether a pod's finalizer has been removed, though the pod as it is known here has it still.</param>
    public JobPicture(Job job, IReadOnlyList<Pod> pods, Func<string, bool> isReleased)
    {
        Job = job;
        _isReleased = isReleased;
        var uncounted = job.Status.UncountedTerminatedPods ?? new UncountedPods();
        _countedSucceeded = [.. uncounted.Succeeded];
        _countedFailed = [.. uncounted.Failed];

        // In the order of indexes, so that what is counted first is the same for all who look.
        Pods = [.. pods.OrderBy(pod => pod.IndexOf(job.Spec) ?? -1).ThenBy(pod => pod.Metadata.Name, StringComparer.Ordinal)];
        Active = [.. Pods.Where(pod => pod.IsActive)];
        Terminating = Pods.Count(pod => pod.IsTerminating());
        NewlySucceeded = [.. Pods.Where(pod => pod.Status.Phase == "Succeeded" && IsNew(pod, _countedSucceeded))];
        NewlyFailed = [.. Pods.Where(pod => pod.HasFailed(job.Spec) && IsNew(pod, _countedFailed))];
        Failed = job.Status.Failed + _countedFailed.Count + NewlyFailed.Count(pod => FailureRules.Judge(job.Spec.PodFailurePolicy, pod).Counts);
        Succeeded = job.Status.Succeeded + _countedSucceeded.Count + NewlySucceeded.Count;
        SucceededBefore = SucceededIndexes = FailedIndexes = IndexSet.Empty;
        WaitingForReplacement = new Dictionary<int, Pod>();
        if (job.Spec.IsIndexed)
        {
            CountIndexes(job.Spec);
        }
    }

    /// <summary>The job.</summary>
    public Job Job { get; }

    /// <summary>Its pods.</summary>
    public IReadOnlyList<Pod> Pods { get; }

    /// <summary>Those that run or wait.</summary>
    public IReadOnlyList<Pod> Active { get; }

    /// <summary>How many are ending.</summary>
    public int Terminating { get; }

    /// <summary>Those that have succeeded and are in no number yet.</summary>
    public IReadOnlyList<Pod> NewlySucceeded { get; }

    /// <summary>Those that have failed and are in no number yet.</summary>
    public IReadOnlyList<Pod> NewlyFailed { get; }

    /// <summary>All that have succeeded; of an indexed job, indexes.</summary>
    public int Succeeded { get; private set; }

    /// <summary>All that have failed, and count.</summary>
    public int Failed { get; }

    /// <summary>The indexes that the job says have succeeded.</summary>
    public IndexSet SucceededBefore { get; private set; }

    /// <summary>The indexes that have succeeded.</summary>
    public IndexSet SucceededIndexes { get; private set; }

    /// <summary>The indexes that have failed, where a limit is set on that.</summary>
    public IndexSet FailedIndexes { get; private set; }

    /// <summary>By index, failed pods that stay until they are replaced, since their replacements count on from theirs.</summary>
    public IReadOnlyDictionary<int, Pod> WaitingForReplacement { get; private set; }

    /// <summary>Whether a pod holds its finalizer still.</summary>
    public bool IsTracked(Pod pod) => pod.IsTracked() && !_isReleased(pod.Metadata.Uid);

    /// <summary>Whether a pod is noted as one that failed.</summary>
    public bool IsNotedAsFailed(Pod pod) => _countedFailed.Contains(pod.Metadata.Uid);

    /// <summary>Whether a pod is noted as one that succeeded.</summary>
    public bool IsNotedAsSucceeded(Pod pod) => _countedSucceeded.Contains(pod.Metadata.Uid);

    private bool IsNew(Pod pod, HashSet<string> counted) =>
        IsTracked(pod) && !counted.Contains(pod.Metadata.Uid) && (!Job.Spec.IsIndexed || pod.IndexOf(Job.Spec) is not null);

    private void CountIndexes(JobSpec spec)
    {
        var end = spec.Completions ?? 0;
        SucceededBefore = IndexSet.Parse(Job.Status.CompletedIndexes, end);
        SucceededIndexes = SucceededBefore.With(IndexSet.Of(
            Pods.Where(pod => pod.Status.Phase == "Succeeded" && pod.IsTracked()).Select(pod => pod.IndexOf(spec)).OfType<int>()));
        Succeeded = SucceededIndexes.Count;
        if (spec.BackoffLimitPerIndex is not null)
        {
            FailedIndexes = IndexSet.Parse(Job.Status.FailedIndexes ?? "", end).With(IndexSet.Of(
                Pods.Where(pod => pod.IsTracked() && FailsItsIndex(pod, spec)).Select(pod => pod.IndexOf(spec)).OfType<int>()));
            WaitingForReplacement = FindWaiting(spec);
        }
    }

    private static bool FailsItsIndex(Pod pod, JobSpec spec)
    {
        if (!pod.HasFailed(spec))
        {
            return false;
        }

        var ruling = FailureRules.Judge(spec.PodFailurePolicy, pod);
        return ruling.Action == "FailIndex" || (ruling.Counts && pod.FailuresBefore() >= spec.BackoffLimitPerIndex);
    }

    private Dictionary<int, Pod> FindWaiting(JobSpec spec)
    {
        var active = Active.Select(pod => pod.IndexOf(spec)).OfType<int>().ToHashSet();
        var waiting = new Dictionary<int, Pod>();
        foreach (var pod in Pods.Where(pod => IsTracked(pod) && pod.HasFailed(spec)))
        {
            if (pod.IndexOf(spec) is { } index && !active.Contains(index)
                && !SucceededIndexes.Contains(index) && !FailedIndexes.Contains(index)
                && (!waiting.TryGetValue(index, out var other) || (Failures(other) <= Failures(pod) && other.EndOf() <= pod.EndOf())))
            {
                waiting[index] = pod;
            }
        }

        return waiting;

        static int Failures(Pod pod) => pod.FailuresBefore() + pod.IgnoredFailuresBefore();
    }
}
