using System.CommandLine;
using Etcdish.Load.Comparing;
using Etcdish.Load.Measuring;

namespace Etcdish.Load.Commands;

/// <summary>Etcdish and genuine etcd side by side.</summary>
internal static class CompareCommand
{
    private static readonly Option<string> _folder = new("--folder")
    {
        Description = "where the servers keep their data; on the disk that is to be measured",
        DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), $"etcdish-compare-{Environment.ProcessId}"),
    };

    private static readonly Option<string> _etcd = new("--etcd") { Description = "genuine etcd", DefaultValueFactory = _ => "etcd" };

    private static readonly Option<string?> _etcdish = new("--etcdish")
    {
        Description = "our executable (default: this repository's Release build)",
    };

    private static readonly Option<bool> _self = new("--etcd-against-itself")
    {
        Description = "put genuine etcd on both sides: shows how far chance moves the ratios",
    };

    private static readonly Option<int> _rounds = new("--rounds") { Description = "turns of each server", DefaultValueFactory = _ => 3 };

    private static readonly Option<double> _duration = new("--duration")
    {
        Description = "measured seconds of a case",
        DefaultValueFactory = _ => 10,
    };

    private static readonly Option<long> _warmUp = new("--warm-up-requests")
    {
        Description = "puts before the first case of a turn; below 200,000 a .NET server is still compiling",
        DefaultValueFactory = _ => 200_000,
    };

    private static readonly Option<int> _keySpace = new("--key-space")
    {
        Description = "number of different keys",
        DefaultValueFactory = _ => 100_000,
    };

    private static readonly Option<string?> _cases = new("--cases") { Description = "names of cases, comma-separated (default: all)" };

    private static readonly Option<string?> _assert = new("--assert")
    {
        Description = $"bounds that must hold, or \"promised\" for {Bound.Promised}",
    };

    public static Command Create()
    {
        Command command = new(
            "compare", "Start genuine etcd and Etcdish in turn, measure both, print the ratios; exit 1 if a bound is missed.")
        {
            _folder, _etcd, _etcdish, _self, _rounds, _duration, _warmUp, _keySpace, _cases, _assert,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        IReadOnlyList<ComparisonCase> cases = ComparisonCase.Choose(parsed.GetValue(_cases));
        IReadOnlyList<Bound> bounds = Bounds(parsed.GetValue(_assert), cases);
        ServerProgram theirs = ServerProgram.Etcd(parsed.GetRequiredValue(_etcd));
        ServerProgram ours = parsed.GetValue(_self)
            ? theirs with { Name = "etcd-again" }
            : ServerProgram.Etcdish(parsed.GetValue(_etcdish));
        ComparisonPlan plan = new(
            parsed.GetRequiredValue(_folder),
            parsed.GetValue(_rounds),
            TimeSpan.FromSeconds(parsed.GetValue(_duration)),
            parsed.GetValue(_warmUp),
            parsed.GetValue(_keySpace));
        Comparison comparison = new(theirs, ours, cases, plan);
        await comparison.RunAsync(Console.Error, cancellationToken);
        MarkdownReport.Write(Console.Out, comparison, cases, theirs, ours);
        return Judge(comparison, cases, bounds) ? 0 : 1;
    }

    private static IReadOnlyList<Bound> Bounds(string? text, IReadOnlyList<ComparisonCase> cases)
    {
        IReadOnlyList<Bound> bounds = Bound.ParseAll(text == "promised" ? Bound.Promised : text ?? "");
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
