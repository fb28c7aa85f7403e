using System.Net;
using System.Net.Sockets;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Policies;

/// <summary>
/// One rule of a policy in one direction: the sets that say who its peers are, and the lines of a chain that accept what it allows. Pods
/// are in sets that follow them; blocks of addresses and numbers of ports are in sets, or lines, that never change.
/// </summary>
internal sealed class PolicyRule
{
    private static readonly AddressFamily[] _families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    private readonly string _id;
    private readonly string _ns;
    private readonly bool _isEgress;
    private readonly NetworkPolicyPeer[] _podPeers;
    private readonly NetworkPolicyPeer[] _blocks;
    private readonly bool _hasPeers;
    private readonly NetworkPolicyPort[] _named;
    private readonly string _numbers;
    private readonly bool _hasPorts;

    /// <summary>Makes one.</summary>
    /// <param name="id">What the names of its sets begin with.</param>
    /// <param name="ns">Its policy's namespace.</param>
    /// <param name="isEgress">Whether it is of what pods may reach.</param>
    /// <param name="peers">The other ends; none: all.</param>
    /// <param name="ports">The ports; none: all.</param>
    public PolicyRule(string id, string ns, bool isEgress, NetworkPolicyPeer[] peers, NetworkPolicyPort[] ports)
    {
        (_id, _ns, _isEgress) = (id, ns, isEgress);
        _hasPeers = peers.Length > 0;
        _podPeers = [.. peers.Where(peer => peer.IpBlock is null)];
        _blocks = [.. peers.Where(peer => peer.IpBlock is not null)];
        _hasPorts = ports.Length > 0;
        _named = [.. ports.Where(port => port.Port is { IsText: true })];
        _numbers = NumbersOf(ports);
    }

    /// <summary>Whether pods of other namespaces than its policy's may be in its sets.</summary>
    public bool IsWide => _podPeers.Any(peer => peer.NamespaceSelector is not null) || NamesAnyPods;

    private bool NamesAnyPods => _isEgress && !_hasPeers && _named.Length > 0;

    /// <summary>Whether pods of another namespace than its policy's may be in its sets, by the labels of that.</summary>
    public bool Concerns(IReadOnlyDictionary<string, string> namespaceLabels) =>
        NamesAnyPods || Array.Exists(_podPeers, peer => peer.NamespaceSelector is { } namespaces && namespaces.Matches(namespaceLabels));

    /// <summary>The sets that it needs, with the form of each and what is in it from the beginning.</summary>
    public IEnumerable<(string Name, string Form, string[] Elements)> Sets()
    {
        foreach (var family in _families)
        {
            var address = family == AddressFamily.InterNetwork ? "ipv4_addr" : "ipv6_addr";
            if (_podPeers.Length > 0)
            {
                yield return (PodSet(family), $"type {address};", []);
            }

            if (BlocksOf(family) is { Length: > 0 } blocks)
            {
                yield return (BlockSet(family), $"type {address}; flags interval;", blocks);
            }

            if (_named.Length > 0)
            {
                yield return (NamedSet(family), $"type {address} . inet_proto . inet_service;", []);
            }
        }
    }

    /// <summary>The lines that accept what it allows.</summary>
    public IEnumerable<string> Lines()
    {
        foreach (var peer in PeerMatches())
        {
            if (!_hasPorts)
            {
                yield return $"{peer.Match}accept";
            }

            if (_numbers.Length > 0)
            {
                yield return $"{peer.Match}meta l4proto . th dport {{ {_numbers} }} accept";
            }

            // The set of an egress rule holds peers only.
            if (!_isEgress)
            {
                foreach (var family in _named.Length == 0 ? [] : _families.Where(family => peer.Family is null || family == peer.Family))
                {
                    yield return $"{peer.Match}{NamedMatch(family)} accept";
                }
            }
        }

        foreach (var family in _isEgress && _named.Length > 0 ? _families : [])
        {
            yield return $"{NamedMatch(family)} accept";
        }
    }

    /// <summary>What is in its sets because of a pod.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="namespaceLabels">The labels of the pod's namespace.</param>
    /// <param name="isSelected">Whether the policy is for the pod.</param>
    public IEnumerable<(string Set, string Element)> ElementsOf(
        PolicyPod pod, IReadOnlyDictionary<string, string> namespaceLabels, bool isSelected)
    {
        var isPeer = IsPeer(pod, namespaceLabels);
        var names = _isEgress ? isPeer || !_hasPeers : isSelected && pod.IsLocal;
        foreach (var address in pod.Addresses)
        {
            if (isPeer)
            {
                yield return (PodSet(address.AddressFamily), address.ToString());
            }

            foreach (var port in names ? PortsOf(pod) : [])
            {
                yield return (NamedSet(address.AddressFamily), $"{address} . {WordOf(port.Protocol)} . {port.Port}");
            }
        }
    }

    private bool IsPeer(PolicyPod pod, IReadOnlyDictionary<string, string> namespaceLabels) => _podPeers.Any(peer =>
        (peer.NamespaceSelector is { } namespaces
            ? namespaces.Matches(namespaceLabels)
            : peer.PodSelector is not null && pod.Key.Namespace == _ns)
        && (peer.PodSelector ?? LabelSelector.Everything).Matches(pod.Labels));

    private IEnumerable<NamedPort> PortsOf(PolicyPod pod) => pod.Ports
        .Where(port => Array.Exists(_named, named => named.Port!.Value.Text == port.Name && named.Protocol == port.Protocol))
        .Distinct();

    private IEnumerable<(string Match, AddressFamily? Family)> PeerMatches()
    {
        if (!_hasPeers)
        {
            yield return ("", null);
        }

        var side = _isEgress ? "daddr" : "saddr";
        foreach (var family in _families)
        {
            if (_podPeers.Length > 0)
            {
                yield return ($"{WordOf(family)} {side} @{PodSet(family)} ", family);
            }

            if (BlocksOf(family).Length > 0)
            {
                yield return ($"{WordOf(family)} {side} @{BlockSet(family)} ", family);
            }
        }
    }

    private string[] BlocksOf(AddressFamily family)
    {
        var ranges = _blocks.Select(peer => peer.IpBlock!).SelectMany(block => ValueRange.OfBlock(block.Cidr, family) is { } whole
            ? block.Except.Select(text => ValueRange.OfBlock(text, family)).OfType<ValueRange>().Aggregate(
                (IEnumerable<ValueRange>)[whole], (left, except) => left.SelectMany(range => range.Without(except)))
            : []);
        return [.. ValueRange.Merge(ranges).Select(range => range.ToAddresses(family))];
    }

    /// <summary>Ports by number in nft's words. Ranges that overlap are no set to nft, so they are joined.</summary>
    private static string NumbersOf(NetworkPolicyPort[] ports) => string.Join(", ", ports
        .Where(port => port.Port is not { IsText: true })
        .GroupBy(port => port.Protocol, StringComparer.Ordinal)
        .SelectMany(group => ValueRange.Merge(group.Select(RangeOf)).Select(range => $"{WordOf(group.Key)} . {range}")));

    private static ValueRange RangeOf(NetworkPolicyPort port) => port.Port is { } first
        ? new ValueRange((UInt128)first.Number, (UInt128)(port.EndPort ?? first.Number))
        : new ValueRange(0, IPEndPoint.MaxPort);

    private string NamedMatch(AddressFamily family) => $"{WordOf(family)} daddr . meta l4proto . th dport @{NamedSet(family)}";

    private string PodSet(AddressFamily family) => $"{_id}-pods-{WordOf(family)}";

    private string BlockSet(AddressFamily family) => $"{_id}-blocks-{WordOf(family)}";

    private string NamedSet(AddressFamily family) => $"{_id}-ports-{WordOf(family)}";

    private static string WordOf(AddressFamily family) => family == AddressFamily.InterNetwork ? "ip" : "ip6";

    private static string WordOf(string protocol) => protocol.ToLowerInvariant();
}
