using System.CommandLine;
using System.Net;
using Etcdish.Kubelet;
using Etcdish.Kubernetes.Control;
using Etcdish.Network;
using Etcdish.Network.Dns;
using Etcdish.Network.Ingress;
using Etcdish.Network.LoadBalancers;

namespace Etcdish.Cli.Verbs;

/// <summary>
/// The network of <c>etcdish up</c>: what the cluster has once, such as the addresses of load balancers, and the part of its own node.
/// </summary>
internal sealed class UpNetwork
{
    // By custom the first address of services is the API's and the tenth that of the names.
    private const int DnsOffset = 10;

    private readonly NodeNetwork _node = new();
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
        Description = "Addresses for services of type LoadBalancer, each of which one node takes for its own; empty: they share the nodes'.",
        DefaultValueFactory = _ => "10.98.0.1-10.98.0.254",
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
    public IEnumerable<Option> Options => [_none, _pods, _pool, .. _node.Options, _http, _https];

    /// <summary>The range of which nodes get parts; null: nobody gives them any.</summary>
    public string? PodNetwork(ParseResult parsed) => parsed.GetValue(_none) ? null : parsed.GetRequiredValue(_pods);

    /// <summary>The address by which pods reach what this process serves, unless the user says; null: only this machine's programs do.</summary>
    public IPAddress? Advertised(ParseResult parsed, KubeletOptions? node) =>
        node is null || parsed.GetValue(_none) || !NodeNetwork.ServesPods ? null : NodeNetwork.AddressOf(node);

    /// <summary>The node with what its pods are told: the servers of names, and how they get a network.</summary>
    public KubeletOptions Complete(ParseResult parsed, KubeletOptions node) =>
        ReadCluster(parsed, node) is { } cluster ? _node.Complete(parsed, node, cluster) : node;

    /// <summary>What all nodes must know; null: the network is somebody else's.</summary>
    public ClusterNetwork? ReadCluster(ParseResult parsed, KubeletOptions? node) => parsed.GetValue(_none) ? null : new ClusterNetwork(
        (node ?? new KubeletOptions()).ClusterDomain, DnsAddress(parsed), Split(parsed.GetRequiredValue(_pods)), Split(parsed.GetRequiredValue(_pool)));

    /// <summary>The parts that the cluster has once, each of which works until it is cancelled.</summary>
    /// <param name="api">The API.</param>
    /// <param name="node">This machine's node, if it is one.</param>
    /// <param name="context">The cluster.</param>
    public IReadOnlyList<Func<CancellationToken, Task>> MakeForCluster(ReadyApi api, KubeletOptions? node, ControllerContext context)
    {
        if (api.Server.AdvertisedUrl is not { } server || ReadCluster(api.Arguments, node) is not { } cluster)
        {
            return [];
        }

        var names = new DnsService(context, cluster.NameServer);
        var balancers = new LoadBalancerController(context, new LoadBalancerOptions
        {
            Pools = cluster.BalancerPools,
            ReservedPorts = new HashSet<int> { new Uri(server).Port, (node ?? new KubeletOptions()).Port },
        });
        return [names.RunAsync, balancers.RunAsync];
    }

    /// <summary>The parts of this machine as a node, each of which works until it is cancelled.</summary>
    /// <param name="parsed">What the user said.</param>
    /// <param name="node">The node.</param>
    /// <param name="context">The cluster.</param>
    public IReadOnlyList<Func<CancellationToken, Task>> MakeForNode(ParseResult parsed, KubeletOptions node, ControllerContext context)
    {
        if (ReadCluster(parsed, node) is not { } cluster)
        {
            return [];
        }

        var ingress = new IngressController(context, new IngressOptions
        {
            HttpPort = parsed.GetValue(_http),
            HttpsPort = parsed.GetValue(_https),
            NodeAddresses = [NodeNetwork.AddressOf(node)],
        });
        return [ingress.RunAsync, .. _node.Make(parsed, node, cluster, context)];
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

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static IPAddress DnsAddress(ParseResult parsed)
    {
        var bytes = IPNetwork.Parse(ControlPlane.ServiceRange(parsed).Split(',')[0]).BaseAddress.GetAddressBytes();
        bytes[^1] += DnsOffset;
        return new IPAddress(bytes);
    }
}
