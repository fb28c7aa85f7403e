using Etcdish.Load.Workloads;

namespace Etcdish.Load.Comparing;

/// <summary>One row of the comparison.</summary>
/// <param name="Name">How reports and bounds call it.</param>
/// <param name="Workload">What the clients do.</param>
/// <param name="Connections">Connections.</param>
/// <param name="Clients">Requests in flight per connection.</param>
/// <param name="Watchers">Watchers, for watch.</param>
internal sealed record ComparisonCase(string Name, WorkloadKind Workload, int Connections, int Clients, int Watchers = 1)
{
    public static IReadOnlyList<ComparisonCase> All { get; } =
    [
        new("put-10x10", WorkloadKind.Put, 10, 10),
        new("put-1x1", WorkloadKind.Put, 1, 1),
        new("put-100x10", WorkloadKind.Put, 100, 10),
        new("put-1x100", WorkloadKind.Put, 1, 100),
        new("range-10x10", WorkloadKind.Range, 10, 10),
        new("srange-100x10", WorkloadKind.SerializableRange, 100, 10),
        new("txn-10x10", WorkloadKind.Txn, 10, 10),
        new("watch-1000", WorkloadKind.Watch, 10, 10, 1_000),
        new("watch-10000", WorkloadKind.Watch, 10, 10, 10_000),
        new("keepalive-10x10", WorkloadKind.LeaseKeepAlive, 10, 10),
    ];

    /// <summary>The cases of these names, comma-separated; null = all.</summary>
    /// <exception cref="ArgumentException">There is no such case.</exception>
    public static IReadOnlyList<ComparisonCase> Choose(string? names) => names is null
        ? All
        : [.. names.Split(',', StringSplitOptions.TrimEntries).Select(Find)];

    private static ComparisonCase Find(string name) => All.FirstOrDefault(candidate => candidate.Name == name)
        ?? throw new ArgumentException($"no case \"{name}\"; there are {string.Join(", ", All.Select(known => known.Name))}");
}
