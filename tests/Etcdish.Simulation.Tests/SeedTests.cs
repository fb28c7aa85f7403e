namespace Etcdish.Simulation.Tests;

/// <summary>The slice of seeds that every build runs. The command of Etcdish.Simulation runs as many as there is time for.</summary>
[TestFixture]
internal sealed class SeedTests
{
    private const long Seeds = 2_000;
    private const ulong RunTwice = 200;

    [Test]
    public void No_seed_breaks_a_promise()
    {
        Campaign campaign = new(new CommandOptions { From = RunTwice + 1, Seeds = Seeds, RunsOnce = true }, TextWriter.Null);
        campaign.Run();
        Report(campaign);
        Assert.That(campaign.Failed.Select(Describe), Is.Empty);
    }

    [Test]
    public void The_same_seed_is_the_same_world()
    {
        Campaign campaign = new(new CommandOptions { Seeds = (long)RunTwice }, TextWriter.Null);
        campaign.Run();
        Assert.That(campaign.Failed.Select(Describe), Is.Empty);
    }

    [Test]
    public void Another_seed_is_another_world() =>
        Assert.That(Simulation.Run(1).Hash, Is.Not.EqualTo(Simulation.Run(2).Hash));

    private static void Report(Campaign campaign)
    {
        TestContext.Out.WriteLine(
            $"{campaign.Seeds} seeds, {campaign.Events} events, {campaign.Operations} operations, {campaign.VirtualSeconds:0} virtual seconds");
        foreach (Mark mark in Enum.GetValues<Mark>())
        {
            TestContext.Out.WriteLine($"{mark}: {campaign.Marks[mark]}");
        }
    }

    private static string Describe(RunResult failed) =>
        $"seed {failed.Seed}: {failed.Violations[0]} (replay: {CommandOptions.ReplayCommand(failed.Seed, new CommandOptions())})";
}
