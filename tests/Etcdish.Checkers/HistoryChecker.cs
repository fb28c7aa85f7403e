namespace Etcdish.Checkers;

/// <summary>
/// Judges a recorded history of an etcd-compatible store: strict serializability of all operations, the guarantees of watches, and
/// the promises of leases and compaction. See README.md for the rules and for why this is enough.
/// </summary>
public static class HistoryChecker
{
    /// <summary>All broken promises; empty when the history is good.</summary>
    public static IReadOnlyList<Violation> Check(History history)
    {
        var violations = new List<Violation>();
        ShapeRules.Check(history, violations);
        if (violations.Count > 0)
            return violations;

        var states = new StateHistory(history.Witness, violations);
        if (violations.Count > 0)
            return violations;

        var timeline = new Timeline(history, states.LastRevision);
        var leases = new LeaseRules(history, timeline);
        var writers = new Writers(states, violations);
        ReplyRules.Check(history, states, timeline, writers, violations);
        UnknownOutcomes.Resolve(history, states, timeline, leases, writers, violations);
        OrderRules.Check(history, timeline, writers, violations);
        RefusalRules.Check(history, timeline, leases, violations);
        leases.Check(states, writers, violations);
        new WatchRules(history, states, timeline, writers, violations).Check();
        return violations;
    }
}
