using System.CommandLine;
using Etcdish.Kubelet.Simulated;

namespace Etcdish.Cli.Verbs;

/// <summary>The options by which simulated nodes are described.</summary>
internal sealed class SimulatedNodeArguments
{
    private static readonly SimulatedNodesOptions _defaults = new();

    private readonly Option<int> _count;
    private readonly Option<int> _zones = new("--zones") { Description = "Spread simulated nodes over so many zones." };
    private readonly Option<string> _cpu = new("--cpu")
    {
        Description = "Processors of a simulated node.",
        DefaultValueFactory = _ => _defaults.Cpu,
    };

    private readonly Option<string> _memory = new("--memory")
    {
        Description = "Memory of a simulated node.",
        DefaultValueFactory = _ => _defaults.Memory,
    };

    private readonly Option<int> _pods = new("--pods")
    {
        Description = "Most pods of a simulated node.",
        DefaultValueFactory = _ => _defaults.Pods,
    };

    private readonly Option<TimeSpan> _start = DurationOption.Make(
        "--pod-start-latency", "How long simulated pods take to become ready.", TimeSpan.Zero);

    private readonly Option<TimeSpan> _end = DurationOption.Make(
        "--pod-stop-latency", "How long deleted simulated pods take to go.", TimeSpan.Zero);

    private readonly Option<TimeSpan> _run = DurationOption.Make(
        "--pod-run-time", "How long simulated pods run that are to end, such as those of jobs.", _defaults.RunTime);

    /// <summary>Makes them.</summary>
    /// <param name="countName">The option that says how many nodes there are.</param>
    /// <param name="defaultCount">How many there are if it is not given.</param>
    public SimulatedNodeArguments(string countName, int defaultCount) => _count = new Option<int>(countName)
    {
        Description = "How many nodes to simulate: they run pods in memory.",
        DefaultValueFactory = _ => defaultCount,
    };

    /// <summary>All of them.</summary>
    public IEnumerable<Option> Options => [_count, _zones, _cpu, _memory, _pods, _start, _end, _run];

    /// <summary>What the user said; null if there are to be no nodes.</summary>
    public SimulatedNodesOptions? Read(ParseResult parsed) => parsed.GetValue(_count) == 0 ? null : new SimulatedNodesOptions
    {
        Count = parsed.GetValue(_count),
        Zones = parsed.GetValue(_zones),
        Cpu = parsed.GetRequiredValue(_cpu),
        Memory = parsed.GetRequiredValue(_memory),
        Pods = parsed.GetValue(_pods),
        PodStartLatency = parsed.GetValue(_start),
        PodStopLatency = parsed.GetValue(_end),
        RunTime = parsed.GetValue(_run),
    };
}
