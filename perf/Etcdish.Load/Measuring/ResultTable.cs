using System.Globalization;

namespace Etcdish.Load.Measuring;

/// <summary>A result for people.</summary>
internal static class ResultTable
{
    public static void Write(TextWriter writer, LoadResult result)
    {
        Line(writer, "workload", $"{result.Workload}, {result.Connections} connections x {result.Clients} clients");
        Line(writer, "throughput", Text($"{result.PerSecond:N0}/s ({result.Operations:N0} in {result.Seconds:F2} s)"));
        Line(writer, "latency", Text(
            $"p50 {result.P50Ms:F3} ms, p99 {result.P99Ms:F3} ms, p99.9 {result.P999Ms:F3} ms, max {result.MaxMs:F3} ms"));
        if (result.ServerCpuSecondsPer1000 is double cpu)
        {
            Line(writer, "server", Text($"{cpu:F4} CPU s per 1,000, {result.ServerResidentMiB:F0} MiB resident"));
        }

        Line(writer, "generator", Text($"{result.GeneratorCpuSecondsPer1000:F4} CPU s per 1,000"));
        Line(writer, "writes", Text($"{result.WritesAcknowledged:N0} acknowledged, revision moved by {result.RevisionsMoved:N0}: ")
            + (result.WritesVerified ? "verified" : "DOES NOT MATCH"));
        Line(writer, "errors", Text($"{result.Errors:N0}"));
        foreach ((string text, long count) in result.ErrorTexts)
        {
            Line(writer, "", Text($"{count:N0} x {text}"));
        }
    }

    private static void Line(TextWriter writer, string name, string value) => writer.WriteLine($"{name,-12}{value}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
