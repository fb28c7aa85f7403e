using Etcdish.Scheduler.Cluster;

namespace Etcdish.Scheduler.Cycle;

/// <summary>Why a pod found no node, and what users read of it.</summary>
internal sealed class Diagnosis
{
    /// <summary>There is no node at all.</summary>
    public static Diagnosis NoNodes { get; } = new(0, "", [], null);

    private readonly string _forAll;
    private readonly (Rejection Why, int Count)[] _reasons;

    private Diagnosis(int nodes, string forAll, (Rejection, int)[] reasons, List<NodeState>? resolvable)
    {
        Nodes = nodes;
        _forAll = forAll;
        _reasons = reasons;
        Resolvable = resolvable ?? [];
        foreach (var (why, _) in reasons)
        {
            RejectedBy |= why.Plugin;
        }
    }

    /// <summary>How many nodes there are.</summary>
    public int Nodes { get; }

    /// <summary>Who kept the pod from a node.</summary>
    public Plugin RejectedBy { get; private init; }

    /// <summary>Nodes that could take it if pods on them gave way.</summary>
    public IReadOnlyList<NodeState> Resolvable { get; }

    /// <summary>Something is the matter with the pod, whatever the node.</summary>
    public static Diagnosis OfAll(int nodes, Rejection why) => new(nodes, string.Join(", ", why.Reasons), [(why, nodes)], null);

    /// <summary>Why each of the nodes cannot take it.</summary>
    /// <param name="nodes">How many nodes there are.</param>
    /// <param name="reasons">Why not, with how many nodes.</param>
    /// <param name="resolvable">Those nodes where it could be changed by evicting pods.</param>
    public static Diagnosis OfEach(int nodes, Dictionary<Rejection, int> reasons, List<NodeState> resolvable) =>
        new(nodes, "", [.. reasons.Select(r => (r.Key, r.Value))], resolvable);

    /// <summary>What users read.</summary>
    /// <param name="preemption">What came of looking for pods that could give way; empty: nothing was looked for.</param>
    public string Message(string preemption = "")
    {
        if (Nodes == 0)
        {
            return "no nodes available to schedule pods";
        }

        var reasons = _forAll.Length > 0 ? _forAll : Histogram();
        var why = reasons.Length > 0 ? $" {reasons}." : "";
        var rest = preemption.Length > 0 ? $" preemption: {preemption}" : "";
        return $"0/{Nodes} nodes are available:{why}{rest}";
    }

    private string Histogram()
    {
        SortedDictionary<string, int> counts = new(StringComparer.Ordinal);
        foreach (var (why, count) in _reasons)
        {
            foreach (var reason in why.Reasons)
            {
                counts[reason] = counts.GetValueOrDefault(reason) + count;
            }
        }

        return string.Join(", ", counts.Select(c => $"{c.Value} {c.Key}").Order(StringComparer.Ordinal));
    }
}
