namespace Etcdish.Controllers.Accounts;

/// <summary>What the cluster's own signers ask of a request.</summary>
internal static class SignerRules
{
    public const string Client = "kubernetes.io/kube-apiserver-client";
    public const string KubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";
    public const string KubeletServing = "kubernetes.io/kubelet-serving";

    public const string NodesGroup = "system:nodes";
    public const string NodePrefix = "system:node:";

    /// <summary>Whether a signer is one of ours.</summary>
    public static bool IsOurs(string signer) => signer is Client or KubeletClient or KubeletServing;

    /// <summary>What forbids a certificate, in the words of Kubernetes; null for nothing.</summary>
    public static string? FindFault(string signer, AskedCertificate asked, string[] usages) => signer switch
    {
        Client => FindClientFault(usages),
        KubeletClient => FindKubeletClientFault(asked, usages),
        KubeletServing => FindKubeletServingFault(asked, usages),
        _ => throw new ArgumentException($"{signer} is no signer of this cluster"),
    };

    private static string? FindClientFault(string[] usages)
    {
        var other = Array.Find(usages, usage => usage is not ("digital signature" or "key encipherment" or "client auth"));
        return other is not null ? $"invalid usage for client certificate: {other}"
            : usages.Contains("client auth") ? null : "missing required usage for client certificate: client auth";
    }

    private static string? FindKubeletClientFault(AskedCertificate asked, string[] usages) =>
        !IsOfNodes(asked) ? "subject organization is not system:nodes"
        : asked.DnsNames.Count > 0 ? "DNS subjectAltNames are not allowed"
        : asked.EmailAddresses > 0 ? "Email subjectAltNames are not allowed"
        : asked.IpAddresses.Count > 0 ? "IP subjectAltNames are not allowed"
        : asked.Uris > 0 ? "URI subjectAltNames are not allowed"
        : !IsNode(asked) ? "subject common name does not begin with system:node:"
        : Are(usages, "client auth") ? null : "usages did not match [client auth digital signature key encipherment]";

    private static string? FindKubeletServingFault(AskedCertificate asked, string[] usages) =>
        !IsOfNodes(asked) ? "subject organization is not system:nodes"
        : asked.DnsNames.Count + asked.IpAddresses.Count == 0 ? "DNS or IP subjectAltName is required"
        : asked.EmailAddresses > 0 ? "Email subjectAltNames are not allowed"
        : asked.Uris > 0 ? "URI subjectAltNames are not allowed"
        : !Are(usages, "server auth") ? "usages did not match [digital signature key encipherment server auth]"
        : IsNode(asked) ? null : "subject common name does not begin with system:node:";

    private static bool IsOfNodes(AskedCertificate asked) => asked.Organisations is [NodesGroup];

    private static bool IsNode(AskedCertificate asked) => asked.CommonName.StartsWith(NodePrefix, StringComparison.Ordinal);

    /// <summary>Signatures and one purpose; keys that cannot encipher do without that.</summary>
    private static bool Are(string[] usages, string purpose)
    {
        var set = usages.ToHashSet();
        return set.Remove("digital signature") && set.Remove(purpose)
            && (set.Count == 0 || (set.Count == 1 && set.Contains("key encipherment")));
    }
}
