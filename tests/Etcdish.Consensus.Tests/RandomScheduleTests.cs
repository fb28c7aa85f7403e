using Etcdish.Consensus.Tests.Harness;
using Etcdish.Consensus.Tests.Scripting;

namespace Etcdish.Consensus.Tests;

/// <summary>
/// Safety under random schedules. The seeds are always the same; ETCDISH_RAFT_SEEDS=from-to runs others, and a failure names its own.
/// </summary>
[TestFixture]
internal sealed class RandomScheduleTests
{
    private const int Steps = 1500;

    [Test]
    public void Whatever_happens_the_promises_of_raft_hold()
    {
        var (from, to) = Seeds();
        var coverage = new ScheduleCoverage();
        for (var seed = from; seed <= to; seed++)
        {
            Run(seed, coverage);
        }

        TestContext.Out.WriteLine(
            $"{to - from + 1} schedules: {coverage.Commits} commits, {coverage.Reads} reads, {coverage.Elections} elections, "
            + $"{coverage.Snapshots} snapshots, {coverage.Quarantines} quarantines, {coverage.Configurations} configurations "
            + $"({coverage.JointConfigurations} joint), {coverage.Calmed} healed");
        Assert.That(
            new[]
            {
                coverage.Commits, coverage.Reads, coverage.Elections, coverage.Snapshots, coverage.Quarantines,
                coverage.Configurations, coverage.JointConfigurations, coverage.Calmed,
            },
            Has.All.GreaterThan((long)(to - from) / 20),
            "the schedules exercise what they are for");
    }

    private static void Run(ulong seed, ScheduleCoverage coverage)
    {
        try
        {
            new RandomSchedule(seed, new ScriptTrace { IsQuiet = true }, coverage).Run(Steps);
        }
        catch (Exception failure)
        {
            var story = LastLines(seed);
            Assert.Fail($"seed {seed} (run with ETCDISH_RAFT_SEEDS={seed}-{seed}): {failure.Message}\n{failure.StackTrace}\n{story}");
        }
    }

    /// <summary>The end of the story, told again aloud.</summary>
    private static string LastLines(ulong seed)
    {
        var trace = new ScriptTrace();
        var schedule = new RandomSchedule(seed, trace, new ScheduleCoverage());
        try
        {
            schedule.Run(Steps);
        }
        catch (Exception)
        {
            // The failure is the one that is being told.
        }

        return string.Join('\n', trace.Take().Split('\n').TakeLast(150)) + schedule.Describe();
    }

    private static (ulong From, ulong To) Seeds()
    {
        var range = Environment.GetEnvironmentVariable("ETCDISH_RAFT_SEEDS")?.Split('-');
        return range is { Length: 2 } ? (ulong.Parse(range[0]), ulong.Parse(range[1])) : (1, 2000);
    }
}
