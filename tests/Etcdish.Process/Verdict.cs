using Etcdish.Checkers;

namespace Etcdish.Process;

/// <summary>Judges a recorded history and keeps a bad one on disk.</summary>
internal static class Verdict
{
    /// <param name="history">What was recorded.</param>
    /// <param name="server">What the server it was recorded from is called.</param>
    /// <param name="isKnownBug">Tells violations that this very server is known for; they are written down and forgiven.</param>
    public static void MustBeGood(History history, string server, Func<Violation, bool>? isKnownBug = null)
    {
        int acknowledged = history.Operations.Count(op => op.Outcome == Outcome.Ok);
        int unknown = history.Operations.Count(op => op.Outcome == Outcome.Unknown);
        string size = $"{history.Witness.Count} events, {history.Watches.Count} watches";
        TestContext.Out.WriteLine($"{server}: {acknowledged} acknowledged, {unknown} unknown, {size}");
        ILookup<bool, Violation> found = HistoryChecker.Check(history).ToLookup(violation => isKnownBug?.Invoke(violation) == true);
        foreach (Violation known in found[true])
            TestContext.Out.WriteLine($"known bug of {server}: {known}");

        List<Violation> violations = [.. found[false]];
        if (violations.Count == 0)
            return;

        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{TestContext.CurrentContext.Test.MethodName}.jsonl");
        using (StreamWriter writer = File.CreateText(file))
            HistoryFormat.Write(history, writer);
        Assert.Fail($"{violations.Count} violations, history kept in {file}:\n{string.Join('\n', violations.Take(20))}");
    }
}
