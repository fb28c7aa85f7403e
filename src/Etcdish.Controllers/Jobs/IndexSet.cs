using System.Globalization;
using System.Text;

namespace Etcdish.Controllers.Jobs;

/// <summary>
/// Indexes of a job's pods, as a status writes them: <c>0,2-5,7,8</c>. Kept as ranges in order, since a job may have a hundred thousand.
/// Never changed.
/// </summary>
internal sealed class IndexSet
{
    private readonly (int First, int Last)[] _ranges;

    private IndexSet((int First, int Last)[] ranges)
    {
        _ranges = ranges;
        foreach (var (first, last) in ranges)
        {
            Count += last - first + 1;
        }
    }

    /// <summary>No index.</summary>
    public static IndexSet Empty { get; } = new([]);

    /// <summary>How many indexes.</summary>
    public int Count { get; }

    /// <summary>These indexes, in any order.</summary>
    public static IndexSet Of(IEnumerable<int> indexes) => Join(indexes.Select(index => (index, index)));

    /// <summary>Reads what a status or a rule says; what is no index, or beyond the job's end, is left out.</summary>
    /// <param name="text">Such as <c>0,2-5</c>.</param>
    /// <param name="end">The number of the job's indexes.</param>
    public static IndexSet Parse(string text, int end)
    {
        var ranges = new List<(int, int)>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var dash = part.IndexOf('-', StringComparison.Ordinal);
            var isRead = TryRead(dash < 0 ? part : part[..dash], out var first);
            isRead &= TryRead(dash < 0 ? part : part[(dash + 1)..], out var last);
            if (isRead && first <= last && first < end)
            {
                ranges.Add((first, Math.Min(last, end - 1)));
            }
        }

        return Join(ranges);
    }

    /// <summary>Whether an index is in it.</summary>
    public bool Contains(int index)
    {
        var (low, high) = (0, _ranges.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _ranges[middle].Last < index ? (middle + 1, high) : (low, middle);
        }

        return low < _ranges.Length && _ranges[low].First <= index;
    }

    /// <summary>What is in either.</summary>
    public IndexSet With(IndexSet other) => Join(_ranges.Concat(other._ranges));

    /// <summary>How many are in both.</summary>
    public int CountShared(IndexSet other)
    {
        var (count, mine, theirs) = (0, 0, 0);
        while (mine < _ranges.Length && theirs < other._ranges.Length)
        {
            var (a, b) = (_ranges[mine], other._ranges[theirs]);
            count += Math.Max(0, Math.Min(a.Last, b.Last) - Math.Max(a.First, b.First) + 1);
            (mine, theirs) = a.Last < b.Last ? (mine + 1, theirs) : (mine, theirs + 1);
        }

        return count;
    }

    /// <summary>The lowest indexes that are not in it.</summary>
    /// <param name="count">How many at most.</param>
    /// <param name="end">All are below this.</param>
    public List<int> FirstMissing(int count, int end)
    {
        var missing = new List<int>(Math.Min(count, end));
        var (next, range) = (0, 0);
        while (next < end && missing.Count < count)
        {
            if (range < _ranges.Length && _ranges[range].First <= next)
            {
                next = _ranges[range++].Last + 1;
            }
            else
            {
                missing.Add(next++);
            }
        }

        return missing;
    }

    /// <summary>As a status has it: two neighbours are no range.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var (first, last) in _ranges)
        {
            text.Append(text.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{first}");
            if (last > first)
            {
                text.Append(last == first + 1 ? ',' : '-').Append(CultureInfo.InvariantCulture, $"{last}");
            }
        }

        return text.ToString();
    }

    private static IndexSet Join(IEnumerable<(int First, int Last)> ranges)
    {
        var joined = new List<(int First, int Last)>();
        foreach (var range in ranges.Order())
        {
            if (joined.Count > 0 && range.First <= joined[^1].Last + 1)
            {
                joined[^1] = (joined[^1].First, Math.Max(joined[^1].Last, range.Last));
            }
            else
            {
                joined.Add(range);
            }
        }

        return new([.. joined]);
    }

    private static bool TryRead(string text, out int index) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out index) && index < int.MaxValue;
}
