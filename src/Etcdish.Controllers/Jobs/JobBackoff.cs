using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>
/// How long a job waits before it replaces failed pods: twice as long for each failure since the last success. Seen from the pods that are
/// there, or remembered of those that were.
/// </summary>
/// <param name="Failures">How many pods have failed since the last success.</param>
/// <param name="Last">When the last did.</param>
internal readonly record struct JobBackoff(int Failures, DateTimeOffset Last)
{
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(10);

    /// <summary>What it is when these have ended, too.</summary>
    public JobBackoff After(IReadOnlyCollection<Pod> succeeded, IReadOnlyCollection<Pod> failed)
    {
        if (succeeded.Count > 0)
        {
            var lastSuccess = succeeded.Max(pod => pod.EndOf());
            var since = failed.Select(pod => pod.EndOf()).Where(end => end > lastSuccess).ToArray();
            return since.Length == 0 ? default : new JobBackoff(since.Length, since.Max());
        }

        return failed.Count == 0 ? this : new JobBackoff(Failures + failed.Count, failed.Max(pod => pod.EndOf()));
    }

    /// <summary>How long to wait from now on; zero: not at all.</summary>
    /// <param name="first">The wait after a first failure.</param>
    /// <param name="now">The time.</param>
    public TimeSpan Remaining(TimeSpan first, DateTimeOffset now)
    {
        if (Failures == 0)
        {
            return TimeSpan.Zero;
        }

        var wait = first * Math.Pow(2, Math.Min(Failures - 1, 30));
        var left = Last + (wait < _longest ? wait : _longest) - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
