using System.CommandLine;
using System.Net;
using Etcdish.Kubelet;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubernetes.Control;
using Etcdish.Network;
using Etcdish.Network.Dns;

namespace Etcdish.Cli.Verbs;

/// <summary>The network of <c>etcdish up</c>'s own node: services, names, ingress, policies, and the addresses of pods.</summary>
internal sealed class UpNetwork
{
    // By custom the first address of services is the API's and the tenth that of the names.
    private const int DnsOffset = 10;

    private readonly Option<bool> _none = new("--disable-network")
    {
        Description = "Leave services, names, ingress and network policies of this machine to others.",
    };

    private readonly Option<string> _pods = new("--cluster-cidr")
    {
        Description = "Addresses of pods in containers, of which every node gets a part; two ranges with a comma between for both families.",
        DefaultValueFactory = _ => "10.244.0.0/16",
    };

    /// <summary>Its options.</summary>
    public IEnumerable<Option> Options => [_none, _pods];

    /// <summary>The range of which nodes get parts; null: nobody gives them any.</summary>
    public string? PodNetwork(ParseResult parsed) => parsed.GetValue(_none) ? null : parsed.GetRequiredValue(_pods);

    /// <summary>The address by which pods reach what this process serves; null: only this machine's programs do.</summary>
    public IPAddress? Advertised(ParseResult parsed, KubeletOptions? node) =>
        node is null || parsed.GetValue(_none) || !ServiceProxy.CanUseNftables() ? null : AddressOf(node);

    /// <summary>The servers of names that pods of the node are told.</summary>
    public IReadOnlyList<IPAddress> NameServers(ParseResult parsed, KubeletOptions node) =>
        Advertised(parsed, node) is null ? node.ClusterDns : [.. node.ClusterDns.DefaultIfEmpty(DnsAddress(parsed))];

    /// <summary>The parts, each of which works until it is cancelled.</summary>
    /// <param name="parsed">What the user said.</param>
    /// <param name="node">The node.</param>
    /// <param name="context">The cluster.</param>
    public IReadOnlyList<Func<CancellationToken, Task>> Make(ParseResult parsed, KubeletOptions node, ControllerContext context)
    {
        if (parsed.GetValue(_none))
        {
            return [];
        }

        if (Advertised(parsed, node) is not { } address)
        {
            context.Warn("services are not served on this machine: that needs root and nft (apt-get install nftables)");
            return [];
        }

        var proxy = new ServiceProxy(context, new ServiceProxyOptions { NodeName = node.NodeName, HealthzAddress = null });
        var names = new ClusterDns(context, new ClusterDnsOptions
        {
            Zone = node.ClusterDomain,
            Listen = [new IPEndPoint(address, 0)],
            ServiceAddress = DnsAddress(parsed),
            NodeAddress = address,
            NodeName = node.NodeName,
        });
        return
        [
            proxy.RunAsync,
            token => RunAsync(names, token),
        ];
    }

    private static async Task RunAsync(ClusterDns names, CancellationToken cancellation)
    {
        using (names)
        {
            await names.RunAsync(cancellation);
        }
    }

    private static IPAddress AddressOf(KubeletOptions node) => node.NodeAddress ?? NodeAddresses.Find();

    private static IPAddress DnsAddress(ParseResult parsed)
    {
        var bytes = IPNetwork.Parse(ControlPlane.ServiceRange(parsed).Split(',')[0]).BaseAddress.GetAddressBytes();
        bytes[^1] += DnsOffset;
        return new IPAddress(bytes);
    }
}
