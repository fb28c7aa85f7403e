using System.CommandLine;
using System.Net;
using Etcdish.Kubelet;
using Etcdish.Kubernetes.Control;
using Etcdish.Network;
using Etcdish.Network.Dns;
using Etcdish.Network.LoadBalancers;
using Etcdish.Network.Policies;
using Etcdish.Network.Routes;

namespace Etcdish.Cli.Verbs;

/// <summary>
/// What every node does for the network, whether it is the one of <c>up</c> or one that joined: services, names, policies, the addresses of
/// its pods, and the ways to those of others.
/// </summary>
internal sealed class NodeNetwork
{
    private static readonly Lazy<bool> _servesPods = new(ServiceProxy.CanUseNftables);

    private readonly Option<string> _configurations = new("--cni-conf-dir")
    {
        Description = "Where it is said how pods get their network: a configuration is written if there is none.",
        DefaultValueFactory = _ => "/etc/cni/net.d",
    };

    private readonly Option<string> _plugins = new("--cni-bin-dir")
    {
        Description = "Where the programs are that make the network of pods.",
        DefaultValueFactory = _ => Directory.Exists("/opt/cni/bin") ? "/opt/cni/bin" : "/usr/lib/cni",
    };

    /// <summary>Its options.</summary>
    public IEnumerable<Option> Options => [_configurations, _plugins];

    /// <summary>Whether services reach pods by their own addresses on this machine; else only its own programs use them.</summary>
    public static bool ServesPods => _servesPods.Value;

    /// <summary>The address by which others reach the node.</summary>
    public static IPAddress AddressOf(KubeletOptions node) => node.NodeAddress ?? Kubelet.Nodes.NodeAddresses.Find();

    /// <summary>The node with what its pods are told: the servers of names, and how they get a network.</summary>
    public KubeletOptions Complete(ParseResult parsed, KubeletOptions node, ClusterNetwork cluster) => !ServesPods ? node : node with
    {
        ClusterDns = [.. node.ClusterDns.DefaultIfEmpty(cluster.NameServer)],
        NetworkConfigFolder = MayHaveNetworks(parsed, node) ? parsed.GetRequiredValue(_configurations) : "",
        NetworkPluginFolder = parsed.GetRequiredValue(_plugins),
    };

    /// <summary>The parts, each of which works until it is cancelled.</summary>
    /// <param name="parsed">What the user said.</param>
    /// <param name="node">The node.</param>
    /// <param name="cluster">What it has in common with others.</param>
    /// <param name="context">The API, as the node or as somebody who may do more.</param>
    public IReadOnlyList<Func<CancellationToken, Task>> Make(
        ParseResult parsed, KubeletOptions node, ClusterNetwork cluster, ControllerContext context)
    {
        // First who follows all nodes: then the proxy need not follow its own one apart.
        var pods = ServesPods && MayHaveNetworks(parsed, node) ? MakeForPods(parsed, node, cluster, context) : [];
        var proxy = new ServiceProxy(context, new ServiceProxyOptions { NodeName = node.NodeName, HealthzAddress = null });
        return ServesPods
            ? [proxy.RunAsync, MakeNames(node, cluster, context), .. MakeAnnouncer(node, cluster, context), .. pods]
            : [proxy.RunAsync];
    }

    /// <summary>Whether pods may have addresses of their own: containers have, and processes if there are plugins.</summary>
    private bool MayHaveNetworks(ParseResult parsed, KubeletOptions node) =>
        node.Runtime == "containerd"
        || (node.Runtime == "auto" && File.Exists(new Uri(node.RuntimeEndpoint).LocalPath))
        || File.Exists(Path.Combine(parsed.GetRequiredValue(_plugins), "bridge"));

    private static Func<CancellationToken, Task> MakeNames(KubeletOptions node, ClusterNetwork cluster, ControllerContext context)
    {
        var address = AddressOf(node);
        var names = new ClusterDns(context, new ClusterDnsOptions
        {
            Zone = cluster.Domain,
            Listen = [new IPEndPoint(address, 0)],
            ServiceAddress = cluster.NameServer,
            NodeAddress = address,
            NodeName = node.NodeName,
        });
        return async cancellation =>
        {
            using (names)
            {
                await names.RunAsync(cancellation);
            }
        };
    }

    private static Func<CancellationToken, Task>[] MakeAnnouncer(KubeletOptions node, ClusterNetwork cluster, ControllerContext context) =>
        cluster.BalancerPools.Count == 0 ? [] :
        [
            new AddressAnnouncer(context, new AddressAnnouncerOptions { NodeName = node.NodeName, Pools = cluster.BalancerPools }).RunAsync,
        ];

    private Func<CancellationToken, Task>[] MakeForPods(
        ParseResult parsed, KubeletOptions node, ClusterNetwork cluster, ControllerContext context)
    {
        var addresses = new CniConfig(context, new CniConfigOptions
        {
            NodeName = node.NodeName,
            ConfigFolder = parsed.GetRequiredValue(_configurations),
            BinFolder = parsed.GetRequiredValue(_plugins),
        });
        var routes = new NodeRoutes(context, new NodeRouteOptions
        {
            NodeName = node.NodeName,
            NodeAddress = AddressOf(node),
            ClusterCidrs = cluster.PodRanges,
        });
        routes.PodMtuChanged += addresses.SetMtu;
        var policies = new NetworkPolicies(context, new NetworkPolicyOptions { NodeName = node.NodeName });
        return [addresses.RunAsync, routes.RunAsync, policies.RunAsync];
    }
}
