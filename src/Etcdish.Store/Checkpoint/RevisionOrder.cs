namespace Etcdish.Store;

/// <summary>
/// Brings changes into revision order. Main revisions are nearly dense, so counting them beats comparing: linear, where a sort of a million
/// would be the largest part of a restart.
/// </summary>
internal static class RevisionOrder
{
    private static readonly Comparison<KeyRevision> _byRevision =
        static (a, b) => (a.ModRevision, a.SubRevision).CompareTo((b.ModRevision, b.SubRevision));

    public static void Sort(List<KeyRevision> changes)
    {
        long first = long.MaxValue, last = 0;
        foreach (var change in changes)
        {
            first = Math.Min(first, change.ModRevision);
            last = Math.Max(last, change.ModRevision);
        }

        if (changes.Count < 2 || last - first > 4L * changes.Count)
        {
            changes.Sort(_byRevision);
            return;
        }

        SortByCounting(changes, first, (int)(last - first) + 1);
    }

    private static void SortByCounting(List<KeyRevision> changes, long first, int revisions)
    {
        var starts = new int[revisions + 1];
        foreach (var change in changes)
        {
            starts[change.ModRevision - first + 1]++;
        }

        for (var i = 0; i < revisions; i++)
        {
            starts[i + 1] += starts[i];
        }

        var sorted = new KeyRevision[changes.Count];
        foreach (var change in changes)
        {
            sorted[starts[change.ModRevision - first]++] = change;
        }

        // The placing moved each start to its revision's end; a revision of several changes still needs them in their own order.
        for (int i = 0, start = 0; i < revisions; start = starts[i], i++)
        {
            if (starts[i] - start > 1)
            {
                sorted.AsSpan(start, starts[i] - start).Sort(_byRevision);
            }
        }

        changes.Clear();
        changes.AddRange(sorted);
    }
}
