using System.Diagnostics.CodeAnalysis;

namespace Etcdish.Store;

/// <summary>
/// Brings changes into revision order. Main revisions are nearly dense, so counting them beats comparing: linear, where a sort of a million
/// would be the largest part of a restart. The revisions are kept beside the changes, because looking into a million objects that have left
/// the processor's cache costs more than the sorting.
/// </summary>
/// <param name="capacity">Changes expected; a hint.</param>
internal sealed class RevisionSorter(int capacity)
{
    // Up to here placing one by one beats a sort with its setup; above, a few ranges in the wrong order would make it quadratic.
    private const int FewChanges = 64;

    private KeyRevision[] _changes = new KeyRevision[Math.Max(capacity, 16)];
    private long[] _mains = new long[Math.Max(capacity, 16)];
    private int[] _subs = new int[Math.Max(capacity, 16)];
    private int _count;
    private long _first = long.MaxValue;
    private long _last;

    public void Add(KeyRevision change)
    {
        if (_count == _changes.Length)
        {
            Grow();
        }

        _changes[_count] = change;
        _mains[_count] = change.ModRevision;
        _subs[_count] = change.SubRevision;
        _first = Math.Min(_first, change.ModRevision);
        _last = Math.Max(_last, change.ModRevision);
        _count++;
    }

    /// <summary>Appends all changes in order; the sorter is used up.</summary>
    public void AppendTo(RevisionLog log)
    {
        KeyRevision[] sorted = Sort();
        for (var i = 0; i < _count; i++)
        {
            log.Append(sorted[i]);
        }
    }

    private KeyRevision[] Sort()
    {
        if (_count < 2)
        {
            return _changes;
        }

        if (_last - _first > 4L * _count)
        {
            Array.Sort(_changes, 0, _count, ByRevision.Instance);
            return _changes;
        }

        return SortByCounting((int)(_last - _first) + 1);
    }

    private KeyRevision[] SortByCounting(int revisions)
    {
        var ends = new int[revisions + 1];
        for (var i = 0; i < _count; i++)
        {
            ends[_mains[i] - _first + 1]++;
        }

        for (var i = 0; i < revisions; i++)
        {
            ends[i + 1] += ends[i];
        }

        // The placing moves each revision's start to its end.
        var sorted = new KeyRevision[_count];
        var subs = new int[_count];
        for (var i = 0; i < _count; i++)
        {
            var place = ends[_mains[i] - _first]++;
            sorted[place] = _changes[i];
            subs[place] = _subs[i];
        }

        for (int i = 0, start = 0; i < revisions; start = ends[i], i++)
        {
            SortBySub(sorted.AsSpan(start, ends[i] - start), subs.AsSpan(start, ends[i] - start));
        }

        return sorted;
    }

    private static void SortBySub(Span<KeyRevision> changes, Span<int> subs)
    {
        for (var i = 1; i < subs.Length; i++)
        {
            if (subs[i] >= subs[i - 1])
            {
                continue;
            }

            if (subs.Length > FewChanges)
            {
                subs.Sort(changes);
                return;
            }

            var (change, sub, place) = (changes[i], subs[i], i);
            for (; place > 0 && subs[place - 1] > sub; place--)
            {
                (changes[place], subs[place]) = (changes[place - 1], subs[place - 1]);
            }

            (changes[place], subs[place]) = (change, sub);
        }
    }

    private void Grow()
    {
        var capacity = _changes.Length * 2;
        Array.Resize(ref _changes, capacity);
        Array.Resize(ref _mains, capacity);
        Array.Resize(ref _subs, capacity);
    }

    private sealed class ByRevision : IComparer<KeyRevision>
    {
        public static readonly ByRevision Instance = new();

        public int Compare([AllowNull] KeyRevision x, [AllowNull] KeyRevision y) =>
            x!.ModRevision != y!.ModRevision ? x.ModRevision.CompareTo(y.ModRevision) : x.SubRevision.CompareTo(y.SubRevision);
    }
}
