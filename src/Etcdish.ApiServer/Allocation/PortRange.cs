namespace Etcdish.ApiServer.Allocation;

/// <summary>A range of ports of nodes, both ends included.</summary>
/// <param name="First">The first port.</param>
/// <param name="Last">The last port.</param>
internal readonly record struct PortRange(int First, int Last)
{
    private const int MinBand = 16;
    private const int MaxBand = 128;
    private const int BandShare = 32;

    public int Count => Last - First + 1;

    /// <summary>The first of the ports that are given out: those before it are left to those who ask for a certain one.</summary>
    public int FirstDynamic => First + Math.Min(Count / 2, Math.Min(Math.Max(MinBand, Count / BandShare), MaxBand));

    /// <summary>Reads a range such as <c>30000-32767</c>.</summary>
    /// <exception cref="ArgumentException">The text is none.</exception>
    public static PortRange Parse(string text)
    {
        var parts = text.Split('-');
        return parts.Length == 2 && int.TryParse(parts[0], out var first) && int.TryParse(parts[1], out var last)
            && first >= 1 && last <= ushort.MaxValue && first <= last
            ? new PortRange(first, last)
            : throw new ArgumentException($"\"{text}\" is no range of ports, such as 30000-32767");
    }

    public bool Contains(long port) => port >= First && port <= Last;

    /// <inheritdoc/>
    public override string ToString() => $"{First}-{Last}";
}
