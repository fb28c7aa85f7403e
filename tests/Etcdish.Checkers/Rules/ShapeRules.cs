namespace Etcdish.Checkers;

/// <summary>What the other rules take for granted about a history.</summary>
internal static class ShapeRules
{
    public static void Check(History history, List<Violation> violations)
    {
        var lastOfClient = new Dictionary<int, Operation>();
        foreach (Operation operation in history.Operations.OrderBy(op => op.CalledAt))
        {
            if (operation.ReturnedAt < operation.CalledAt)
                violations.Add(Malformed($"{operation} returned before it was called"));
            if (operation.Outcome == Outcome.Ok != operation.Reply is not null)
                violations.Add(Malformed($"{operation} must have a reply exactly when it is ok"));
            if (lastOfClient.TryGetValue(operation.Client, out Operation? earlier) && earlier.ReturnedAt > operation.CalledAt)
                violations.Add(Malformed($"one client has two operations at once: {earlier} and {operation}"));
            lastOfClient[operation.Client] = operation;
        }
    }

    private static Violation Malformed(string message) => new(ViolationKind.MalformedHistory, message);
}
