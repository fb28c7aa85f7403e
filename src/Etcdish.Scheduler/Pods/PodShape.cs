using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Counting;

namespace Etcdish.Scheduler.Pods;

/// <summary>
/// All of a pod that scheduling depends on. Pods that are equal in it share one, and with it all that was found out about them: most pods
/// of a cluster were made from few templates.
/// </summary>
internal sealed class PodShape
{
    public PodShape(Pod pod, LabelClass labels, ResourceNames names)
    {
        var spec = pod.Spec;
        Labels = labels;
        Priority = spec.Priority ?? 0;
        MayPreempt = spec.PreemptionPolicy != "Never";
        Controller = pod.Metadata.Controller;
        Requests = PodRequests.Of(spec, names);
        (NonZeroCpu, NonZeroMemory) = PodRequests.NonZero(spec);
        Ports =
        [
            .. Sidecars(spec).Concat(spec.Containers).SelectMany(c => c.Ports).Where(p => p.HostPort != 0).Select(HostPort.Of).Distinct(),
        ];
        Tolerations = spec.Tolerations;
        NodeSelector = [.. spec.NodeSelector ?? []];
        NodeAffinity = spec.Affinity?.NodeAffinity;
        RequiredAffinity = Terms(spec.Affinity?.PodAffinity?.Required, 1);
        RequiredAntiAffinity = Terms(spec.Affinity?.PodAntiAffinity?.Required, 1);
        PreferredAffinity =
        [
            .. Terms(spec.Affinity?.PodAffinity?.Preferred, 1), .. Terms(spec.Affinity?.PodAntiAffinity?.Preferred, -1),
        ];
        Spread = spec.TopologySpreadConstraints;
        Claims = [.. ClaimsOf(pod)];
        Gates = [.. spec.SchedulingGates.Select(g => g.Name)];
        Images = [.. spec.InitContainers.Concat(spec.Containers).Select(c => ImageTable.Normalize(c.Image))];
    }

    public LabelClass Labels { get; }

    public string Namespace => Labels.Namespace;

    public int Priority { get; }

    /// <summary>Whether others may be evicted for it.</summary>
    public bool MayPreempt { get; }

    public OwnerReference? Controller { get; }

    /// <summary>What it asks for, by resource, without what is zero.</summary>
    public ResourceAmount[] Requests { get; }

    /// <summary>Its cpu where what is not said counts a little, in thousandths.</summary>
    public long NonZeroCpu { get; }

    /// <summary>Its memory where what is not said counts a little.</summary>
    public long NonZeroMemory { get; }

    public HostPort[] Ports { get; }

    public Toleration[] Tolerations { get; }

    /// <summary>Labels that its node must have.</summary>
    public KeyValuePair<string, string>[] NodeSelector { get; }

    public NodeAffinity? NodeAffinity { get; }

    public AffinityTerm[] RequiredAffinity { get; }

    public AffinityTerm[] RequiredAntiAffinity { get; }

    /// <summary>Preferences for and, with negative weight, against the nearness of pods.</summary>
    public AffinityTerm[] PreferredAffinity { get; }

    public TopologySpreadConstraint[] Spread { get; }

    /// <summary>Its claims of volumes, in its namespace.</summary>
    public string[] Claims { get; }

    /// <summary>What must be removed before it is scheduled.</summary>
    public string[] Gates { get; }

    /// <summary>The images of its containers, with tags.</summary>
    public string[] Images { get; }

    /// <summary>What it asks of nodes' labels and names, in one text; empty: nothing.</summary>
    public string NodeText => field ??= PodTexts.OfNodes(this);

    /// <summary>What it tolerates, in one text.</summary>
    public string TolerationText => field ??= PodTexts.OfTolerations(this);

    /// <summary>The pods that are of it.</summary>
    public int Users { get; set; }

    /// <summary>The text it is known by.</summary>
    public string Key { get; set; } = "";

    /// <summary>Its own terms that other pods have to mind, once one of its pods is placed.</summary>
    public (HeldTerm Term, int Weight)[]? Held { get; set; }

    /// <summary>The amount asked for of a resource.</summary>
    public long Request(int resource)
    {
        foreach (var request in Requests)
        {
            if (request.Resource == resource)
            {
                return request.Value;
            }
        }

        return 0;
    }

    /// <summary>Whether node selector and required node affinity allow a node.</summary>
    public bool MayBeOn(Node node)
    {
        foreach (var (key, value) in NodeSelector)
        {
            if (!node.Metadata.Labels.TryGetValue(key, out var there) || there != value)
            {
                return false;
            }
        }

        return NodeAffinity?.Required is not { } required || required.Matches(node);
    }

    /// <summary>Whether it may be on a node in spite of its taints.</summary>
    public bool ToleratesAll(Node node)
    {
        foreach (var taint in node.Spec.Taints)
        {
            if (taint.Effect is "NoSchedule" or "NoExecute" && !Tolerates(taint))
            {
                return false;
            }
        }

        return true;
    }

    public bool Tolerates(Taint taint)
    {
        foreach (var toleration in Tolerations)
        {
            if (toleration.Tolerates(taint))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The claims of a pod, those made for it alone included.</summary>
    public static IEnumerable<string> ClaimsOf(Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes)
        {
            if (volume.PersistentVolumeClaim is { } claim)
            {
                yield return claim.ClaimName;
            }
            else if (volume.Ephemeral is not null)
            {
                yield return $"{pod.Metadata.Name}-{volume.Name}";
            }
        }
    }

    private AffinityTerm[] Terms(PodAffinityTerm[]? terms, int weight) =>
        [.. (terms ?? []).Select(t => new AffinityTerm(PodMatcher.Of(t, Namespace), t.TopologyKey, weight))];

    private AffinityTerm[] Terms(PreferredPodTerm[]? terms, int sign) =>
        [
            .. (terms ?? []).Select(t => new AffinityTerm(
                PodMatcher.Of(t.PodAffinityTerm, Namespace), t.PodAffinityTerm.TopologyKey, sign * t.Weight)),
        ];

    private static IEnumerable<Container> Sidecars(PodSpec spec) => spec.InitContainers.Where(c => c.RestartPolicy == "Always");
}

/// <summary>A term of an affinity.</summary>
/// <param name="Pods">The pods it means.</param>
/// <param name="TopologyKey">The label of nodes whose equal values are near.</param>
/// <param name="Weight">How much a preference counts, negative to be away; 1 if it is required.</param>
internal sealed record AffinityTerm(PodMatcher Pods, string TopologyKey, int Weight);
