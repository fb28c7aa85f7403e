namespace Etcdish.Checkers.Tests;

/// <summary>What a generated history holds. Rates are probabilities per operation.</summary>
internal sealed record GeneratorOptions
{
    public int Clients { get; init; } = 5;

    public int Operations { get; init; } = 120;

    public int Keys { get; init; } = 6;

    public int Watchers { get; init; } = 3;

    public bool Leases { get; init; } = true;

    public bool Compactions { get; init; } = true;

    public bool HistoricReads { get; init; } = true;

    public double UnknownRate { get; init; } = 0.08;

    public double RefusedRate { get; init; } = 0.05;

    /// <summary>What the search for a linearization can take.</summary>
    public static GeneratorOptions Short { get; } = new()
    {
        Clients = 4,
        Operations = 11,
        Keys = 2,
        Watchers = 0,
        Leases = false,
        Compactions = false,
        UnknownRate = 0.15,
    };
}
