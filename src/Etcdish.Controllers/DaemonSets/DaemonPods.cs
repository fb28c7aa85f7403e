using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.DaemonSets;

/// <summary>Makes the pods of daemon sets, and knows for which node each was made.</summary>
internal static class DaemonPods
{
    /// <summary>The label that holds the hash of a pod's revision.</summary>
    public const string RevisionLabel = "controller-revision-hash";

    private const string GenerationLabel = "pod-template-generation";
    private const string GenerationAnnotation = "deprecated.daemonset.template.generation";
    private const string NodeNameField = "metadata.name";
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";

    private static readonly (string Key, string Effect)[] _endured =
    [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];

    /// <summary>The taints that every daemon lives with, since it serves the node, whatever its state.</summary>
    /// <param name="usesHostNetwork">Whether it uses the node's network, and so needs no other.</param>
    public static IEnumerable<Toleration> OwnTolerations(bool usesHostNetwork)
    {
        var tolerations = _endured.Select(t => new Toleration { Key = t.Key, Operator = "Exists", Effect = t.Effect });
        var network = new Toleration { Key = "node.kubernetes.io/network-unavailable", Operator = "Exists", Effect = "NoSchedule" };
        return usesHostNetwork ? tolerations.Append(network) : tolerations;
    }

    /// <summary>A new pod for a node. It is bound by the scheduler, which may find no other node for it.</summary>
    /// <param name="set">Its set.</param>
    /// <param name="hash">The hash of its revision.</param>
    /// <param name="node">The node's name.</param>
    public static JsonObject Make(DaemonSet set, string hash, string node)
    {
        var pod = set.Spec.Template.MakePod(Resources.DaemonSets, set);
        var metadata = pod["metadata"]!.AsObject();
        var labels = Part(metadata, "labels");
        labels[RevisionLabel] = hash;
        if (set.Metadata.Annotations.TryGetValue(GenerationAnnotation, out var generation))
        {
            labels[GenerationLabel] = generation;
        }

        var spec = pod["spec"]!.AsObject();
        AddTolerations(spec);

        // The terms of the template hold for this node already, and one that could not hold elsewhere says it all.
        Part(Part(spec, "affinity"), "nodeAffinity")[Required] = new JsonObject
        {
            ["nodeSelectorTerms"] = new JsonArray(new JsonObject
            {
                ["matchFields"] = new JsonArray(new JsonObject
                {
                    ["key"] = NodeNameField,
                    ["operator"] = "In",
                    ["values"] = new JsonArray(node),
                }),
            }),
        };
        return pod;
    }

    /// <summary>The node that a pod is on or was made for; null if it says none.</summary>
    public static string? NodeOf(Pod pod)
    {
        if (pod.Spec.NodeName.Length > 0)
        {
            return pod.Spec.NodeName;
        }

        foreach (var term in pod.Spec.Affinity?.NodeAffinity?.Required?.NodeSelectorTerms ?? [])
        {
            foreach (var field in term.MatchFields)
            {
                if (field is { Key: NodeNameField, Operator: "In", Values: [var node] })
                {
                    return node;
                }
            }
        }

        return null;
    }

    /// <summary>Whether a pod is of the revision with this hash.</summary>
    public static bool IsUpdated(Pod pod, string hash) => pod.Metadata.Labels.GetValueOrDefault(RevisionLabel) == hash;

    /// <summary>Orders pods of a node: those that are scheduled first, then the oldest.</summary>
    public static int Compare(Pod one, Pod other)
    {
        var byScheduling = (one.Spec.NodeName.Length == 0).CompareTo(other.Spec.NodeName.Length == 0);
        var byAge = Nullable.Compare(one.Metadata.CreationTimestamp, other.Metadata.CreationTimestamp);
        return byScheduling != 0 ? byScheduling
            : byAge != 0 ? byAge
            : string.CompareOrdinal(one.Metadata.Name, other.Metadata.Name);
    }

    private static void AddTolerations(JsonObject spec)
    {
        if (spec["tolerations"] is not JsonArray tolerations)
        {
            spec["tolerations"] = tolerations = [];
        }

        foreach (var own in OwnTolerations(spec["hostNetwork"]?.GetValue<bool>() ?? false))
        {
            if (!tolerations.Any(there => IsSame(there, own)))
            {
                tolerations.Add(new JsonObject { ["key"] = own.Key, ["operator"] = own.Operator, ["effect"] = own.Effect });
            }
        }
    }

    private static bool IsSame(JsonNode? there, Toleration own) =>
        (string?)there?["key"] == own.Key && (string?)there?["operator"] == own.Operator && (string?)there?["effect"] == own.Effect;

    private static JsonObject Part(JsonObject value, string name)
    {
        if (value[name] is not JsonObject part)
        {
            value[name] = part = [];
        }

        return part;
    }
}
