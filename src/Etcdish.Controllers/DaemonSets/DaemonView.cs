using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.DaemonSets;

/// <summary>
/// A daemon set, its pods by node, and the nodes, at one moment: put together once, in time that grows with nodes and pods, and looked at
/// by all who decide.
/// </summary>
internal sealed class DaemonView
{
    private readonly Dictionary<string, List<Pod>> _pods;
    private readonly Dictionary<string, (bool ShouldRun, bool MayStay)> _judged;

    /// <summary>Puts it together.</summary>
    /// <param name="set">The set.</param>
    /// <param name="hash">The hash of its newest revision.</param>
    /// <param name="nodes">All nodes.</param>
    /// <param name="pods">All pods of the set.</param>
    /// <param name="now">The time.</param>
    public DaemonView(DaemonSet set, string hash, IReadOnlyList<Node> nodes, IReadOnlyList<Pod> pods, DateTimeOffset now)
    {
        Set = set;
        Hash = hash;
        Now = now;
        _pods = new(pods.Count);
        _judged = new(nodes.Count);
        foreach (var pod in pods)
        {
            // One that has ended and is being deleted is as good as gone; its finalizers must not hold up the next.
            if (DaemonPods.NodeOf(pod) is { } node && !(pod.IsFinished && pod.Metadata.IsBeingDeleted))
            {
                (_pods.TryGetValue(node, out var there) ? there : _pods[node] = []).Add(pod);
            }
        }

        foreach (var there in _pods.Values)
        {
            if (there.Count > 1)
            {
                there.Sort(DaemonPods.Compare);
            }
        }

        var placement = DaemonPlacement.Of(set.Spec.Template);
        foreach (var node in nodes)
        {
            var judgement = placement.Judge(node);
            _judged[node.Metadata.Name] = judgement;
            DesiredCount += judgement.ShouldRun ? 1 : 0;
        }

        Nodes = [.. _judged.Keys];
        Nodes.Sort(string.CompareOrdinal);
    }

    /// <summary>The set.</summary>
    public DaemonSet Set { get; }

    /// <summary>The hash of its newest revision.</summary>
    public string Hash { get; }

    /// <summary>The time.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>The names of all nodes, in order.</summary>
    public List<string> Nodes { get; }

    /// <summary>How many nodes are to have a pod.</summary>
    public int DesiredCount { get; }

    /// <summary>How long until a pod that is ready becomes available, if any does.</summary>
    public TimeSpan? NextAvailable { get; private set; }

    /// <summary>The pods on a node or made for it: those that are scheduled first, then the oldest.</summary>
    public List<Pod> On(string node) => _pods.TryGetValue(node, out var pods) ? pods : [];

    /// <summary>Whether a node is to have a pod.</summary>
    public bool ShouldRun(string node) => _judged.TryGetValue(node, out var judgement) && judgement.ShouldRun;

    /// <summary>Whether a pod that is on a node may stay.</summary>
    public bool MayStay(string node) => _judged.TryGetValue(node, out var judgement) && judgement.MayStay;

    /// <summary>Whether a pod has taken requests for long enough.</summary>
    public bool IsAvailable(Pod pod)
    {
        if (pod.IsAvailable(Set.Spec.MinReadySeconds, Now))
        {
            return true;
        }

        if (pod.Status.Find("Ready") is { IsTrue: true, LastTransitionTime: { } since })
        {
            var left = since + TimeSpan.FromSeconds(Set.Spec.MinReadySeconds) - Now;
            NextAvailable = NextAvailable is { } sooner && sooner < left ? sooner : left;
        }

        return false;
    }

    /// <summary>Pods that no scheduler will ever place, since their node is gone.</summary>
    public List<Pod> Stranded()
    {
        List<Pod> stranded = [];
        foreach (var (node, pods) in _pods)
        {
            if (!_judged.ContainsKey(node))
            {
                stranded.AddRange(pods.Where(pod => pod.Spec.NodeName.Length == 0 && !pod.Metadata.IsBeingDeleted));
            }
        }

        return stranded;
    }
}
