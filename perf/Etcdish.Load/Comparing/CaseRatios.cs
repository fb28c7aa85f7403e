namespace Etcdish.Load.Comparing;

/// <summary>Ours divided by theirs.</summary>
internal sealed record CaseRatios(double Throughput, double Cpu, double P50, double P99)
{
    public static CaseRatios Of(CaseFigures ours, CaseFigures theirs) => new(
        ours.PerSecond / theirs.PerSecond,
        ours.CpuMicroseconds / theirs.CpuMicroseconds,
        ours.P50Ms / theirs.P50Ms,
        ours.P99Ms / theirs.P99Ms);

    /// <summary>The ratio that a bound names.</summary>
    /// <exception cref="ArgumentException">There is no such ratio.</exception>
    public double Named(string name) => name switch
    {
        "throughput" => Throughput,
        "cpu" => Cpu,
        "p50" => P50,
        "p99" => P99,
        _ => throw new ArgumentException($"no ratio \"{name}\"; there are throughput, cpu, p50, p99"),
    };
}
