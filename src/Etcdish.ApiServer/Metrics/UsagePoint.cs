namespace Etcdish.ApiServer.Metrics;

/// <summary>What a node or a container has used up to a time.</summary>
/// <param name="Time">When it was measured.</param>
/// <param name="CpuNanoseconds">Time on processors since it started.</param>
/// <param name="MemoryBytes">The memory that it works with.</param>
internal readonly record struct UsagePoint(DateTimeOffset Time, long CpuNanoseconds, long MemoryBytes)
{
    /// <summary>When it started; null if that was not told.</summary>
    public DateTimeOffset? Start { get; init; }
}

/// <summary>What one node's kubelet told at a time.</summary>
/// <param name="Time">When it was asked, by the clock of who asked.</param>
/// <param name="Node">The node itself; null if that was not told.</param>
/// <param name="Pods">Its pods, by namespace and name, and their containers, by name.</param>
internal sealed record NodeSample(
    DateTimeOffset Time,
    UsagePoint? Node,
    Dictionary<(string Namespace, string Name), SortedDictionary<string, UsagePoint>> Pods);

/// <summary>Two samples of a node, between which usage is told.</summary>
internal sealed record SamplePair(NodeSample Before, NodeSample Now);
