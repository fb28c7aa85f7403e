using Etcdish.Load.Measuring;

namespace Etcdish.Load.Comparing;

/// <summary>Medians of one server over the rounds of one case.</summary>
/// <param name="PerSecond">Operations a second.</param>
/// <param name="CpuMicroseconds">The server's CPU time per operation.</param>
/// <param name="P50Ms">Half of the operations took no longer.</param>
/// <param name="P99Ms">99 % of the operations took no longer.</param>
/// <param name="ResidentMiB">Memory of the server at the end of the case.</param>
/// <param name="Errors">Errors of all rounds together.</param>
internal sealed record CaseFigures(
    double PerSecond, double CpuMicroseconds, double P50Ms, double P99Ms, double ResidentMiB, long Errors)
{
    public static CaseFigures MedianOf(IReadOnlyList<LoadResult> rounds) => new(
        Median(rounds, result => result.PerSecond),
        Median(rounds, result => (result.ServerCpuSecondsPer1000 ?? double.NaN) * 1000),
        Median(rounds, result => result.P50Ms),
        Median(rounds, result => result.P99Ms),
        Median(rounds, result => result.ServerResidentMiB ?? double.NaN),
        rounds.Sum(result => result.Errors));

    private static double Median(IReadOnlyList<LoadResult> rounds, Func<LoadResult, double> figure)
    {
        double[] sorted = [.. rounds.Select(figure).Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
