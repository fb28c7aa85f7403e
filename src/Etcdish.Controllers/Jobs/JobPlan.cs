using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>What is to be done about the number of a job's pods.</summary>
/// <param name="Delete">Pods that are too many.</param>
/// <param name="Create">How many pods are missing.</param>
/// <param name="Indexes">Their indexes, if the job has such.</param>
/// <param name="RetryAfter">When to look again, since pods that are missing may not be made yet; zero: nothing waits.</param>
internal sealed record JobPlan(IReadOnlyList<Pod> Delete, int Create, IReadOnlyList<int> Indexes, TimeSpan RetryAfter)
{
    /// <summary>How many pods are made or deleted at once.</summary>
    public const int MaxAtOnce = 500;

    private static readonly JobPlan _nothing = new([], 0, [], TimeSpan.Zero);

    /// <summary>What is to be done.</summary>
    /// <param name="picture">The job, which goes on.</param>
    /// <param name="backoff">Its failures.</param>
    /// <param name="firstWait">The wait after a first failure.</param>
    /// <param name="now">The time.</param>
    public static JobPlan For(JobPicture picture, JobBackoff backoff, TimeSpan firstWait, DateTimeOffset now)
    {
        var spec = picture.Job.Spec;
        var active = picture.Active.Count;
        if (spec.Suspend)
        {
            return _nothing with { Delete = Surplus(picture, active) };
        }

        var wanted = Wanted(picture);
        var surplus = Surplus(picture, Math.Max(0, active - wanted));
        if (surplus.Count > 0)
        {
            // What takes the place of duplicates waits until they are gone.
            return _nothing with { Delete = [.. surplus.Take(MaxAtOnce)] };
        }

        var missing = Math.Min(MaxAtOnce, wanted - active - (spec.ReplacesOnlyFailed ? picture.Terminating : 0));
        if (missing <= 0)
        {
            return _nothing;
        }

        return spec.BackoffLimitPerIndex is not null && spec.IsIndexed
            ? ForIndexes(picture, missing, firstWait, now)
            : ForAll(picture, missing, backoff.Remaining(firstWait, now));
    }

    private static int Wanted(JobPicture picture)
    {
        var spec = picture.Job.Spec;
        if (spec.Completions is { } completions)
        {
            // Indexes that are not to be tried again are not made up for by others.
            return Math.Clamp(completions - picture.Succeeded, 0, spec.Parallelism);
        }

        return picture.Succeeded > 0 ? picture.Active.Count : spec.Parallelism;
    }

    private static JobPlan ForAll(JobPicture picture, int missing, TimeSpan wait)
    {
        if (wait > TimeSpan.Zero)
        {
            return _nothing with { RetryAfter = wait };
        }

        if (!picture.Job.Spec.IsIndexed)
        {
            return _nothing with { Create = missing };
        }

        var indexes = MissingIndexes(picture, missing);
        return _nothing with { Create = indexes.Count, Indexes = indexes };
    }

    private static JobPlan ForIndexes(JobPicture picture, int missing, TimeSpan firstWait, DateTimeOffset now)
    {
        var ready = new List<int>();
        var soonest = TimeSpan.MaxValue;
        foreach (var index in MissingIndexes(picture, missing))
        {
            var wait = picture.WaitingForReplacement.TryGetValue(index, out var failed)
                ? new JobBackoff(failed.FailuresBefore() + failed.IgnoredFailuresBefore() + 1, failed.EndOf()).Remaining(firstWait, now)
                : TimeSpan.Zero;
            if (wait == TimeSpan.Zero)
            {
                ready.Add(index);
            }
            else if (wait < soonest)
            {
                soonest = wait;
            }
        }

        return _nothing with { Create = ready.Count, Indexes = ready, RetryAfter = soonest == TimeSpan.MaxValue ? TimeSpan.Zero : soonest };
    }

    private static List<int> MissingIndexes(JobPicture picture, int count)
    {
        var spec = picture.Job.Spec;
        var taken = picture.Pods.Where(pod => pod.IsActive || (spec.ReplacesOnlyFailed && pod.IsTerminating()))
            .Select(pod => pod.IndexOf(spec)).OfType<int>();
        return picture.SucceededIndexes.With(picture.FailedIndexes).With(IndexSet.Of(taken)).FirstMissing(count, spec.Completions ?? 0);
    }

    /// <summary>Pods whose index is another's or none of the job's, and as many more as asked for.</summary>
    private static List<Pod> Surplus(JobPicture picture, int atLeast)
    {
        var surplus = new List<Pod>();
        var rest = picture.Active;
        if (picture.Job.Spec.IsIndexed)
        {
            var byIndex = picture.Active.GroupBy(pod => pod.IndexOf(picture.Job.Spec) ?? -1).ToArray();
            surplus.AddRange(byIndex.SelectMany(same => same.Key < 0 ? same : same.FirstToSpare().SkipLast(1)));
            rest = [.. picture.Active.Except(surplus)];
        }

        surplus.AddRange(rest.FirstToSpare().Take(atLeast - surplus.Count));
        return surplus;
    }
}
