using Etcdish.Load.Measuring;

namespace Etcdish.Load.Comparing;

/// <summary>Medians of one server (of a cluster: all members together) over the rounds of one case.</summary>
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
        Median.Of(rounds.Select(result => result.PerSecond)),
        Median.Of(rounds.Select(result => (result.ServerCpuSecondsPer1000 ?? double.NaN) * 1000)),
        Median.Of(rounds.Select(result => result.P50Ms)),
        Median.Of(rounds.Select(result => result.P99Ms)),
        Median.Of(rounds.Select(result => result.ServerResidentMiB ?? double.NaN)),
        rounds.Sum(result => result.Errors));
}
