using System.Net;

namespace Etcdish.Network.Nftables;

/// <summary>What is in the tables of the service proxy whatever services there are: the hooks, the maps by which a packet finds its
/// service, and what the node itself decides. Chains and maps have kube-proxy's names.</summary>
internal static class ServiceFrame
{
    /// <summary>The name of the table in either family.</summary>
    public const string TableName = "kube-proxy";

    /// <summary>Marks what leaves with the node's address.</summary>
    public const string MarkForMasquerade = "mark-for-masquerade";

    /// <summary>Marks what comes from outside of the pods' networks.</summary>
    public const string MarkOffCluster = "mark-off-cluster";

    /// <summary>Refuses.</summary>
    public const string Reject = "reject-chain";

    /// <summary>Address, protocol and port of services that have chains of their own.</summary>
    public const string ServiceIps = "service-ips";

    /// <summary>Protocol and port on nodes of services that have chains of their own.</summary>
    public const string ServiceNodePorts = "service-nodeports";

    /// <summary>Address, protocol and port of all other services that lead somewhere.</summary>
    public const string DirectIps = "direct-ips";

    /// <summary>Protocol and port on nodes of all other services that lead somewhere.</summary>
    public const string DirectNodePorts = "direct-nodeports";

    /// <summary>Where those of <see cref="DirectIps"/> lead, by a number (<see cref="NumberOf"/>).</summary>
    public const string Endpoints = "endpoints";

    /// <summary>Where those of <see cref="DirectNodePorts"/> lead, by a number.</summary>
    public const string NodePortEndpoints = "nodeport-endpoints";

    /// <summary>Those of <see cref="DirectIps"/> whose clients all get the node's address.</summary>
    public const string MaskedIps = "masked-ips";

    /// <summary>Endpoints, from themselves to themselves.</summary>
    public const string Hairpins = "hairpins";

    /// <summary>How many endpoints a service may have that has no chains of its own.</summary>
    public const int MostDirect = 64;

    /// <summary>Those services that lead nowhere.</summary>
    public const string NoEndpointServices = "no-endpoint-services";

    /// <summary>Those ports of nodes that lead nowhere.</summary>
    public const string NoEndpointNodePorts = "no-endpoint-nodeports";

    /// <summary>Load balancers that not everybody may use.</summary>
    public const string FirewallIps = "firewall-ips";

    /// <summary>All addresses that services have in the cluster.</summary>
    public const string ClusterIps = "cluster-ips";

    /// <summary>The node's addresses at which its ports lead to services.</summary>
    public const string NodePortIps = "nodeport-ips";

    /// <summary>The pods' networks.</summary>
    public const string PodCidrs = "pod-cidrs";

    /// <summary>The ranges of services' addresses.</summary>
    public const string ServiceCidrs = "service-cidrs";

    private const string ClusterIpsCheck = "cluster-ips-check";
    private const string NodePortEndpointsCheck = "nodeport-endpoints-check";
    private const string ServiceEndpointsCheck = "service-endpoints-check";
    private const string FirewallCheck = "firewall-check";
    private const string Dispatch = "services";
    private const string PickEndpoint = "pick-endpoint";
    private const string PickNodePortEndpoint = "pick-nodeport-endpoint";
    private const int NumbersEach = 1000;
    private const string Masquerading = "masquerading";

    /// <summary>The table of a family, as nft names it.</summary>
    public static string TableOf(NftFamily family) => $"{family.Word} {TableName}";

    /// <summary>
    /// The number of an endpoint among those of its service, 3001 for the second of three. With it, one map serves all services, however
    /// many endpoints each has: who draws a number of three finds only services that have three.
    /// </summary>
    public static int NumberOf(int index, int count) => count * NumbersEach + index;

    /// <summary>What is always in the table of a family.</summary>
    public static NftRules Make(NftFamily family) => new(
        [.. Targets(family.Word), .. Checks(family.Word), .. Ways(family.Word), .. Hooks()],
        [],
        [.. Maps(family.AddressType), .. EndpointMaps(family)]);

    /// <summary>What the node decides.</summary>
    public static NftRules MakeNode(NftFamily family, NodeNetwork node)
    {
        var pods = CidrSet.Reduce(node.PodCidrs, family);

        // Who does not know the pods' networks cannot tell who is outside, and masks nobody.
        string[] mark = pods.Count > 0 ? [$"{family.Word} saddr != @{PodCidrs} jump {MarkForMasquerade}"] : [];
        return new NftRules(
            [new NftChain(MarkOffCluster, mark)],
            [
                .. pods.Select(cidr => new NftElement(new NftSlot(PodCidrs, cidr), "")),
                .. CidrSet.Reduce(node.ServiceCidrs, family).Select(cidr => new NftElement(new NftSlot(ServiceCidrs, cidr), "")),
                .. node.NodeAddresses.Where(address => family.Has(address) && !IPAddress.IsLoopback(address)).Distinct()
                    .Select(address => new NftElement(new NftSlot(NodePortIps, address.ToString()), "")),
            ],
            []);
    }

    private static NftChain[] Targets(string ip) =>
    [
        new(MarkForMasquerade, ["meta mark set meta mark or 0x4000"]),
        new(MarkOffCluster, []),

        // A program on this node that is refused by ICMP while it still sends would send again after a second before it believes that.
        new(Reject, ["meta l4proto tcp reject with tcp reset", "reject"]),
        new(
            Masquerading,
            [
                // An endpoint that has reached itself: it would not believe an answer from its own address.
                $"{ip} saddr . {ip} daddr @{Hairpins} jump {MarkForMasquerade}",
                "meta mark and 0x4000 == 0 return",
                "meta mark set meta mark xor 0x4000",
                "masquerade fully-random",
            ]),
    ];

    private static NftChain[] Checks(string ip) =>
    [
        new(FirewallCheck, [$"{ip} daddr . meta l4proto . th dport vmap @{FirewallIps}"]),
        new(ServiceEndpointsCheck, [$"{ip} daddr . meta l4proto . th dport vmap @{NoEndpointServices}"]),
        new(NodePortEndpointsCheck, [$"{ip} daddr @{NodePortIps} meta l4proto . th dport vmap @{NoEndpointNodePorts}"]),

        // What still has an address of services here is for a port that its service does not have, or for no service.
        new(ClusterIpsCheck, [$"{ip} daddr @{ClusterIps} goto {Reject}", $"{ip} daddr @{ServiceCidrs} drop"]),
    ];

    /// <summary>How new connections find their endpoints.</summary>
    private static NftChain[] Ways(string ip) =>
    [
        new(
            PickEndpoint,
            [
                $"jump {MarkOffCluster}",
                $"{ip} daddr . meta l4proto . th dport @{MaskedIps} jump {MarkForMasquerade}",
                .. Draws($"dnat {ip} to {ip} daddr . meta l4proto . th dport", Endpoints),
            ]),
        new(
            PickNodePortEndpoint,
            [$"jump {MarkForMasquerade}", .. Draws($"dnat {ip} to meta l4proto . th dport", NodePortEndpoints)]),
        new(
            Dispatch,
            [
                $"{ip} daddr . meta l4proto . th dport @{DirectIps} goto {PickEndpoint}",
                $"{ip} daddr @{NodePortIps} meta l4proto . th dport @{DirectNodePorts} goto {PickNodePortEndpoint}",
                $"{ip} daddr . meta l4proto . th dport vmap @{ServiceIps}",
                $"{ip} daddr @{NodePortIps} meta l4proto . th dport vmap @{ServiceNodePorts}",
            ]),
    ];

    // A service with three endpoints is found by the third: the first packet of a connection pays for it.
    private static IEnumerable<string> Draws(string translate, string map) => Enumerable.Range(1, MostDirect)
        .Select(count => $"{translate} . numgen random mod {count} offset {NumberOf(0, count)} map @{map}");

    private static NftChain[] Hooks() =>
    [
        new("filter-prerouting-pre-dnat", [$"ct state new jump {FirewallCheck}"], "type filter hook prerouting priority -110 ;"),
        new("filter-output-pre-dnat", [$"ct state new jump {FirewallCheck}"], "type filter hook output priority -110 ;"),
        new(
            "filter-input",
            [$"ct state new jump {NodePortEndpointsCheck}", $"ct state new jump {ServiceEndpointsCheck}"],
            "type filter hook input priority 0 ;"),
        new(
            "filter-forward",
            [$"ct state new jump {ServiceEndpointsCheck}", $"ct state new jump {ClusterIpsCheck}"],
            "type filter hook forward priority 0 ;"),
        new(
            "filter-output",
            [$"ct state new jump {ServiceEndpointsCheck}", $"ct state new jump {ClusterIpsCheck}"],
            "type filter hook output priority 0 ;"),
        new("nat-prerouting", [$"jump {Dispatch}"], "type nat hook prerouting priority -100 ;"),
        new("nat-output", [$"jump {Dispatch}"], "type nat hook output priority -100 ;"),
        new("nat-postrouting", [$"jump {Masquerading}"], "type nat hook postrouting priority 100 ;"),
    ];

    private static NftSet[] EndpointMaps(NftFamily family)
    {
        var ip = family.Word;
        var to = $"numgen random mod 2 : {ip} daddr . th dport ;";
        return
        [
            new(DirectIps, "set", $"type {family.AddressType} . inet_proto . inet_service ;"),
            new(DirectNodePorts, "set", "type inet_proto . inet_service ;"),
            new(MaskedIps, "set", $"type {family.AddressType} . inet_proto . inet_service ;"),
            new(Hairpins, "set", $"type {family.AddressType} . {family.AddressType} ;"),
            new(Endpoints, "map", $"typeof {ip} daddr . meta l4proto . th dport . {to}"),
            new(NodePortEndpoints, "map", $"typeof meta l4proto . th dport . {to}"),
        ];
    }

    private static NftSet[] Maps(string address) =>
    [
        new(ServiceIps, "map", $"type {address} . inet_proto . inet_service : verdict ;"),
        new(ServiceNodePorts, "map", "type inet_proto . inet_service : verdict ;"),
        new(NoEndpointServices, "map", $"type {address} . inet_proto . inet_service : verdict ;"),
        new(NoEndpointNodePorts, "map", "type inet_proto . inet_service : verdict ;"),
        new(FirewallIps, "map", $"type {address} . inet_proto . inet_service : verdict ;"),
        new(ClusterIps, "set", $"type {address} ;"),
        new(NodePortIps, "set", $"type {address} ;"),
        new(PodCidrs, "set", $"type {address} ; flags interval ;"),
        new(ServiceCidrs, "set", $"type {address} ; flags interval ;"),
    ];
}
