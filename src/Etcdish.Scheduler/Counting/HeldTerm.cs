using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Counting;

/// <summary>What a term of a placed pod's affinity asks of other pods.</summary>
internal enum HeldKind
{
    /// <summary>Pods that it means must not come near.</summary>
    KeepAway,

    /// <summary>
    /// Pods that it means should come near: it wants them itself, by requirement or preference (or, if negative, does not).
    /// </summary>
    Weigh,
}

/// <summary>
/// A term of affinity that placed pods have, with how many have it in each domain (or how much it weighs there): anti-affinity holds in
/// both directions, so whoever is placed has to mind it.
/// </summary>
/// <param name="kind">What it asks.</param>
/// <param name="pods">The pods it means.</param>
/// <param name="topology">What is near.</param>
internal sealed class HeldTerm(HeldKind kind, PodMatcher pods, Topology topology) : DomainCounts(topology)
{
    public HeldKind Kind { get; } = kind;

    public PodMatcher Pods { get; } = pods;

    /// <summary>The shapes that have it.</summary>
    public int Users { get; set; }

    /// <summary>The version of nodes that it was counted at.</summary>
    public long Version { get; set; }
}
