using System.Runtime.InteropServices;

namespace Etcdish.Checkers;

/// <summary>
/// The witness as a store with all its past: every state since the empty one can be asked. Building it checks that each change
/// follows from the state before it.
/// </summary>
internal sealed class StateHistory
{
    private readonly Dictionary<string, List<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<long, SortedSet<string>> _keysOfLease = [];
    private readonly List<int> _firstEvent = [];
    private readonly string[] _keys;

    public StateHistory(IReadOnlyList<WatchEvent> witness, List<Violation> violations)
    {
        Events = [.. witness];
        for (int i = 0; i < Events.Length && IsOrdered; i++)
            Add(i, violations);
        _keys = [.. _entries.Keys];
        Array.Sort(_keys, StringComparer.Ordinal);
    }

    public WatchEvent[] Events { get; }

    public long LastRevision => History.EmptyRevision + _firstEvent.Count;

    /// <summary>False when revisions go back, so that no state can be told.</summary>
    public bool IsOrdered { get; private set; } = true;

    public ReadOnlySpan<WatchEvent> EventsAt(long revision)
    {
        int start = FirstEventFrom(revision);
        return Events.AsSpan(start, FirstEventFrom(revision + 1) - start);
    }

    /// <summary>The place in <see cref="Events"/> of the first one at or above the revision.</summary>
    public int FirstEventFrom(long revision)
    {
        long index = Math.Max(0, revision - History.EmptyRevision - 1);
        return index < _firstEvent.Count ? _firstEvent[(int)index] : Events.Length;
    }

    public StoreView At(long revision) => new View(this, revision);

    private void Add(int index, List<Violation> violations)
    {
        WatchEvent change = Events[index];
        if (change.Revision < LastRevision || change.Revision <= History.EmptyRevision)
        {
            violations.Add(new(ViolationKind.RevisionGap, $"the witness goes back from revision {LastRevision} to {change}"));
            IsOrdered = false;
            return;
        }

        if (change.Revision > LastRevision + 1)
            violations.Add(new(ViolationKind.RevisionGap, $"the witness jumps from revision {LastRevision} to {change}"));
        while (LastRevision < change.Revision)
            _firstEvent.Add(index);
        Append(change, violations);
    }

    private void Append(WatchEvent change, List<Violation> violations)
    {
        KeyValue kv = change.Kv;
        ref List<Entry>? entries = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, kv.Key, out _);
        entries ??= [];
        KeyValue? old = entries.Count == 0 ? null : entries[^1].Kv;
        if (!Follows(change, old))
        {
            string before = old?.ToString() ?? "an absent key";
            violations.Add(new(ViolationKind.ImpossibleChange, $"{change} cannot follow {before}"));
        }

        entries.Add(new Entry(kv.ModRevision, change.IsDelete ? null : kv));
        if (kv.Lease == 0)
            return;
        ref SortedSet<string>? keys = ref CollectionsMarshal.GetValueRefOrAddDefault(_keysOfLease, kv.Lease, out _);
        (keys ??= new SortedSet<string>(StringComparer.Ordinal)).Add(kv.Key);
    }

    private static bool Follows(WatchEvent change, KeyValue? old)
    {
        if (change.IsDelete)
            return old is not null;
        return change.Kv.Version == (old?.Version ?? 0) + 1
            && change.Kv.CreateRevision == (old?.CreateRevision ?? change.Revision);
    }

    private readonly record struct Entry(long Revision, KeyValue? Kv);

    private sealed class View(StateHistory history, long revision) : StoreView
    {
        public override long Revision => revision;

        public override StoreView At(long earlier) => new View(history, earlier);

        public override KeyValue? Find(string key) =>
            history._entries.TryGetValue(key, out List<Entry>? entries) ? Newest(entries) : null;

        public override void Collect(KeyRange range, List<KeyValue> result)
        {
            if (range.IsSingleKey)
            {
                if (Find(range.Start) is { } kv)
                    result.Add(kv);
                return;
            }

            int index = Array.BinarySearch(history._keys, range.Start, StringComparer.Ordinal);
            for (int i = index < 0 ? ~index : index; i < history._keys.Length && range.Contains(history._keys[i]); i++)
            {
                if (Find(history._keys[i]) is { } kv)
                    result.Add(kv);
            }
        }

        public override void CollectLease(long lease, List<KeyValue> result)
        {
            if (!history._keysOfLease.TryGetValue(lease, out SortedSet<string>? keys))
                return;
            foreach (string key in keys)
            {
                if (Find(key) is { } kv && kv.Lease == lease)
                    result.Add(kv);
            }
        }

        private KeyValue? Newest(List<Entry> entries)
        {
            int low = 0;
            int high = entries.Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (entries[middle].Revision <= revision)
                    low = middle + 1;
                else
                    high = middle;
            }

            return low == 0 ? null : entries[low - 1].Kv;
        }
    }
}
