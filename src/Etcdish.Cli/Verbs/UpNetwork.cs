using System.CommandLine;
using System.Net;
using Etcdish.Kubelet;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubernetes.Control;
using Etcdish.Network;
using Etcdish.Network.Dns;
using Etcdish.Network.Ingress;
using Etcdish.Network.LoadBalancers;
using Etcdish.Network.Policies;
using Etcdish.Network.Routes;

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
        Description = "Addresses of pods, of which every node gets a part; two ranges with a comma between for both families.",
        DefaultValueFactory = _ => "10.244.0.0/16",
    };

    private readonly Option<string> _pool = new("--load-balancer-pool")
    {
        Description = "Addresses for services of type LoadBalancer, which this machine takes for its own; empty: they share the node's.",
        DefaultValueFactory = _ => "10.98.0.1-10.98.0.254",
    };

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

    private readonly Option<int> _http = new("--ingress-http-port")
    {
        Description = "The port of this machine on which ingresses take HTTP; 0: any that is free.",
        DefaultValueFactory = _ => new IngressOptions().HttpPort,
    };

    private readonly Option<int> _https = new("--ingress-https-port")
    {
        Description = "The port of this machine on which ingresses take HTTPS; 0: any that is free.",
        DefaultValueFactory = _ => new IngressOptions().HttpsPort,
    };

    /// <summary>Its options.</summary>
    public IEnumerable<Option> Options => [_none, _pods, _pool, _configurations, _plugins, _http, _https];

    /// <summary>The range of which nodes get parts; null: nobody gives them any.</summary>
    public string? PodNetwork(ParseResult parsed) => parsed.GetValue(_none) ? null : parsed.GetRequiredValue(_pods);

    /// <summary>The address by which pods reach what this process serves; null: only this machine's programs do.</summary>
    public IPAddress? Advertised(ParseResult parsed, KubeletOptions? node) =>
        node is null || parsed.GetValue(_none) || !ServiceProxy.CanUseNftables() ? null : AddressOf(node);

    /// <summary>The node with what its pods are told: the servers of names, and how they get a network.</summary>
    public KubeletOptions Complete(ParseResult parsed, KubeletOptions node) => Advertised(parsed, node) is null ? node : node with
    {
        ClusterDns = [.. node.ClusterDns.DefaultIfEmpty(DnsAddress(parsed))],
        NetworkConfigFolder = MayHaveNetworks(parsed, node) ? parsed.GetRequiredValue(_configurations) : "",
        NetworkPluginFolder = parsed.GetRequiredValue(_plugins),
    };

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

        var ingress = new IngressController(context, new IngressOptions
        {
            HttpPort = parsed.GetValue(_http),
            HttpsPort = parsed.GetValue(_https),
            NodeAddresses = [AddressOf(node)],
        });
        var proxy = new ServiceProxy(context, new ServiceProxyOptions { NodeName = node.NodeName, HealthzAddress = null });
        return Advertised(parsed, node) is { } address
            ? [ingress.RunAsync, proxy.RunAsync, .. MakeForPods(parsed, node, address, context)]
            : [ingress.RunAsync, proxy.RunAsync];
    }

    /// <summary>Once the parts have stopped and pods have ended: what is left in the kernel goes. Where pods run on, it stays.</summary>
    public async Task LeaveAsync(ParseResult parsed, KubeletOptions node)
    {
        if (node.StopGrace == TimeSpan.Zero || Advertised(parsed, node) is null)
        {
            return;
        }

        try
        {
            await NodeTables.RemoveAsync(CancellationToken.None);
        }
        catch (IOException e)
        {
            ClusterProgram.Warn($"rules of services and policies are still in the kernel: {e.Message}");
        }
    }

    private List<Func<CancellationToken, Task>> MakeForPods(
        ParseResult parsed, KubeletOptions node, IPAddress address, ControllerContext context)
    {
        var names = new ClusterDns(context, new ClusterDnsOptions
        {
            Zone = node.ClusterDomain,
            Listen = [new IPEndPoint(address, 0)],
            ServiceAddress = DnsAddress(parsed),
            NodeAddress = address,
            NodeName = node.NodeName,
        });
        string[] pools = parsed.GetRequiredValue(_pool) is { Length: > 0 } pool ? pool.Split(',') : [];
        var balancers = new LoadBalancerController(context, new LoadBalancerOptions { Pools = pools });
        var announcer = pools.Length == 0 ? null : new AddressAnnouncer(context, new AddressAnnouncerOptions { Pools = pools });
        return
        [
            token => RunAsync(names, token),
            balancers.RunAsync,
            .. announcer is null ? [] : (Func<CancellationToken, Task>[])[announcer.RunAsync],
            .. MayHaveNetworks(parsed, node) ? MakePodNetwork(parsed, node, address, context) : [],
        ];
    }

    /// <summary>Whether pods may have addresses of their own: containers have, and processes if there are plugins.</summary>
    private bool MayHaveNetworks(ParseResult parsed, KubeletOptions node) =>
        node.Runtime == "containerd"
        || (node.Runtime == "auto" && File.Exists(new Uri(node.RuntimeEndpoint).LocalPath))
        || File.Exists(Path.Combine(parsed.GetRequiredValue(_plugins), "bridge"));

    private Func<CancellationToken, Task>[] MakePodNetwork(
        ParseResult parsed, KubeletOptions node, IPAddress address, ControllerContext context) =>
    [
        new CniConfig(context, new CniConfigOptions
        {
            NodeName = node.NodeName,
            ConfigFolder = parsed.GetRequiredValue(_configurations),
            BinFolder = parsed.GetRequiredValue(_plugins),
        }).RunAsync,
        new NodeRoutes(context, new NodeRouteOptions
        {
            NodeName = node.NodeName,
            NodeAddress = address,
            ClusterCidrs = parsed.GetRequiredValue(_pods).Split(','),
        }).RunAsync,
        new NetworkPolicies(context, new NetworkPolicyOptions { NodeName = node.NodeName }).RunAsync,
    ];

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
