namespace Etcdish.Checkers.Tests;

public class BrokenHistoryTests
{
    private const int Seeds = 300;
    private static readonly History[] _good = [.. Enumerable.Range(0, Seeds).Select(Generate)];

    private static IEnumerable<Breakage> Breakages => OperationBreakages.All.Concat(WatchBreakages.All);

    [TestCaseSource(nameof(Breakages))]
    public void Every_breakage_gets_its_verdict(object breakageObject)
    {
        var breakage = (Breakage)breakageObject;
        int broken = 0;
        for (int seed = 0; seed < Seeds; seed++)
        {
            History? history = breakage.Apply(_good[seed], new Random(seed));
            if (history is null)
                continue;
            broken++;
            IReadOnlyList<Violation> violations = HistoryChecker.Check(history);
            Assert.That(
                violations.Any(violation => breakage.Verdicts.Contains(violation.Kind)),
                Is.True,
                $"seed {seed}, {breakage.Name}, found:\n{string.Join('\n', violations)}");
        }

        Assert.That(broken, Is.GreaterThanOrEqualTo(10), "the generator offers too few opportunities");
    }

    private static History Generate(int seed) =>
        HistoryGenerator.Generate(seed, new GeneratorOptions { Compactions = seed % 2 == 0, UnknownRate = seed % 4 == 1 ? 0 : 0.08 });
}
