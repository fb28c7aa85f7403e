namespace Etcdish.Checkers;

/// <summary>Every acknowledged operation answered what the model says at its revision, and changed what the witness shows there.</summary>
internal static class ReplyRules
{
    public static void Check(
        History history, StateHistory states, Timeline timeline, Writers writers, List<Violation> violations)
    {
        foreach (Operation operation in history.Operations)
        {
            if (operation.Reply is { } reply && operation.Call is not (KeepAliveCall or RevokeCall))
                Check(operation, reply, states, writers, violations);
        }

        // The answer to a revocation does not tell whether there were keys, so it gets what the others leave.
        foreach (Operation operation in history.Operations)
        {
            if (operation is { Reply: RevokeReply reply, Call: RevokeCall revoke } && Exists(operation, reply, states, violations))
                CheckRevoke(operation, revoke, reply.Revision, states, timeline, writers, violations);
        }
    }

    private static void Check(Operation operation, Reply reply, StateHistory states, Writers writers, List<Violation> violations)
    {
        if (!Exists(operation, reply, states, violations))
            return;
        if (Wrote(reply))
            CheckWrite(operation, reply, states, writers, violations);
        else
            CheckRead(operation, reply, states, violations);
    }

    private static bool Exists(Operation operation, Reply reply, StateHistory states, List<Violation> violations)
    {
        if (reply.Revision <= states.LastRevision && reply.Revision >= History.EmptyRevision)
            return true;
        violations.Add(new(
            ViolationKind.LostWrite, $"{operation}, but the last revision of the final history is {states.LastRevision}"));
        return false;
    }

    private static void CheckWrite(
        Operation operation, Reply reply, StateHistory states, Writers writers, List<Violation> violations)
    {
        if (reply.Revision == History.EmptyRevision)
        {
            violations.Add(new(ViolationKind.WrongReply, $"{operation}, but revision {reply.Revision} is that of the empty store"));
            return;
        }

        writers.Claim(reply.Revision, operation);
        Step step = Model.Execute(operation.Call, states.At(reply.Revision - 1));
        if (!SameEvents(step.Events, states.EventsAt(reply.Revision)))
        {
            string found = string.Join("; ", states.EventsAt(reply.Revision).ToArray().Select(e => e.ToString()));
            violations.Add(new(ViolationKind.WrongEffect, $"{operation}, but the final history has there: {found}"));
        }
        else if (ReplyDifference.Find(operation.Call, step.Reply, reply) is { } difference)
        {
            violations.Add(new(ViolationKind.WrongReply, $"{operation}: {difference}"));
        }
    }

    private static void CheckRead(Operation operation, Reply reply, StateHistory states, List<Violation> violations)
    {
        Step step = Model.Execute(operation.Call, states.At(reply.Revision));
        if (ReplyDifference.Find(operation.Call, step.Reply, reply) is { } difference)
            violations.Add(new(ViolationKind.WrongReply, $"{operation}: {difference}"));
    }

    // What had been shown before the call was written by another, which may have deleted just the lease's keys.
    private static void CheckRevoke(
        Operation operation,
        RevokeCall revoke,
        long revision,
        StateHistory states,
        Timeline timeline,
        Writers writers,
        List<Violation> violations)
    {
        if (revision > timeline.ShownBefore(operation.CalledAt) && writers[revision] is null && revision > History.EmptyRevision)
        {
            Step step = Model.Execute(revoke, states.At(revision - 1));
            if (step.Events.Count > 0 && SameEvents(step.Events, states.EventsAt(revision)))
            {
                writers.Claim(revision, operation);
                return;
            }
        }

        var left = new List<KeyValue>();
        states.At(revision).CollectLease(revoke.Lease, left);
        if (left.Count > 0)
            violations.Add(new(ViolationKind.LeaseOutlivedItsEnd, $"{operation} left behind {string.Join("; ", left)}"));
    }

    private static bool Wrote(Reply reply) => reply switch
    {
        PutReply => true,
        DeleteReply delete => delete.Deleted > 0,
        TxnReply txn => txn.Replies.Any(Wrote),
        _ => false,
    };

    public static bool SameEvents(List<WatchEvent> expected, ReadOnlySpan<WatchEvent> found)
    {
        if (expected.Count != found.Length)
            return false;
        for (int i = 0; i < found.Length; i++)
        {
            if (expected[i].IsDelete != found[i].IsDelete || expected[i].Kv != found[i].Kv)
                return false;
        }

        return true;
    }
}
