namespace Etcdish.Load.Measuring;

/// <summary>The middle of some figures, which one odd round does not move.</summary>
internal static class Median
{
    /// <summary>The mean of the two in the middle when their number is even.</summary>
    public static double Of(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
