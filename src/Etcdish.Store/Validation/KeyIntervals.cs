namespace Etcdish.Store;

/// <summary>A set of keys made of half-open intervals, sorted and disjoint so that a hostile transaction costs no quadratic time.</summary>
internal sealed class KeyIntervals
{
    private readonly List<Interval> _pending = [];
    private List<Interval> _sorted = [];

    /// <summary>Adds a bounded range; an empty one adds nothing.</summary>
    public void Add(in KeyRange range)
    {
        var end = range.IsSingle ? (byte[])[.. range.Start.Span, 0] : range.End;
        if (range.Start.Span.SequenceCompareTo(end.Span) < 0)
        {
            _pending.Add(new Interval(range.Start, end));
        }
    }

    public void UnionWith(KeyIntervals other)
    {
        other.Settle();
        _pending.AddRange(other._sorted);
    }

    public bool Contains(ReadOnlySpan<byte> key)
    {
        Settle();
        int low = 0, high = _sorted.Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            (low, high) = _sorted[middle].Start.Span.SequenceCompareTo(key) <= 0 ? (middle + 1, high) : (low, middle);
        }

        return low > 0 && key.SequenceCompareTo(_sorted[low - 1].End.Span) < 0;
    }

    private void Settle()
    {
        if (_pending.Count == 0)
        {
            return;
        }

        _pending.Sort(static (a, b) => a.Start.Span.SequenceCompareTo(b.Start.Span));
        var merged = new List<Interval>(_sorted.Count + _pending.Count);
        int left = 0, right = 0;
        while (left < _sorted.Count || right < _pending.Count)
        {
            var takesLeft = right == _pending.Count
                || (left < _sorted.Count && _sorted[left].Start.Span.SequenceCompareTo(_pending[right].Start.Span) <= 0);
            AppendJoined(merged, takesLeft ? _sorted[left++] : _pending[right++]);
        }

        _sorted = merged;
        _pending.Clear();
    }

    private static void AppendJoined(List<Interval> merged, Interval next)
    {
        if (merged.Count == 0 || merged[^1].End.Span.SequenceCompareTo(next.Start.Span) < 0)
        {
            merged.Add(next);
        }
        else if (merged[^1].End.Span.SequenceCompareTo(next.End.Span) < 0)
        {
            merged[^1] = merged[^1] with { End = next.End };
        }
    }

    private readonly record struct Interval(ReadOnlyMemory<byte> Start, ReadOnlyMemory<byte> End);
}
