using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>What of a pod only the scheduler decides by.</summary>
public sealed partial class PodSpec
{
    /// <summary>Where it must or would rather be, if it says.</summary>
    public Affinity? Affinity { get; set; }

    /// <summary>How pods like it are to be spread.</summary>
    public TopologySpreadConstraint[] TopologySpreadConstraints { get => field ?? []; set; }

    /// <summary>What must be removed before it is scheduled.</summary>
    public SchedulingGate[] SchedulingGates { get => field ?? []; set; }

    /// <summary>What its runtime needs besides its containers.</summary>
    public Dictionary<string, Quantity>? Overhead { get; set; }

    /// <summary>What the pod needs as a whole.</summary>
    public ResourceRequirements? Resources { get; set; }

    /// <summary>Never: others are not evicted for it.</summary>
    public string PreemptionPolicy { get; set; } = "";
}

/// <summary>A name that keeps a pod from being scheduled.</summary>
public sealed class SchedulingGate
{
    /// <summary>The name.</summary>
    public string Name { get; set; } = "";
}

/// <summary>Where a pod must or would rather be.</summary>
public sealed class Affinity
{
    /// <summary>By properties of nodes.</summary>
    public NodeAffinity? NodeAffinity { get; set; }

    /// <summary>Near other pods.</summary>
    public PodAffinity? PodAffinity { get; set; }

    /// <summary>Away from other pods.</summary>
    public PodAffinity? PodAntiAffinity { get; set; }
}

/// <summary>Where a pod must or would rather be, by properties of nodes.</summary>
public sealed class NodeAffinity
{
    /// <summary>Where it must be.</summary>
    [JsonPropertyName("requiredDuringSchedulingIgnoredDuringExecution")]
    public NodeSelector? Required { get; set; }

    /// <summary>Where it would rather be.</summary>
    [JsonPropertyName("preferredDuringSchedulingIgnoredDuringExecution")]
    public PreferredNodeTerm[] Preferred { get => field ?? []; set; }
}

/// <summary>Nodes, by terms of which one must hold.</summary>
public sealed class NodeSelector
{
    /// <summary>The terms.</summary>
    public NodeSelectorTerm[] NodeSelectorTerms { get => field ?? []; set; }

    /// <summary>Whether a node is selected.</summary>
    public bool Matches(Node node) => Array.Exists(NodeSelectorTerms, term => term.Matches(node));
}

/// <summary>Nodes that a pod would rather be on.</summary>
public sealed class PreferredNodeTerm
{
    /// <summary>How much rather, 1 to 100.</summary>
    public int Weight { get; set; }

    /// <summary>Which nodes.</summary>
    public NodeSelectorTerm Preference { get => field ??= new(); set; }
}

/// <summary>Nodes, by requirements that must all hold. Without any, none.</summary>
public sealed class NodeSelectorTerm
{
    /// <summary>Requirements of labels.</summary>
    public NodeRequirement[] MatchExpressions { get => field ?? []; set; }

    /// <summary>Requirements of fields; there is one, <c>metadata.name</c>.</summary>
    public NodeRequirement[] MatchFields { get => field ?? []; set; }

    /// <summary>Whether a node is selected.</summary>
    public bool Matches(Node node)
    {
        foreach (var requirement in MatchExpressions)
        {
            if (!requirement.Matches(node.Metadata.Labels.GetValueOrDefault(requirement.Key)))
            {
                return false;
            }
        }

        foreach (var requirement in MatchFields)
        {
            if (requirement.Key != "metadata.name" || !requirement.Matches(node.Metadata.Name))
            {
                return false;
            }
        }

        return MatchExpressions.Length + MatchFields.Length > 0;
    }
}

/// <summary>A requirement of a label or field of a node.</summary>
public sealed class NodeRequirement
{
    /// <summary>The label.</summary>
    public string Key { get; set; } = "";

    /// <summary>In, NotIn, Exists, DoesNotExist, Gt or Lt.</summary>
    public string Operator { get; set; } = "";

    /// <summary>The values.</summary>
    public string[] Values { get => field ?? []; set; }

    /// <summary>Whether a value meets it.</summary>
    /// <param name="value">The value; null: there is none.</param>
    public bool Matches(string? value) => Operator switch
    {
        "In" => value is not null && Array.IndexOf(Values, value) >= 0,
        "NotIn" => value is null || Array.IndexOf(Values, value) < 0,
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Compare(value) is > 0,
        "Lt" => Compare(value) is < 0,
        _ => false,
    };

    private int? Compare(string? value) =>
        Values.Length == 1 && long.TryParse(value, out var there) && long.TryParse(Values[0], out var bound) ? there.CompareTo(bound) : null;
}

/// <summary>Where a pod must or would rather be, or not be, by other pods.</summary>
public sealed class PodAffinity
{
    /// <summary>What must hold.</summary>
    [JsonPropertyName("requiredDuringSchedulingIgnoredDuringExecution")]
    public PodAffinityTerm[] Required { get => field ?? []; set; }

    /// <summary>What should hold.</summary>
    [JsonPropertyName("preferredDuringSchedulingIgnoredDuringExecution")]
    public PreferredPodTerm[] Preferred { get => field ?? []; set; }
}

/// <summary>Pods that a pod would rather be near to, or away from.</summary>
public sealed class PreferredPodTerm
{
    /// <summary>How much rather, 1 to 100.</summary>
    public int Weight { get; set; }

    /// <summary>Which pods, and what is near.</summary>
    public PodAffinityTerm PodAffinityTerm { get => field ??= new(); set; }
}

/// <summary>Other pods, and what it is to be near to them.</summary>
public sealed class PodAffinityTerm
{
    /// <summary>The pods, by labels.</summary>
    public LabelSelector LabelSelector { get; set; } = LabelSelector.Nothing;

    /// <summary>Their namespaces; with no selector of namespaces either, the pod's own.</summary>
    public string[] Namespaces { get => field ?? []; set; }

    /// <summary>Their namespaces, by labels.</summary>
    public LabelSelector? NamespaceSelector { get; set; }

    /// <summary>The label of nodes whose equal values are near.</summary>
    public string TopologyKey { get; set; } = "";
}

/// <summary>How pods are to be spread over nodes.</summary>
public sealed class TopologySpreadConstraint
{
    /// <summary>By how many pods the parts may differ.</summary>
    public int MaxSkew { get; set; } = 1;

    /// <summary>The label of nodes that parts them.</summary>
    public string TopologyKey { get; set; } = "";

    /// <summary>DoNotSchedule or ScheduleAnyway.</summary>
    public string WhenUnsatisfiable { get; set; } = "";

    /// <summary>The pods that count, by labels.</summary>
    public LabelSelector LabelSelector { get; set; } = LabelSelector.Nothing;

    /// <summary>With fewer parts than this, an empty one is taken to exist.</summary>
    public int? MinDomains { get; set; }

    /// <summary>Honor (also if empty): nodes that the pod may not be on do not count.</summary>
    public string NodeAffinityPolicy { get; set; } = "";

    /// <summary>Honor: nodes whose taints the pod does not tolerate do not count.</summary>
    public string NodeTaintsPolicy { get; set; } = "";

    /// <summary>Labels of the pod that those that count must share.</summary>
    public string[] MatchLabelKeys { get => field ?? []; set; }
}
