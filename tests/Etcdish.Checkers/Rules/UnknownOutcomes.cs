namespace Etcdish.Checkers;

/// <summary>
/// Finds who wrote the revisions that no acknowledged operation claims: operations of unknown outcome, or leases that expired. The
/// assignment is a maximum matching, so an ambiguity never becomes a false alarm.
/// </summary>
internal sealed class UnknownOutcomes
{
    private readonly StateHistory _states;
    private readonly Timeline _timeline;
    private readonly List<Operation> _wideDeletes = [];
    private readonly Dictionary<string, List<Operation>> _byDeletedKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Operation>> _byValue = new(StringComparer.Ordinal);
    private readonly Dictionary<Operation, long> _revisionOf = new(ReferenceEqualityComparer.Instance);

    private UnknownOutcomes(History history, StateHistory states, Timeline timeline)
    {
        _states = states;
        _timeline = timeline;
        foreach (Operation operation in history.Operations)
        {
            if (operation.Outcome == Outcome.Unknown && operation.Call.MayWrite)
                Register(operation, operation.Call);
        }
    }

    public static void Resolve(
        History history, StateHistory states, Timeline timeline, LeaseRules leases, Writers writers, List<Violation> violations)
    {
        var resolver = new UnknownOutcomes(history, states, timeline);
        List<long> unclaimed = [.. writers.Unclaimed()];
        // What an expiry may explain comes last: it takes an operation only if no other revision needs it.
        foreach (long revision in unclaimed.OrderBy(revision => leases.ExplainsExpiry(states, revision) ? 1 : 0))
            resolver.Match(revision, []);
        foreach ((Operation operation, long revision) in resolver._revisionOf)
            writers.Claim(revision, operation);
        foreach (long revision in writers.Unclaimed())
        {
            if (!leases.AcceptExpiry(states, revision, violations))
                violations.Add(new(ViolationKind.UnexplainedRevision, $"nobody wrote {Describe(states, revision)}"));
        }
    }

    private static string Describe(StateHistory states, long revision) =>
        $"revision {revision}: {string.Join("; ", states.EventsAt(revision).ToArray().Select(change => change.ToString()))}";

    private void Register(Operation operation, Call call)
    {
        switch (call)
        {
            case PutCall put:
                Add(_byValue, put.Value, operation);
                break;
            case DeleteCall { Keys.IsSingleKey: true } delete:
                Add(_byDeletedKey, delete.Keys.Start, operation);
                break;
            case DeleteCall or RevokeCall:
                _wideDeletes.Add(operation);
                break;
            case TxnCall txn:
                foreach (Call inner in txn.Success.Concat(txn.Failure))
                    Register(operation, inner);
                break;
        }
    }

    private static void Add(Dictionary<string, List<Operation>> index, string text, Operation operation)
    {
        if (!index.TryGetValue(text, out List<Operation>? operations))
            index[text] = operations = [];
        operations.Add(operation);
    }

    // One augmenting path of a bipartite matching (Kuhn). Unique values make nearly all candidate lists one long.
    private bool Match(long revision, HashSet<Operation> tried)
    {
        foreach (Operation candidate in Candidates(revision))
        {
            if (!CanBe(candidate, revision) || !tried.Add(candidate))
                continue;
            if (_revisionOf.TryGetValue(candidate, out long taken) && !Match(taken, tried))
                continue;
            _revisionOf[candidate] = revision;
            return true;
        }

        return false;
    }

    private IEnumerable<Operation> Candidates(long revision)
    {
        ReadOnlySpan<WatchEvent> changes = _states.EventsAt(revision);
        foreach (WatchEvent change in changes)
        {
            if (!change.IsDelete)
                return _byValue.GetValueOrDefault(change.Kv.Value) ?? [];
        }

        List<Operation> narrow = _byDeletedKey.GetValueOrDefault(changes[0].Kv.Key) ?? [];
        return narrow.Concat(_wideDeletes);
    }

    private bool CanBe(Operation operation, long revision) =>
        operation.CalledAt <= _timeline.ShownBy(revision)
        && revision > _timeline.ShownBefore(operation.CalledAt)
        && ReplyRules.SameEvents(Model.Execute(operation.Call, _states.At(revision - 1)).Events, _states.EventsAt(revision));
}
