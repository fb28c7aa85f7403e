using System.Globalization;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>
/// Which pods go first when there are too many: those without a node, pending, not ready, cheap to delete by their annotation, on a node with
/// many of their like, ready for a short time, restarted often, young. Of times only the order of magnitude counts, so that a set does not
/// lose all pods of one roll-out before any of another.
/// </summary>
/// <param name="related">Pods of the same purpose, which a node should not have all of.</param>
/// <param name="now">The time.</param>
internal sealed class DeletionOrder(IEnumerable<Pod> related, DateTimeOffset now) : IComparer<Pod>
{
    private const string CostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

    private readonly Dictionary<string, int> _onNode = related
        .Where(pod => pod.IsActive && pod.Spec.NodeName.Length > 0)
        .CountBy(pod => pod.Spec.NodeName)
        .ToDictionary(node => node.Key, node => node.Value);

    /// <summary>Those of <paramref name="pods"/> that are to go.</summary>
    public IReadOnlyList<Pod> First(IReadOnlyList<Pod> pods, int count) =>
        count >= pods.Count ? pods : [.. pods.Order(this).Take(count)];

    /// <inheritdoc/>
    public int Compare(Pod? x, Pod? y)
    {
        var (a, b) = (x!, y!);
        int order;
        if ((order = IsAssigned(a).CompareTo(IsAssigned(b))) != 0
            || (order = PhaseRank(a).CompareTo(PhaseRank(b))) != 0
            || (order = a.IsReady.CompareTo(b.IsReady)) != 0
            || (order = Cost(a).CompareTo(Cost(b))) != 0
            || (order = Colocated(b).CompareTo(Colocated(a))) != 0)
        {
            return order;
        }

        if (a.IsReady && (order = Magnitude(ReadySince(a)).CompareTo(Magnitude(ReadySince(b)))) != 0)
        {
            return order;
        }

        return (order = Restarts(b, sidecars: false).CompareTo(Restarts(a, sidecars: false))) != 0
            || (order = Restarts(b, sidecars: true).CompareTo(Restarts(a, sidecars: true))) != 0
            || (order = Magnitude(a.Metadata.CreationTimestamp).CompareTo(Magnitude(b.Metadata.CreationTimestamp))) != 0
                ? order
                : string.CompareOrdinal(a.Metadata.Uid, b.Metadata.Uid);
    }

    private static bool IsAssigned(Pod pod) => pod.Spec.NodeName.Length > 0;

    private static int PhaseRank(Pod pod) => pod.Status.Phase switch
    {
        "" or "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    };

    private static int Cost(Pod pod) =>
        pod.Metadata.Annotations.TryGetValue(CostAnnotation, out var text)
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost)
            ? cost
            : 0;

    private static DateTimeOffset? ReadySince(Pod pod) => pod.Status.Find("Ready")?.LastTransitionTime;

    /// <summary>The most restarts of any one container.</summary>
    private static int Restarts(Pod pod, bool sidecars)
    {
        var most = 0;
        foreach (var container in sidecars ? pod.Status.InitContainerStatuses : pod.Status.ContainerStatuses)
        {
            if (!sidecars || Array.Exists(pod.Spec.InitContainers, c => c.Name == container.Name && c.RestartPolicy == "Always"))
            {
                most = Math.Max(most, container.RestartCount);
            }
        }

        return most;
    }

    private int Colocated(Pod pod) => _onNode.GetValueOrDefault(pod.Spec.NodeName);

    private int Magnitude(DateTimeOffset? since) => since is { } time && now > time ? (int)Math.Log2((now - time).TotalNanoseconds) : -1;
}
