using System.Collections.Concurrent;

namespace Etcdish.Log;

/// <summary>
/// The open segment files by number. Lookups run on any thread without a lock; a removed segment stays open until every reader that
/// entered before has left.
/// </summary>
internal sealed class SegmentTable : IDisposable
{
    private readonly ConcurrentDictionary<uint, Segment> _segments = new();
    private readonly ReadScopes _scopes = new();
    private readonly Lock _retiring = new();
    private readonly Queue<(Segment Segment, int Generation)> _retired = new();
    private int _retiredCount;

    internal uint Highest { get; private set; }

    internal void Add(Segment segment)
    {
        _segments[segment.Number] = segment;
        Highest = Math.Max(Highest, segment.Number);
    }

    /// <summary>The segment, also one that is removed but still open; null when there is none.</summary>
    internal Segment? Find(uint number) => _segments.GetValueOrDefault(number);

    /// <summary>The segments that are not removed, in order.</summary>
    internal List<Segment> Snapshot()
    {
        lock (_retiring)
        {
            List<Segment> segments = [.. _segments.Select(entry => entry.Value)];
            foreach ((Segment retired, _) in _retired)
            {
                segments.Remove(retired);
            }

            segments.Sort(static (left, right) => left.Number.CompareTo(right.Number));
            return segments;
        }
    }

    /// <summary>Drops the highest segment at once; only recovery does so, before there are readers.</summary>
    internal void Forget(Segment segment)
    {
        _segments.TryRemove(segment.Number, out _);
        segment.Dispose();
        Highest = _segments.Keys.DefaultIfEmpty().Max();
    }

    internal void Retire(Segment segment)
    {
        lock (_retiring)
        {
            _retired.Enqueue((segment, _scopes.Generation));
            Volatile.Write(ref _retiredCount, _retired.Count);
            Reclaim();
        }
    }

    internal bool IsRetired(Segment segment)
    {
        lock (_retiring)
        {
            return _retired.Any(entry => entry.Segment == segment);
        }
    }

    internal int EnterRead() => _scopes.Enter();

    internal void ExitRead(int token)
    {
        if (_scopes.Exit(token) && Volatile.Read(ref _retiredCount) != 0)
        {
            lock (_retiring)
            {
                Reclaim();
            }
        }
    }

    public void Dispose()
    {
        foreach (Segment segment in _segments.Values)
        {
            segment.Dispose();
        }
    }

    private void Reclaim()
    {
        while (_retired.TryPeek(out (Segment Segment, int Generation) oldest))
        {
            while (_scopes.Generation - oldest.Generation < 2)
            {
                if (!_scopes.TryAdvance())
                {
                    return;
                }
            }

            _retired.Dequeue();
            Volatile.Write(ref _retiredCount, _retired.Count);
            _segments.TryRemove(oldest.Segment.Number, out _);
            oldest.Segment.Dispose();
        }
    }
}
