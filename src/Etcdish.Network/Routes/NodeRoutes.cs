using System.Net;
using System.Text.Json;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Nftables;

namespace Etcdish.Network.Routes;

/// <summary>
/// Keeps a node's ways to the pods of all others: a route where the other is on this one's link, else a tunnel (VXLAN); and lets what its
/// own pods send out of the cluster leave by its own address. A node that goes takes its routes along.
/// </summary>
public sealed class NodeRoutes
{
    private readonly ControllerContext _context;
    private readonly NodeRouteOptions _options;
    private readonly INftables _nftables;
    private readonly KernelRoutes _kernel;
    private readonly IPNetwork[] _cluster;
    private readonly Informer<Node> _nodes;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WakeLoop _loop;
    private int _podMtu;

    /// <summary>Makes one, which watches nodes.</summary>
    /// <exception cref="FormatException">A range of the cluster is none.</exception>
    public NodeRoutes(ControllerContext context, NodeRouteOptions options)
        : this(context, options, new NftProgram(), new HostCommands())
    {
    }

    internal NodeRoutes(ControllerContext context, NodeRouteOptions options, INftables nftables, HostCommands host)
    {
        (_context, _options, _nftables, _kernel) = (context, options, nftables, new KernelRoutes(host, options));
        _loop = new WakeLoop(context.Clock);
        _cluster = [.. options.ClusterCidrs.Select(text => IPNetwork.Parse(text))];
        _nodes = context.Informers.Of(Resources.Nodes);
        _nodes.Subscribe((before, now) =>
        {
            if (before is null || now is null || TextOf(before) != TextOf(now))
            {
                _loop.Wake();
            }
        });
    }

    /// <summary>
    /// Is told how large pods' packets may be, in bytes, when that has changed: as the tunnel can carry them if there is one. 0: as the bridge has
    /// them.
    /// </summary>
    public event Action<int>? PodMtuChanged;

    /// <summary>Completes when the nodes that were there at the start have their routes.</summary>
    public Task Synced => _synced.Task;

    /// <summary>Works until it is cancelled. Routes stay then: pods go on.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await _context.Informers.StartAsync(cancellation);
        await using var resync = _context.Clock.CreateTimer(_ => _loop.Wake(), null, _options.Resync, _options.Resync);
        await _loop.RunAsync(TrySyncAsync, cancellation);
    }

    /// <summary>Removes routes, tunnel and masquerading.</summary>
    /// <exception cref="IOException">The kernel refused that.</exception>
    public async Task RemoveAsync(CancellationToken cancellation)
    {
        await _kernel.RemoveAsync(cancellation);
        await _nftables.ApplyAsync(Masquerade.Removal().AsMemory(), cancellation);
    }

    private async Task<bool> TrySyncAsync(CancellationToken cancellation)
    {
        try
        {
            await SyncAsync(cancellation);
            _synced.TrySetResult();
            return true;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            _context.Warn($"routes to other nodes' pods are not as they should be, and are tried again: {e.Message}");
            return false;
        }
    }

    private async Task SyncAsync(CancellationToken cancellation)
    {
        var links = await _kernel.ReadLinksAsync(cancellation);
        var own = links.FirstOrDefault(link => link.Address.Equals(_options.NodeAddress))
            ?? throw new IOException($"no device of this node has its address {_options.NodeAddress}");
        var nodes = _nodes.All;
        IPNetwork[] networks = [.. nodes.Where(node => node.Metadata.Name == _options.NodeName).SelectMany(RoutePlan.NetworksOf)];
        var routes = RoutePlan.For(nodes, _options, links);
        TellMtu(RoutePlan.PodMtu(routes, own));
        await _kernel.ApplyAsync(routes, networks, own.Device, cancellation);
        await _nftables.ApplyAsync(Masquerade.Commands(networks, _cluster).AsMemory(), cancellation);
    }

    private void TellMtu(int mtu)
    {
        if (mtu != _podMtu)
        {
            _podMtu = mtu;
            PodMtuChanged?.Invoke(mtu);
        }
    }

    private static string TextOf(Node node) => string.Join(
        ' ',
        RoutePlan.NetworksOf(node).Select(network => network.ToString())
            .Concat(node.Status.Addresses.Select(address => $"{address.Type}={address.Address}")));
}
