namespace Etcdish.Load.Comparing;

/// <summary>The comparison as a Markdown table: medians of both servers, and ours ÷ theirs.</summary>
internal static class MarkdownReport
{
    public static void Write(
        TextWriter writer, Comparison comparison, IReadOnlyList<ComparisonCase> cases, ServerProgram theirs, ServerProgram ours)
    {
        writer.WriteLine($"| case | {theirs.Name}: per s | CPU µs/op | p50/p99 ms | RSS MiB | {ours.Name}: per s | CPU µs/op | p50/p99 ms | RSS MiB "
            + "| throughput × | CPU/op × | p50 × | p99 × |");
        writer.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (ComparisonCase which in cases)
        {
            CaseRatios ratios = CaseRatios.Of(comparison.Ours(which), comparison.Theirs(which));
            writer.WriteLine(FormattableString.Invariant(
                $"| {which.Name} | {Cells(comparison.Theirs(which))} | {Cells(comparison.Ours(which))} | {ratios.Throughput:F2} | {ratios.Cpu:F2} | {ratios.P50:F2} | {ratios.P99:F2} |"));
        }
    }

    private static string Cells(CaseFigures figures) => FormattableString.Invariant(
        $"{figures.PerSecond:N0}{(figures.Errors > 0 ? $" ({figures.Errors} errors)" : "")} | {figures.CpuMicroseconds:F2} | {figures.P50Ms:F2}/{figures.P99Ms:F2} | {figures.ResidentMiB:F0}");
}
