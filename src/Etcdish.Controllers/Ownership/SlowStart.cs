using System.Collections.Concurrent;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Controllers.Ownership;

/// <summary>
/// Does something many times, first once, then twice as often with every batch, and stops behind a batch in which something failed: what
/// cannot be done (a quota, a pod that is refused) fails once and not a thousand times.
/// </summary>
internal static class SlowStart
{
    /// <summary>How many requests are under way at most: enough to keep a server busy, without as many connections as there are pods.</summary>
    public const int MaxConcurrent = 32;

    /// <summary>Runs it.</summary>
    /// <param name="count">How often.</param>
    /// <param name="act">What, given a number from 0 on.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>How often it was done, and the first failure or null.</returns>
    public static async Task<(int Done, ApiStatusException? Failure)> RunAsync(
        int count, Func<int, CancellationToken, Task> act, CancellationToken cancellation)
    {
        var done = 0;
        for (var batch = 1; done < count; batch *= 2)
        {
            var size = Math.Min(batch, count - done);
            var (succeeded, failure) = await RunAllAsync(done, size, act, cancellation);
            done += succeeded;
            if (failure is not null)
            {
                return (done, failure);
            }
        }

        return (done, null);
    }

    /// <summary>Does something for numbers from <paramref name="first"/> on, all of them even if some fail.</summary>
    public static async Task<(int Done, ApiStatusException? Failure)> RunAllAsync(
        int first, int count, Func<int, CancellationToken, Task> act, CancellationToken cancellation)
    {
        var failures = new ConcurrentQueue<ApiStatusException>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrent, CancellationToken = cancellation };
        await Parallel.ForAsync(first, first + count, options, async (number, stop) =>
        {
            try
            {
                await act(number, stop);
            }
            catch (ApiStatusException e)
            {
                failures.Enqueue(e);
            }
        });
        return (count - failures.Count, failures.TryPeek(out var failure) ? failure : null);
    }
}
