using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Policies;

/// <summary>
/// A policy as chains and sets. These are in the table only while a pod of this node is selected: see <see cref="Uses"/>.
/// </summary>
internal sealed class CompiledPolicy
{
    private const int LongestComment = 120;
    private readonly NetworkPolicy _policy;

    /// <summary>Makes one.</summary>
    /// <param name="number">Names its chains and sets.</param>
    /// <param name="policy">The policy.</param>
    public CompiledPolicy(long number, NetworkPolicy policy)
    {
        _policy = policy;
        Number = number;
        var (ns, spec) = (policy.Metadata.Namespace, policy.Spec);
        Ingress = [.. spec.Ingress.Select((rule, i) => new PolicyRule($"{IngressChain}{i}", ns, isEgress: false, rule.From, rule.Ports))];
        Egress = [.. spec.Egress.Select((rule, i) => new PolicyRule($"{EgressChain}{i}", ns, isEgress: true, rule.To, rule.Ports))];
        IsWide = Rules.Any(rule => rule.IsWide);
    }

    /// <summary>Tells it from others, also from those that it comes in place of.</summary>
    public long Number { get; }

    /// <summary>Which.</summary>
    public ObjectKey Key => _policy.Key;

    /// <summary>Whether it is of what reaches pods.</summary>
    public bool IsIngress => _policy.Spec.IsIngress;

    /// <summary>Whether it is of what pods reach.</summary>
    public bool IsEgress => _policy.Spec.IsEgress;

    /// <summary>Whether pods of other namespaces may be in its sets.</summary>
    public bool IsWide { get; }

    /// <summary>How many pods of this node it is for.</summary>
    public int Uses { get; set; }

    /// <summary>Whether it is in the table.</summary>
    public bool IsActive { get; set; }

    /// <summary>The chain that accepts what it lets in.</summary>
    public string IngressChain => $"p{Number}-in";

    /// <summary>The chain that accepts what it lets out.</summary>
    public string EgressChain => $"p{Number}-out";

    /// <summary>Its name, as a comment.</summary>
    public string Comment =>
        $"comment \"{(Key.ToString() is { Length: > LongestComment } name ? name[..LongestComment] : Key.ToString())}\";";

    /// <summary>Its rules of what reaches pods.</summary>
    public PolicyRule[] Ingress { get => IsIngress ? field : []; }

    /// <summary>Its rules of what pods reach.</summary>
    public PolicyRule[] Egress { get => IsEgress ? field : []; }

    /// <summary>All its rules.</summary>
    public IEnumerable<PolicyRule> Rules => Ingress.Concat(Egress);

    /// <summary>Whether pods of another namespace than its own may be in its sets, by the labels of that.</summary>
    public bool Concerns(IReadOnlyDictionary<string, string> namespaceLabels) => Rules.Any(rule => rule.Concerns(namespaceLabels));

    /// <summary>Whether it is for a pod.</summary>
    public bool Selects(PolicyPod pod) => pod.Key.Namespace == Key.Namespace && _policy.Spec.PodSelector.Matches(pod.Labels);
}
