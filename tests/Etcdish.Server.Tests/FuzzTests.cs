using Etcdish.Fuzz;

namespace Etcdish.Server.Tests;

/// <summary>A slice of the long fuzz, with other inputs on every run; tests/Etcdish.Fuzz is the command for a million.</summary>
[TestFixture]
[Parallelizable(ParallelScope.Children)]
internal sealed class FuzzTests
{
    private const int Inputs = 2000;

    public static IEnumerable<TestCaseData> Targets() =>
        FuzzTargets.All.Select(target => new TestCaseData(target).SetName($"Fuzz of {target.Name}"));

    [TestCaseSource(nameof(Targets))]
    public void A_slice_of_the_fuzz_finds_nothing(IFuzzTarget target)
    {
        var report = new FuzzRunner(target, firstSeed: DateTime.UtcNow.Ticks, Inputs).Run();
        Assert.That(report.Accepted, Is.InRange(Inputs / 50, Inputs * 49 / 50), "a fuzz that reaches one side only tests little");
    }
}
