using System.Diagnostics;

namespace Etcdish.Load.Workloads;

/// <summary>The phases of a run, shared by all connections, and the budget when it goes by number.</summary>
internal sealed class LoadRun(long total)
{
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _left = total > 0 ? total : long.MaxValue;
    private volatile bool _measuring;

    /// <summary>What ends now counts.</summary>
    public bool Measuring => _measuring;

    /// <summary>No request is to be begun any more.</summary>
    public Task Stopped => _stopped.Task;

    public void BeginMeasuring() => _measuring = true;

    public void EndMeasuring() => _measuring = false;

    public void Stop() => _stopped.TrySetResult();

    /// <summary>Whether one more request may be begun.</summary>
    public bool TryBegin()
    {
        if (_stopped.Task.IsCompleted)
        {
            return false;
        }

        if (total > 0 && Interlocked.Decrement(ref _left) < 0)
        {
            Stop();
            return false;
        }

        return true;
    }

    public static long NanosecondsBetween(long start, long end) =>
        (long)((end - start) * (1e9 / Stopwatch.Frequency));
}
