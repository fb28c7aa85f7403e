using System.Diagnostics;
using Etcdish.ApiLoad.Http;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>
/// Counts pods as they come into sight of a watch with a selector, such as those that have a node, and notes when.
/// </summary>
internal sealed class PodCounter(WatchReader watch) : IAsyncDisposable
{
    private readonly List<(long Time, int Count)> _seen = [];
    private int _count;

    /// <summary>How many have come, and when, a step for each part of the answer.</summary>
    public IReadOnlyList<(long Time, int Count)> Seen => _seen;

    /// <summary>Waits until so many have come.</summary>
    public async Task WaitAsync(int pods, CancellationToken cancellation)
    {
        while (_count < pods)
        {
            int before = _count;
            await watch.ReadAsync(Count, cancellation);
            if (_count > before)
            {
                _seen.Add((Stopwatch.GetTimestamp(), _count));
            }
        }
    }

    /// <summary>Pods a second from the first that came to the last; those that came together with the first do not count.</summary>
    public double PerSecond => PerSecondFrom(0);

    /// <summary>The same behind a share of them, 0 to 1.</summary>
    public double PerSecondFrom(double share)
    {
        (long Time, int Count) first = _seen.First(step => step.Count >= share * _count);
        return (_count - first.Count) / Stopwatch.GetElapsedTime(first.Time, _seen[^1].Time).TotalSeconds;
    }

    public ValueTask DisposeAsync() => watch.DisposeAsync();

    private void Count(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("{\"type\":\"ADDED\""u8))
        {
            _count++;
        }
    }
}
