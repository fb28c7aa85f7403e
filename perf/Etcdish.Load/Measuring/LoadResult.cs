namespace Etcdish.Load.Measuring;

/// <summary>What one run found. Property names are those of the JSON line.</summary>
internal sealed record LoadResult
{
    public required string Workload { get; init; }

    public required string Endpoint { get; init; }

    public required int Connections { get; init; }

    public required int Clients { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Operations that ended well within the measured time; for watch, events delivered.</summary>
    public required long Operations { get; init; }

    public double PerSecond => Operations / Seconds;

    public required double P50Ms { get; init; }

    public required double P99Ms { get; init; }

    public required double P999Ms { get; init; }

    public required double MaxMs { get; init; }

    public required long Errors { get; init; }

    /// <summary>Error texts with their counts.</summary>
    public required IReadOnlyDictionary<string, long> ErrorTexts { get; init; }

    /// <summary>Null when no server process was named.</summary>
    public double? ServerCpuSecondsPer1000 { get; init; }

    public double? ServerResidentMiB { get; init; }

    public required double GeneratorCpuSecondsPer1000 { get; init; }

    /// <summary>Writes acknowledged from the first request to the last, warm-up included.</summary>
    public required long WritesAcknowledged { get; init; }

    /// <summary>How far the store's revision moved meanwhile.</summary>
    public required long RevisionsMoved { get; init; }

    /// <summary>Each acknowledged write moved the revision (exactly, if none failed).</summary>
    public bool WritesVerified =>
        Errors == 0 ? RevisionsMoved == WritesAcknowledged : RevisionsMoved >= WritesAcknowledged;
}
