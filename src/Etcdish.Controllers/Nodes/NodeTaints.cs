using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Nodes;

/// <summary>The taints that say how a node is.</summary>
internal static class NodeTaints
{
    public const string NotReady = "node.kubernetes.io/not-ready";
    public const string Unreachable = "node.kubernetes.io/unreachable";
    public const string OutOfService = "node.kubernetes.io/out-of-service";
    public const string NoSchedule = "NoSchedule";
    public const string NoExecute = "NoExecute";

    private const string Unschedulable = "node.kubernetes.io/unschedulable";

    private static readonly (string Condition, string Status, string Key)[] _byCondition =
    [
        ("Ready", "False", NotReady),
        ("Ready", "Unknown", Unreachable),
        ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
        ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
        ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ];

    /// <summary>
    /// The taints that a node should have by its conditions, so that nothing new is scheduled to it; null if it has just these.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="now">The time of new taints.</param>
    public static Taint[]? OfConditions(Node node, DateTimeOffset now)
    {
        List<string> wanted = [];
        foreach (var (condition, status, key) in _byCondition)
        {
            if (node.Status.Find(condition) is { } found && found.Status == status)
            {
                wanted.Add(key);
            }
        }

        if (node.Spec.Unschedulable)
        {
            wanted.Add(Unschedulable);
        }

        return Replace(
            node.Spec.Taints,
            taint => taint.Effect == NoSchedule && (taint.Key == Unschedulable || Array.Exists(_byCondition, row => row.Key == taint.Key)),
            wanted,
            NoSchedule,
            now);
    }

    /// <summary>
    /// The taints of a node that is to drive pods away, or no longer; null if it has just these. A node that is not ready and one that
    /// cannot be reached are never said at once.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="key">The one it is to have, or null.</param>
    /// <param name="now">The time of a new taint.</param>
    public static Taint[]? Driving(Node node, string? key, DateTimeOffset now) => Replace(
        node.Spec.Taints,
        taint => taint.Effect == NoExecute && taint.Key is (NotReady or Unreachable),
        key is null ? [] : [key],
        NoExecute,
        now);

    /// <summary>Whether a node has the taint that drives pods away.</summary>
    public static bool Drives(Node node, string key) =>
        Array.Exists(node.Spec.Taints, taint => taint.Key == key && taint.Effect == NoExecute);

    /// <summary>Writes the taints of a node, if it still is as it was read.</summary>
    public static Task<Node> WriteAsync(KubernetesClient client, Node node, Taint[] taints, CancellationToken cancellation)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node.Metadata.ResourceVersion, ["uid"] = node.Metadata.Uid },
            ["spec"] = new JsonObject { ["taints"] = taints.Length == 0 ? null : new JsonArray([.. taints.Select(ToJson)]) },
        };
        return client.PatchAsync(Resources.Nodes, "", node.Metadata.Name, patch, PatchKind.Merge, "", cancellation);
    }

    private static Taint[]? Replace(Taint[] taints, Func<Taint, bool> isOurs, List<string> wanted, string effect, DateTimeOffset now)
    {
        if (taints.Length == 0 && wanted.Count == 0)
        {
            return null;
        }

        var ours = taints.Where(isOurs).Select(taint => taint.Key).ToHashSet();
        if (ours.SetEquals(wanted))
        {
            return null;
        }

        return
        [
            .. taints.Where(taint => !isOurs(taint) || wanted.Contains(taint.Key)),
            .. wanted.Where(key => !ours.Contains(key)).Select(key => new Taint { Key = key, Effect = effect, TimeAdded = now }),
        ];
    }

    private static JsonNode ToJson(Taint taint)
    {
        var result = new JsonObject { ["key"] = taint.Key, ["effect"] = taint.Effect };
        if (taint.Value.Length > 0)
        {
            result["value"] = taint.Value;
        }

        if (taint.TimeAdded is { } time)
        {
            result["timeAdded"] = TimeText.Format(time);
        }

        return result;
    }
}
