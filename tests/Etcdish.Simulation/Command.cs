using System.Diagnostics;
using System.Globalization;

namespace Etcdish.Simulation;

/// <summary>The command: many seeds, or one with its story.</summary>
/// <param name="output">Receives the report.</param>
internal sealed class Command(TextWriter output)
{
    private const int StoryLines = 400;

    public int Run(string[] arguments)
    {
        CommandOptions options;
        try
        {
            options = CommandOptions.Parse(arguments);
        }
        catch (FormatException wrong)
        {
            output.WriteLine(wrong.Message);
            output.WriteLine(CommandOptions.Usage);
            return 2;
        }

        return options.Seed is { } seed ? Replay(seed, options) : RunMany(options);
    }

    private int Replay(ulong seed, CommandOptions options)
    {
        RunResult result = Simulation.Run(seed, options.Members, options.Sabotage, options.Lines ?? StoryLines);
        output.WriteLine(result.Plan);
        output.WriteLine(result.Story);
        output.WriteLine($"seed {seed}: hash {result.Hash:x16}, {result.Events} events, {result.Operations} operations");
        foreach (string violation in result.Violations)
        {
            output.WriteLine($"BROKEN: {violation}");
        }

        return result.Violations.Count > 0 ? 1 : 0;
    }

    private int RunMany(CommandOptions options)
    {
        long started = Stopwatch.GetTimestamp();
        Campaign campaign = new(options, output);
        campaign.Run();
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{campaign.Seeds} seeds in {seconds:0.0} s ({campaign.Seeds / seconds:0} a second, each run {campaign.RunsOfEach} times): "
            + $"{campaign.Events} events, {campaign.Operations} operations, {campaign.VirtualSeconds:0} virtual seconds, "
            + $"{campaign.Failed.Count} failed"));
        foreach (Mark mark in Enum.GetValues<Mark>())
        {
            output.WriteLine($"  {mark,-28} {campaign.Marks[mark],12}");
        }

        foreach (RunResult failed in campaign.Failed.Take(10))
        {
            output.WriteLine($"seed {failed.Seed}: {failed.Violations[0]}");
            output.WriteLine($"  replay: {CommandOptions.ReplayCommand(failed.Seed, options)}");
        }

        return campaign.Failed.Count > 0 ? 1 : 0;
    }
}
