namespace Etcdish.Checkers;

/// <summary>Real time: nothing runs before what was already shown when it was called, and nothing is shown before it was called.</summary>
internal static class OrderRules
{
    public static void Check(History history, Timeline timeline, Writers writers, List<Violation> violations)
    {
        Operation?[] lastCalled = LastCalledUpTo(writers);
        foreach (Operation operation in history.Operations)
        {
            if (operation.Reply is not { } reply || reply.Revision > writers.LastRevision)
                continue;
            CheckNotBefore(operation, reply.Revision, timeline, writers, violations);
            if (Early(lastCalled, reply.Revision, operation.ReturnedAt) is { } later)
                violations.Add(new(ViolationKind.FromTheFuture, $"{operation} saw {later}, which was called later"));
        }

        foreach (WatchRecord watch in history.Watches)
        {
            foreach (WatchResponse response in watch.Responses)
                CheckResponse(watch, response, lastCalled, violations);
        }
    }

    private static void CheckNotBefore(
        Operation operation, long revision, Timeline timeline, Writers writers, List<Violation> violations)
    {
        if (operation.Call is RangeCall { Serializable: true } or GrantCall or KeepAliveCall)
            return;
        long shown = timeline.ShownBefore(operation.CalledAt);
        bool wrote = revision > History.EmptyRevision && ReferenceEquals(writers[revision], operation);
        if (wrote ? revision <= shown : revision < shown)
            violations.Add(new(ViolationKind.WentBack, $"{operation} was called after revision {shown} had been shown"));
    }

    private static void CheckResponse(
        WatchRecord watch, WatchResponse response, Operation?[] lastCalled, List<Violation> violations)
    {
        long revision = Math.Max(response.Revision, response.Events.Count > 0 ? response.Events[^1].Revision : 0);
        if (Early(lastCalled, revision, response.ReceivedAt) is { } later)
        {
            violations.Add(new(
                ViolationKind.FromTheFuture,
                $"{watch} received revision {revision} at {response.ReceivedAt}, before the call of {later}"));
        }
    }

    private static Operation? Early(Operation?[] lastCalled, long revision, long time)
    {
        Operation? last = lastCalled[Math.Clamp(revision, 0, lastCalled.Length - 1)];
        return last is not null && last.CalledAt > time ? last : null;
    }

    /// <summary>For each revision the writer at or below it that was called last.</summary>
    private static Operation?[] LastCalledUpTo(Writers writers)
    {
        var result = new Operation?[writers.LastRevision + 1];
        for (long revision = 1; revision < result.Length; revision++)
        {
            Operation? writer = writers[revision];
            Operation? before = result[revision - 1];
            result[revision] = writer is null || before?.CalledAt >= writer.CalledAt ? before : writer;
        }

        return result;
    }
}
