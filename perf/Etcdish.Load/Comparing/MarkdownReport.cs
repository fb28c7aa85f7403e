namespace Etcdish.Load.Comparing;

/// <summary>The comparison as a Markdown table: medians of both servers, and ours ÷ theirs.</summary>
internal static class MarkdownReport
{
    public static void Write(
        TextWriter writer, Comparison comparison, IReadOnlyList<ComparisonCase> cases, ServerProgram theirs, ServerProgram ours)
    {
        const string Rest = "CPU µs/op | p50/p99 ms | RSS MiB";
        const string Ratios = "throughput × | CPU/op × | p50 × | p99 ×";
        writer.WriteLine($"| case | {theirs.Name}: per s | {Rest} | {ours.Name}: per s | {Rest} | {Ratios} |");
        writer.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (ComparisonCase which in cases)
        {
            CaseRatios ratios = CaseRatios.Of(comparison.Ours(which), comparison.Theirs(which));
            string both = $"{Cells(comparison.Theirs(which))} | {Cells(comparison.Ours(which))}";
            writer.WriteLine($"| {which.Name} | {both} | {Cells(ratios)} |");
        }
    }

    private static string Cells(CaseFigures figures)
    {
        string errors = figures.Errors > 0 ? $" ({figures.Errors} errors)" : "";
        string cpu = FormattableString.Invariant($"{figures.CpuMicroseconds:F2}");
        string latency = FormattableString.Invariant($"{figures.P50Ms:F2}/{figures.P99Ms:F2}");
        return FormattableString.Invariant($"{figures.PerSecond:N0}{errors} | {cpu} | {latency} | {figures.ResidentMiB:F0}");
    }

    private static string Cells(CaseRatios ratios) =>
        FormattableString.Invariant($"{ratios.Throughput:F2} | {ratios.Cpu:F2} | {ratios.P50:F2} | {ratios.P99:F2}");
}
