using System.CommandLine;
using Etcdish.Load.Comparing;
using Etcdish.Load.Measuring;

namespace Etcdish.Load.Commands;

/// <summary>Etcdish and genuine etcd side by side.</summary>
internal static class CompareCommand
{
    private static readonly Option<string> _folder = Declare.Folder("compare");
    private static readonly Option<int> _nodes = Declare.Nodes(1);
    private static readonly Option<string> _etcd = Declare.Option("--etcd", "genuine etcd", "etcd");

    private static readonly Option<string?> _etcdish = Declare.Optional<string>(
        "--etcdish", "our executable (default: this repository's Release build)");

    private static readonly Option<bool> _self = new("--etcd-against-itself")
    {
        Description = "put genuine etcd on both sides: shows how far chance moves the ratios",
    };

    private static readonly Option<int> _rounds = Declare.Option("--rounds", "turns of each server", 3);
    private static readonly Option<double> _duration = Declare.Duration();

    private static readonly Option<long> _warmUp = Declare.Option(
        "--warm-up-requests", "puts before the first case of a turn; below 200,000 a .NET server is still compiling", 200_000L);

    private static readonly Option<int> _keySpace = Declare.KeySpace(100_000);
    private static readonly Option<string?> _cases = Declare.Optional<string>("--cases", "names of cases, comma-separated (default: all)");

    private static readonly Option<string?> _assert = Declare.Optional<string>(
        "--assert", $"bounds that must hold, or \"promised\" for {Bound.Promised}; with three nodes {Bound.PromisedOfThree}");

    public static Command Create()
    {
        Command command = new(
            "compare", "Start genuine etcd and Etcdish in turn, measure both, print the ratios; exit 1 if a bound is missed.")
        {
            _folder, _nodes, _etcd, _etcdish, _self, _rounds, _duration, _warmUp, _keySpace, _cases, _assert,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        IReadOnlyList<ComparisonCase> cases = ComparisonCase.Choose(parsed.GetValue(_cases));
        int nodes = parsed.GetValue(_nodes);
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes, 1, "--nodes");
        IReadOnlyList<Bound> bounds = Bounds(parsed.GetValue(_assert), nodes, cases);
        ServerProgram theirs = ServerProgram.Etcd(parsed.GetRequiredValue(_etcd));
        ServerProgram ours = parsed.GetValue(_self)
            ? theirs with { Name = "etcd-again" }
            : ServerProgram.Etcdish(parsed.GetValue(_etcdish));
        ComparisonPlan plan = new(
            parsed.GetRequiredValue(_folder),
            parsed.GetValue(_rounds),
            TimeSpan.FromSeconds(parsed.GetValue(_duration)),
            parsed.GetValue(_warmUp),
            parsed.GetValue(_keySpace),
            nodes);
        Comparison comparison = new(theirs, ours, cases, plan);
        await comparison.RunAsync(Console.Error, cancellationToken);
        MarkdownReport.Write(Console.Out, comparison, cases, theirs, ours);
        return Judge(comparison, cases, bounds) ? 0 : 1;
    }

    private static IReadOnlyList<Bound> Bounds(string? text, int nodes, IReadOnlyList<ComparisonCase> cases)
    {
        if (text == "promised")
        {
            text = nodes switch
            {
                1 => Bound.Promised,
                3 => Bound.PromisedOfThree,
                _ => throw new ArgumentException("the project promises figures of one node and of three; state your own bounds"),
            };
        }

        IReadOnlyList<Bound> bounds = Bound.ParseAll(text ?? "");
        Bound? unmeasured = bounds.FirstOrDefault(bound => cases.All(which => which.Name != bound.Case));
        return unmeasured is null ? bounds : throw new ArgumentException($"the bound \"{unmeasured}\" is about a case that is not run");
    }

    private static bool Judge(Comparison comparison, IReadOnlyList<ComparisonCase> cases, IReadOnlyList<Bound> bounds)
    {
        bool good = true;
        Console.WriteLine();
        foreach (Bound bound in bounds)
        {
            ComparisonCase which = cases.First(candidate => candidate.Name == bound.Case);
            CaseRatios ratios = CaseRatios.Of(comparison.Ours(which), comparison.Theirs(which));
            bool holds = bound.Holds(ratios);
            good &= holds;
            Console.WriteLine(FormattableString.Invariant($"{(holds ? "met   " : "MISSED")} {bound} (is {ratios.Named(bound.Ratio):F2})"));
        }

        foreach (LoadResult result in comparison.Unverified)
        {
            good = false;
            Console.WriteLine(
                $"WRONG  {result.Workload} at {result.Endpoint}: {result.WritesAcknowledged} writes acknowledged, "
                + $"{result.RevisionsMoved} revisions");
        }

        return good;
    }
}
