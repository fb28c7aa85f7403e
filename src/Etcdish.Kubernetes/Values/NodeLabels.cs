namespace Etcdish.Kubernetes;

/// <summary>Which labels a kubelet may give its own node: none by which it could draw to itself what is meant for others.</summary>
public static class NodeLabels
{
    private const string Restricted = "node-restriction.kubernetes.io";

    private static readonly string[] _kubeletDomains = ["kubelet.kubernetes.io", "node.kubernetes.io"];

    private static readonly HashSet<string> _kubeletLabels = new(StringComparer.Ordinal)
    {
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch",
        "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
        "node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
    };

    /// <summary>
    /// Whether a kubelet may set, change or remove a label of its node: all that are not Kubernetes' own, and of those the ones that are
    /// meant for kubelets.
    /// </summary>
    /// <param name="label">The label's key.</param>
    public static bool IsForKubelets(string label)
    {
        var slash = label.IndexOf('/', StringComparison.Ordinal);
        var domain = slash < 0 ? "" : label[..slash];
        return !IsWithin(domain, Restricted)
            && ((!IsWithin(domain, "kubernetes.io") && !IsWithin(domain, "k8s.io"))
                || _kubeletLabels.Contains(label)
                || Array.Exists(_kubeletDomains, own => IsWithin(domain, own)));
    }

    private static bool IsWithin(string domain, string parent) => domain.EndsWith(parent, StringComparison.Ordinal)
        && (domain.Length == parent.Length || domain[^(parent.Length + 1)] == '.');
}
