using System.Globalization;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Eviction;

/// <summary>Below which rest of something pods are evicted: an amount, or percents of all that there is.</summary>
/// <param name="Signal">What is measured, such as <c>memory.available</c>.</param>
/// <param name="Amount">The amount; null: see <paramref name="Percent"/>.</param>
/// <param name="Percent">Percents of the capacity.</param>
internal sealed record EvictionThreshold(string Signal, Quantity? Amount, double Percent)
{
    public const string Memory = "memory.available";
    public const string NodeDisk = "nodefs.available";
    public const string NodeInodes = "nodefs.inodesFree";
    public const string ImageDisk = "imagefs.available";
    public const string ImageInodes = "imagefs.inodesFree";
    public const string Processes = "pid.available";

    private static readonly string[] _signals = [Memory, NodeDisk, NodeInodes, ImageDisk, ImageInodes, Processes];

    /// <summary>What pods are asked for that is short: the name of a resource.</summary>
    public string Resource => Signal switch
    {
        Memory => "memory",
        NodeDisk or ImageDisk => "ephemeral-storage",
        Processes => "pids",
        _ => "inodes",
    };

    /// <summary>Reads a list such as <c>memory.available&lt;100Mi,nodefs.available&lt;10%</c>; 0 and 0% switch a signal off.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static IReadOnlyList<EvictionThreshold> Parse(string text)
    {
        List<EvictionThreshold> list = [];
        foreach (var item in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var sides = item.Split('<');
            if (sides.Length != 2 || !_signals.Contains(sides[0]))
            {
                throw new ArgumentException(
                    $"\"{item}\" is no threshold such as memory.available<100Mi; signals are {string.Join(", ", _signals)}");
            }

            if (list.Exists(known => known.Signal == sides[0]))
            {
                throw new ArgumentException($"there are two thresholds for {sides[0]}");
            }

            list.Add(ParseValue(sides[0], sides[1]));
        }

        return [.. list.Where(threshold => threshold.Amount is { IsZero: false } || threshold.Percent > 0)];
    }

    /// <summary>The amount below which it is met.</summary>
    public Quantity Of(long capacity) => Amount ?? new Quantity((long)(capacity * Percent / 100), Format);

    /// <summary>How amounts of it are written.</summary>
    public QuantityFormat Format => Resource is "pids" or "inodes" ? QuantityFormat.DecimalSI : QuantityFormat.BinarySI;

    /// <summary>Whether it is met.</summary>
    public bool IsMet(Observation observed) => new Quantity(observed.Available, Format) < Of(observed.Capacity);

    private static EvictionThreshold ParseValue(string signal, string value)
    {
        if (value.EndsWith('%') && double.TryParse(value[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out var percent)
            && percent is >= 0 and < 100)
        {
            return new EvictionThreshold(signal, null, percent);
        }

        return Quantity.TryParse(value, out var amount) && amount.Sign >= 0
            ? new EvictionThreshold(signal, amount, 0)
            : throw new ArgumentException($"\"{value}\" of {signal} is neither an amount nor percents below 100");
    }
}

/// <summary>What is left of something, and how much there is.</summary>
internal readonly record struct Observation(long Available, long Capacity);
