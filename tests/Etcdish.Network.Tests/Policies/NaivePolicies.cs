using System.Net;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Tests.Policies;

/// <summary>What policies mean, read off their documentation: every question is answered by looking at everything.</summary>
internal sealed class NaivePolicies(string node)
{
    public Dictionary<ObjectKey, Pod> Pods { get; } = [];

    public Dictionary<ObjectKey, NetworkPolicy> Policies { get; } = [];

    public Dictionary<string, Dictionary<string, string>> Namespaces { get; } = [];

    public bool Allows(IPAddress from, IPAddress to, string protocol, int port)
    {
        if (from.Equals(to))
        {
            return true;
        }

        var (source, target) = (PodAt(from), PodAt(to));
        return IsOut(source, to, target, protocol, port) && IsIn(target, from, source, protocol, port);
    }

    private bool IsOut(Pod? source, IPAddress to, Pod? target, string protocol, int port)
    {
        NetworkPolicy[] policies = [.. PoliciesFor(source).Where(p => p.Spec.PolicyTypes.Contains("Egress"))];
        return policies.Length == 0 || policies.Any(policy => policy.Spec.Egress.Any(rule =>
            rule.Ports.Length == 0
                ? IsPeer(policy, rule.To, to, target)
                : rule.Ports.Any(p => p.Port is { IsText: true }
                    ? IsPort(p, target, protocol, port) && IsPeer(policy, [.. rule.To.Where(peer => peer.IpBlock is null)], to, target, rule.To.Length > 0)
                    : IsPort(p, target, protocol, port) && IsPeer(policy, rule.To, to, target))));
    }

    private bool IsIn(Pod? target, IPAddress from, Pod? source, string protocol, int port)
    {
        NetworkPolicy[] policies = [.. PoliciesFor(target).Where(p => p.Spec.PolicyTypes.Contains("Ingress"))];
        return policies.Length == 0 || policies.Any(policy => policy.Spec.Ingress.Any(rule =>
            IsPeer(policy, rule.From, from, source)
            && (rule.Ports.Length == 0 || rule.Ports.Any(p => IsPort(p, target, protocol, port)))));
    }

    private IEnumerable<NetworkPolicy> PoliciesFor(Pod? pod) => pod is null || pod.Spec.NodeName != node
        ? []
        : Policies.Values.Where(policy => policy.Metadata.Namespace == pod.Metadata.Namespace
            && policy.Spec.PodSelector.Matches(pod.Metadata.Labels));

    private bool IsPeer(NetworkPolicy policy, NetworkPolicyPeer[] peers, IPAddress address, Pod? pod, bool isRestricted = false) =>
        (peers.Length == 0 && !isRestricted) || peers.Any(peer => peer.IpBlock is { } block
            ? IPNetwork.Parse(block.Cidr).Contains(address) && !block.Except.Any(except => IPNetwork.Parse(except).Contains(address))
            : pod is not null
                && (peer.PodSelector ?? LabelSelector.Everything).Matches(pod.Metadata.Labels)
                && (peer.NamespaceSelector?.Matches(Namespaces.GetValueOrDefault(pod.Metadata.Namespace) ?? [])
                    ?? pod.Metadata.Namespace == policy.Metadata.Namespace));

    private static bool IsPort(NetworkPolicyPort wanted, Pod? target, string protocol, int port) => wanted.Protocol == protocol
        && (wanted.Port is not { } first
            || (first.Text is { } name
                ? target is not null && target.Spec.Containers.Any(c => c.Ports.Any(p => p.Name == name && p.Port == port && p.Protocol == protocol))
                : first.Number <= port && port <= (wanted.EndPort ?? first.Number)));

    private Pod? PodAt(IPAddress address) => Pods.Values.SingleOrDefault(pod =>
        !pod.Spec.HostNetwork && !pod.IsFinished && pod.Status.PodIps.Any(ip => ip.Ip == address.ToString()));
}
