using Etcdish.Checkers;
using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>Judges a recorded history and keeps a bad one on disk.</summary>
internal static class Verdict
{
    public static void MustBeGood(History history, ServerProcess server)
    {
        int acknowledged = history.Operations.Count(op => op.Outcome == Outcome.Ok);
        int unknown = history.Operations.Count(op => op.Outcome == Outcome.Unknown);
        string size = $"{history.Witness.Count} events, {history.Watches.Count} watches";
        TestContext.Out.WriteLine($"{server.Name}: {acknowledged} acknowledged, {unknown} unknown, {size}");
        IReadOnlyList<Violation> violations = HistoryChecker.Check(history);
        if (violations.Count == 0)
            return;

        string file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{TestContext.CurrentContext.Test.MethodName}.jsonl");
        using (StreamWriter writer = File.CreateText(file))
            HistoryFormat.Write(history, writer);
        Assert.Fail($"{violations.Count} violations, history kept in {file}:\n{string.Join('\n', violations.Take(20))}");
    }
}
