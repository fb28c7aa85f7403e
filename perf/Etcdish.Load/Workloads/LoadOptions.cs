namespace Etcdish.Load.Workloads;

/// <summary>One run of the generator.</summary>
internal sealed record LoadOptions
{
    /// <summary>The members of one store; connection i goes to the (i mod n)th.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    public required WorkloadKind Workload { get; init; }

    public int Connections { get; init; } = 10;

    /// <summary>Requests in flight per connection.</summary>
    public int Clients { get; init; } = 10;

    /// <summary>Bytes.</summary>
    public int KeySize { get; init; } = 8;

    /// <summary>Bytes.</summary>
    public int ValueSize { get; init; } = 256;

    /// <summary>Number of different keys.</summary>
    public int KeySpace { get; init; } = 10_000;

    public KeyDistribution Distribution { get; init; } = KeyDistribution.Uniform;

    /// <summary>Measured time, unless <see cref="Total"/> is set.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Operations to do instead of a time; 0 = go by time.</summary>
    public long Total { get; init; }

    /// <summary>Time before measuring begins.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Puts in one transaction.</summary>
    public int TxnPuts { get; init; } = 1;

    /// <summary>Share of reads in the mixed workload, 0..1.</summary>
    public double ReadShare { get; init; } = 0.8;

    /// <summary>Watchers of the watch workload, spread evenly over all streams.</summary>
    public int Watchers { get; init; } = 1_000;

    /// <summary>Processes whose CPU time and memory are to be reported, added up.</summary>
    public IReadOnlyList<int> ServerPids { get; init; } = [];

    /// <summary>Seed of the choice of keys.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The member that a connection goes to.</summary>
    public Uri EndpointOf(int connection) => Endpoints[connection % Endpoints.Count];

    /// <exception cref="ArgumentException">A figure is out of its range.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Connections, 1, nameof(Connections));
        ArgumentOutOfRangeException.ThrowIfLessThan(Clients, 1, nameof(Clients));
        ArgumentOutOfRangeException.ThrowIfLessThan(KeySpace, 1, nameof(KeySpace));
        ArgumentOutOfRangeException.ThrowIfNegative(ValueSize, nameof(ValueSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(TxnPuts, 1, nameof(TxnPuts));
        ArgumentOutOfRangeException.ThrowIfLessThan(Watchers, 1, nameof(Watchers));
        if (KeySize < 1 || (KeySize < 10 && Math.Pow(10, KeySize) < KeySpace))
        {
            throw new ArgumentException($"keys of {KeySize} digits cannot tell {KeySpace} keys apart");
        }

        if (TxnPuts > KeySpace)
        {
            throw new ArgumentException($"a transaction of {TxnPuts} puts needs as many different keys, and there are {KeySpace}");
        }

        if (ReadShare is < 0 or > 1)
        {
            throw new ArgumentException("the share of reads lies between 0 and 1");
        }

        if (Endpoints.Count == 0 || Endpoints.Any(endpoint => endpoint.Scheme != "http"))
        {
            throw new ArgumentException("the generator speaks HTTP/2 in clear text only: give http:// endpoints");
        }
    }
}

/// <summary>What the clients do.</summary>
internal enum WorkloadKind
{
    Put,
    Range,
    SerializableRange,
    Txn,
    Mixed,
    Watch,
    LeaseKeepAlive,
}

/// <summary>How keys are chosen.</summary>
internal enum KeyDistribution
{
    Uniform,
    Zipf,
    Sequential,
}
