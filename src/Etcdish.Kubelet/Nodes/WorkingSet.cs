using System.Runtime;
using Etcdish.Kubelet.Processes;

namespace Etcdish.Kubelet.Nodes;

/// <summary>
/// Gives memory back to the machine when a process that had work is at rest again. A kubelet works for some seconds after its start, and
/// whenever pods come and go; in between it needs little of what it then touched: garbage that nobody collects because nothing is
/// allocated, and pages of programs' files, most of which serve only a start. These are dropped, and come again, out of the kernel's
/// cache, when somebody reads them. Windows calls that emptying the working set.
/// </summary>
public sealed class WorkingSet
{
    /// <summary>Less than this of each <see cref="_period"/> is rest.</summary>
    private static readonly TimeSpan _rest = TimeSpan.FromMilliseconds(250);

    /// <summary>After so much work it is worth it again.</summary>
    private static readonly TimeSpan _work = TimeSpan.FromSeconds(2);

    /// <summary>What was still under way behind the work has touched some of it again by then.</summary>
    private static readonly TimeSpan _after = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan _period = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;
    private readonly Func<TimeSpan> _used;
    private readonly Func<IReadOnlyCollection<FileMapping>> _list;
    private readonly Action<IReadOnlyCollection<FileMapping>> _release;
    private IReadOnlyCollection<FileMapping> _listed = [];
    private TimeSpan _usedBefore;
    private TimeSpan _usedAtRelease;
    private DateTimeOffset _again = DateTimeOffset.MaxValue;

    /// <summary>Makes one for this process.</summary>
    /// <param name="clock">The clock of its looks.</param>
    /// <param name="warn">Is told if it cannot be done here.</param>
    public WorkingSet(TimeProvider clock, Action<string> warn)
        : this(clock, warn, () => Environment.CpuUsage.TotalTime, FileMapping.ListOwn, Release)
    {
    }

    internal WorkingSet(
        TimeProvider clock,
        Action<string> warn,
        Func<TimeSpan> used,
        Func<IReadOnlyCollection<FileMapping>> list,
        Action<IReadOnlyCollection<FileMapping>> release) =>
        (_clock, _warn, _used, _list, _release) = (clock, warn, used, list, release);

    /// <summary>Looks every 5 s, until it is cancelled. Where it cannot be done it says so and ends.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(_period, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                Look();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _warn($"memory that is not used stays taken: {e.Message}");
        }
    }

    /// <summary>
    /// Looks once. What is dropped was there at the look before as it is now: who loads a program changes its pages for a moment before
    /// they are what they stay.
    /// </summary>
    internal void Look()
    {
        var now = _used();
        var isAtRest = now - _usedBefore < _rest;
        _usedBefore = now;
        var hasWorked = now - _usedAtRelease >= _work;
        if (!isAtRest || !(hasWorked || _clock.GetUtcNow() >= _again))
        {
            _listed = [];
            return;
        }

        var before = _listed;
        _listed = _list();
        if (before.Count > 0)
        {
            _release([.. _listed.Intersect(before)]);
            _listed = [];
            _usedAtRelease = _usedBefore = _used();
            _again = hasWorked ? _clock.GetUtcNow() + _after : DateTimeOffset.MaxValue;
        }
    }

    private static void Release(IReadOnlyCollection<FileMapping> mappings)
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        LinuxCalls.TrimHeap();
        foreach (var mapping in mappings)
        {
            LinuxCalls.DropPages(mapping.Start, mapping.Bytes);
        }
    }
}
