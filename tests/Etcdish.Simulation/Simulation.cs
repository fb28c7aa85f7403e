namespace Etcdish.Simulation;

/// <summary>What became of one seed.</summary>
internal sealed record RunResult(
    ulong Seed,
    ulong Hash,
    long Events,
    int Operations,
    long VirtualTime,
    Marks Marks,
    IReadOnlyList<string> Violations,
    string Plan,
    string Story);

/// <summary>Runs worlds.</summary>
internal static class Simulation
{
    /// <summary>Runs one world once.</summary>
    /// <param name="seed">Of everything in it.</param>
    /// <param name="members">Size of the group, or null to let the seed draw it.</param>
    /// <param name="sabotage">A deliberate bug.</param>
    /// <param name="lines">How many of the last events to tell.</param>
    public static RunResult Run(ulong seed, int? members = null, SabotageKind sabotage = SabotageKind.None, int lines = 0)
    {
        WorldPlan plan = WorldPlan.Draw(seed, members);
        World world = new(seed, plan, sabotage, lines);
        try
        {
            world.Run();
        }
#pragma warning disable CA1031 // Whatever reaches the world is a finding about its seed: in the code under test, or in this one.
        catch (Exception unexpected)
        {
            world.Break("an exception reached the world", unexpected.ToString());
        }
#pragma warning restore CA1031

        string story = lines == 0 ? "" : string.Join('\n', world.Trace.Last().Select(happened => TraceText.Of(happened)));
        return new RunResult(
            seed,
            world.Trace.Hash,
            world.Trace.Count,
            world.Operations,
            world.Queue.Now,
            world.Marks,
            world.Violations,
            lines == 0 ? "" : plan.ToString(),
            story);
    }
}
