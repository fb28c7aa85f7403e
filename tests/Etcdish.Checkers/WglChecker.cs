namespace Etcdish.Checkers;

/// <summary>
/// The classical search for a linearization (Wing and Gong, with Lowe's cache): exponential in concurrency, so for short histories
/// only. It shares with <see cref="HistoryChecker"/> the model of single operations but no reasoning about time, and is there to
/// check it. Histories may hold puts, ranges, deletes and transactions; no watches, leases, compactions or refusals with a reason.
/// </summary>
public static class WglChecker
{
    private const int MaxOperations = 62;

    /// <summary>Whether some order explains all replies and ends in exactly the history's witness.</summary>
    /// <exception cref="ArgumentException">The history is too long or holds what the search does not know.</exception>
    public static bool IsLinearizable(History history)
    {
        Operation[] operations = [.. history.Operations.Where(op => op.Outcome != Outcome.NotApplied)];
        if (operations.Length > MaxOperations)
            throw new ArgumentException($"{operations.Length} operations are too many for the search", nameof(history));
        return new Search(operations, history.Witness).Run();
    }

    private sealed class Search(Operation[] operations, IReadOnlyList<WatchEvent> witness)
    {
        private readonly ulong _required = MaskOf(operations);
        private readonly HashSet<(ulong Done, ulong State)> _visited = [];

        public bool Run() => Extend(0, ListState.Empty);

        private bool Extend(ulong done, ListState state)
        {
            // Operations of unknown outcome may stay out, so a complete set of the others suffices if the witness agrees.
            if ((done & _required) == _required && state.Equals(witness))
                return true;
            if (!_visited.Add((done, state.Hash)))
                return false;

            long firstReturn = FirstReturn(done);
            for (int i = 0; i < operations.Length; i++)
            {
                if ((done >> i & 1) != 0 || operations[i].CalledAt > firstReturn)
                    continue;
                if (TryApply(operations[i], state) is { } next && Extend(done | 1ul << i, next))
                    return true;
            }

            return false;
        }

        /// <summary>Only what was called by then may come next: everything later is after some operation that is still to come.</summary>
        private long FirstReturn(ulong done)
        {
            long first = long.MaxValue;
            for (int i = 0; i < operations.Length; i++)
            {
                if ((done >> i & 1) == 0 && operations[i].Outcome == Outcome.Ok)
                    first = Math.Min(first, operations[i].ReturnedAt);
            }

            return first;
        }

        private static ListState? TryApply(Operation operation, ListState state)
        {
            if (operation.Call is RangeCall { Serializable: true } && operation.Reply is { } seen)
            {
                bool isPast = seen.Revision >= History.EmptyRevision && seen.Revision <= state.Revision;
                return isPast && Explains(operation, state.At(seen.Revision)) ? state : null;
            }

            Step step = Model.Execute(operation.Call, state);
            if (operation.Reply is { } reply && ReplyDifference.Find(operation.Call, step.Reply, reply) is not null)
                return null;
            return step.Events.Count == 0 ? state : state.With(step.Events);
        }

        private static bool Explains(Operation operation, StoreView past) =>
            ReplyDifference.Find(operation.Call, Model.Execute(operation.Call, past).Reply, operation.Reply!) is null;

        private static ulong MaskOf(Operation[] operations)
        {
            ulong mask = 0;
            for (int i = 0; i < operations.Length; i++)
            {
                if (operations[i].Outcome == Outcome.Ok)
                    mask |= 1ul << i;
            }

            return mask;
        }
    }

    /// <summary>A state as the list of all changes that led to it; good enough for a dozen of them, and obviously right.</summary>
    private sealed class ListState : StoreView
    {
        public static readonly ListState Empty = new([], History.EmptyRevision, 14695981039346656037);
        private readonly WatchEvent[] _events;

        private ListState(WatchEvent[] events, long revision, ulong hash)
        {
            _events = events;
            Revision = revision;
            Hash = hash;
        }

        public override long Revision { get; }

        /// <summary>64 bits stand for the state in the cache; a collision would need more states than a search ever visits.</summary>
        public ulong Hash { get; }

        public ListState With(List<WatchEvent> changes)
        {
            ulong hash = Hash;
            foreach (WatchEvent change in changes)
                hash = (hash ^ (uint)HashCode.Combine(change.IsDelete, change.Kv)) * 1099511628211 + (hash >> 29);
            return new ListState([.. _events, .. changes], Revision + 1, hash);
        }

        public bool Equals(IReadOnlyList<WatchEvent> witness) =>
            _events.Length == witness.Count
            && _events.Zip(witness).All(pair => pair.First.IsDelete == pair.Second.IsDelete && pair.First.Kv == pair.Second.Kv);

        public override StoreView At(long revision) =>
            new ListState([.. _events.TakeWhile(change => change.Revision <= revision)], revision, 0);

        public override KeyValue? Find(string key) =>
            Array.FindLast(_events, change => change.Kv.Key == key) is { IsDelete: false } last ? last.Kv : null;

        public override void Collect(KeyRange range, List<KeyValue> result)
        {
            foreach (string key in _events.Select(change => change.Kv.Key).Distinct().Order(StringComparer.Ordinal))
            {
                if (range.Contains(key) && Find(key) is { } kv)
                    result.Add(kv);
            }
        }

        public override void CollectLease(long lease, List<KeyValue> result) =>
            throw new NotSupportedException("the search knows no leases");
    }
}
