using System.Globalization;

namespace Etcdish.Load.Comparing;

/// <summary>A limit on a ratio of one case, written <c>put-10x10:throughput>=3,cpu&lt;=0.3</c>; cases are parted by semicolons.</summary>
internal sealed record Bound(string Case, string Ratio, bool AtLeast, double Limit)
{
    /// <summary>What the project promises of one node.</summary>
    public const string Promised = "put-10x10:throughput>=3,cpu<=0.3,p99<=0.4;range-10x10:throughput>=8,cpu<=0.1,p99<=0.4";

    /// <summary>What the project promises of a cluster of three on one machine.</summary>
    public const string PromisedOfThree = "put-10x10:throughput>=3,cpu<=0.25,p99<=0.4;range-10x10:throughput>=5,p99<=0.4";

    /// <exception cref="ArgumentException">The text is not a list of bounds.</exception>
    public static IReadOnlyList<Bound> ParseAll(string text)
    {
        List<Bound> bounds = [];
        foreach (string part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] halves = part.Split(':', 2);
            string name = ComparisonCase.Choose(halves[0])[0].Name;
            if (halves.Length < 2)
            {
                throw new ArgumentException($"\"{part}\" states no bound; write {name}:throughput>=1");
            }

            bounds.AddRange(halves[1].Split(',').Select(bound => Parse(name, bound)));
        }

        return bounds;
    }

    /// <summary>Whether the ratio keeps to the limit; a ratio that could not be measured does not.</summary>
    public bool Holds(CaseRatios ratios)
    {
        double value = ratios.Named(Ratio);
        return AtLeast ? value >= Limit : value <= Limit;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Case}: {Ratio} {(AtLeast ? ">=" : "<=")} {Limit}");

    private static Bound Parse(string name, string text)
    {
        bool atLeast = text.Contains(">=", StringComparison.Ordinal);
        string[] sides = text.Split(atLeast ? ">=" : "<=", StringSplitOptions.TrimEntries);
        if (sides.Length != 2
            || !double.TryParse(sides[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double limit)
            || sides[0] is not ("throughput" or "cpu" or "p50" or "p99"))
        {
            throw new ArgumentException($"\"{text}\" is no bound; write for example throughput>=3 or p99<=0.4");
        }

        return new Bound(name, sides[0], atLeast, limit);
    }
}
