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

    /// <summary>Address, protocol and port of services.</summary>
    public const string ServiceIps = "service-ips";

    /// <summary>Protocol and port on nodes.</summary>
    public const string ServiceNodePorts = "service-nodeports";

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
    private const string Masquerading = "masquerading";

    /// <summary>The table of a family, as nft names it.</summary>
    public static string TableOf(NftFamily family) => $"{family.Word} {TableName}";

    /// <summary>What is always in the table of a family.</summary>
    public static NftRules Make(NftFamily family) => new([.. Targets(), .. Checks(family.Word), .. Hooks()], [], Maps(family.AddressType));

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

    private static NftChain[] Targets() =>
    [
        new(MarkForMasquerade, ["meta mark set meta mark or 0x4000"]),
        new(MarkOffCluster, []),

        // A program on this node that is refused by ICMP while it still sends would send again after a second before it believes that.
        new(Reject, ["meta l4proto tcp reject with tcp reset", "reject"]),
        new(Masquerading, ["meta mark and 0x4000 == 0 return", "meta mark set meta mark xor 0x4000", "masquerade fully-random"]),
    ];

    private static NftChain[] Checks(string ip) =>
    [
        new(FirewallCheck, [$"{ip} daddr . meta l4proto . th dport vmap @{FirewallIps}"]),
        new(ServiceEndpointsCheck, [$"{ip} daddr . meta l4proto . th dport vmap @{NoEndpointServices}"]),
        new(NodePortEndpointsCheck, [$"{ip} daddr @{NodePortIps} meta l4proto . th dport vmap @{NoEndpointNodePorts}"]),

        // What still has an address of services here is for a port that its service does not have, or for no service.
        new(ClusterIpsCheck, [$"{ip} daddr @{ClusterIps} goto {Reject}", $"{ip} daddr @{ServiceCidrs} drop"]),
        new(
            Dispatch,
            [
                $"{ip} daddr . meta l4proto . th dport vmap @{ServiceIps}",
                $"{ip} daddr @{NodePortIps} meta l4proto . th dport vmap @{ServiceNodePorts}",
            ]),
    ];

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
