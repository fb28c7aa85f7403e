using System.Net;
using System.Net.Sockets;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Nftables;
using Etcdish.Network.Routes;
using Etcdish.Network.Tests.Policies;

namespace Etcdish.Network.Tests.Routes;

/// <summary>Pods of several nodes on a real kernel: two nodes on one link, and a third behind a router.</summary>
public sealed class NodeRoutesTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private static readonly (string Node, string Address, string Pods)[] _nodes =
        [("n1", "192.168.1.1", "10.244.1"), ("n2", "192.168.1.2", "10.244.2"), ("n3", "192.168.2.3", "10.244.3")];

    [Test]
    public async Task Pods_of_all_nodes_reach_each_other_by_their_own_addresses_and_a_node_that_goes_takes_its_routes_along()
    {
        await using var lab = await BuildAsync();
        await using var bench = await ControlBench.StartAsync();
        foreach (var (node, address, pods) in _nodes)
        {
            await bench.CreateAsync(Resources.Nodes, "", $"{{'metadata':{{'name':'{node}'}},'spec':{{'podCIDR':'{pods}.0/24'}}}}");
            await bench.PatchAsync(
                Resources.Nodes, "", node, $"{{'status':{{'addresses':[{{'type':'InternalIP','address':'{address}'}}]}}}}", "status");
        }

        using var stop = new CancellationTokenSource();
        var signals = _nodes.Select(n => new SignallingNftables(lab.NftablesOf(n.Node))).ToArray();
        var routes = _nodes.Select((n, i) => new NodeRoutes(
            bench.Context, new NodeRouteOptions { NodeName = n.Node, NodeAddress = IPAddress.Parse(n.Address) }, signals[i], lab.HostOf(n.Node))).ToArray();
        Task[] running = [.. routes.Select(r => r.RunAsync(stop.Token))];
        await Task.WhenAll(routes.Select(r => r.Synced)).WaitAsync(_patience);
        await ExpectAllAsync(lab);
        Assert.That(await RoutesAsync(lab, "n1"), Does.Contain("10.244.2.0/24 via 192.168.1.2").And.Contain("10.244.3.0/24 via 10.244.3.0 dev etcdish-vx"));

        // To where nodes are but no pods, pods go by their node's address.
        Assert.That(
            await lab.AskAsync("p1", IPAddress.Parse("192.168.2.254"), ProtocolType.Tcp, 80, _patience), Is.EqualTo("192.168.1.1"), "masqueraded");

        await bench.Client.DeleteAsync(Resources.Nodes, "", "n3", new DeleteOptions(), CancellationToken.None);
        await signals[0].UntilAsync(async () => !(await RoutesAsync(lab, "n1")).Contains("10.244.3.", StringComparison.Ordinal));
        Assert.That(await lab.HostOf("n1").RunAsync("ip", ["link"], "", CancellationToken.None), Does.Not.Contain("etcdish-vx"));
        Assert.That(await RoutesAsync(lab, "n1"), Does.Contain("10.244.2.0/24"));
        await stop.CancelAsync();
        await Task.WhenAll(running);
        await routes[0].RemoveAsync(CancellationToken.None);
        Assert.That(await RoutesAsync(lab, "n1"), Is.Empty);
    }

    [Test]
    public async Task What_somebody_has_broken_is_mended_and_what_is_right_is_left()
    {
        await using var lab = await BuildAsync();
        Node[] nodes = [.. _nodes.Select(n => RoutePlanTests.NodeOf(n.Node, n.Address, $"{n.Pods}.0/24,fd10:{n.Node[1..]}::/64"))];
        await SyncAsync(lab, nodes);
        await ExpectAllAsync(lab);
        Assert.That(
            await lab.AskAsync("p1", IPAddress.Parse("fd10:3::2"), ProtocolType.Tcp, 80, _patience), Is.EqualTo("fd10:1::2"), "IPv6 in the tunnel");
        var index = await lab.HostOf("n1").RunAsync("ip", ["-o", "link", "show", "etcdish-vx"], "", CancellationToken.None);
        await SyncAsync(lab, nodes);
        Assert.That(await lab.HostOf("n1").RunAsync("ip", ["-o", "link", "show", "etcdish-vx"], "", CancellationToken.None), Is.EqualTo(index));

        await lab.IpAsync("n1", "route del 10.244.2.0/24", "neigh del 10.244.3.0 dev etcdish-vx");
        await lab.IpAsync("n3", "link del etcdish-vx");
        await SyncAsync(lab, nodes);
        await ExpectAllAsync(lab);

        // Another node has come in the place of the third.
        nodes[2] = RoutePlanTests.NodeOf("n4", "192.168.2.9", "10.244.9.0/24");
        await SyncAsync(lab, nodes[..2].Append(nodes[2]), "n1");
        var forwards = await lab.HostOf("n1").RunAsync("bridge", ["fdb", "show", "dev", "etcdish-vx"], "", CancellationToken.None);
        Assert.That(forwards, Does.Contain("dst 192.168.2.9").And.Not.Contain("dst 192.168.2.3"));
        Assert.That(await RoutesAsync(lab, "n1"), Does.Contain("10.244.9.0/24").And.Not.Contain("10.244.3.0/24"));
    }

    private static async Task<NamespaceLab> BuildAsync()
    {
        var lab = await NamespaceLab.CreateAsync();
        try
        {
            foreach (var (node, _, pods) in _nodes)
            {
                var v6 = $"fd10:{node[1..]}:";
                await lab.AddNodeAsync(node, $"{pods}.1/24", $"{v6}:1/64");
                await lab.AddPodAsync(node, "p" + node[1..], [$"{pods}.1", $"{v6}:1"], [$"{pods}.2/24", $"{v6}:2/64"]);
                lab.Serve("p" + node[1..], ProtocolType.Tcp, 80);
            }

            // The first link is a bridge in the router.
            await lab.AddNodeAsync("router", "192.168.1.254/24");
            await lab.JoinAsync("n1", "eth0", "192.168.1.1/24", "router", "n1", "");
            await lab.JoinAsync("n2", "eth0", "192.168.1.2/24", "router", "n2", "");
            await lab.JoinAsync("n3", "eth0", "192.168.2.3/24", "router", "n3", "192.168.2.254/24");
            await lab.IpAsync("router", "link set n1 master cni0", "link set n2 master cni0");
            await lab.IpAsync("n1", "route add default via 192.168.1.254");
            await lab.IpAsync("n2", "route add default via 192.168.1.254");
            await lab.IpAsync("n3", "route add default via 192.168.2.254");
            lab.Serve("router", ProtocolType.Tcp, 80);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    private static async Task ExpectAllAsync(NamespaceLab lab)
    {
        foreach (var (from, to) in new[] { (1, 2), (2, 1), (1, 3), (3, 1), (3, 2) })
        {
            var source = await lab.AskAsync($"p{from}", IPAddress.Parse($"10.244.{to}.2"), ProtocolType.Tcp, 80, _patience);
            Assert.That(source, Is.EqualTo($"10.244.{from}.2"), $"p{from} to p{to}");
        }
    }

    private static async Task SyncAsync(NamespaceLab lab, IEnumerable<Node> nodes, string only = "")
    {
        foreach (var (node, address, pods) in _nodes.Where(n => only.Length == 0 || n.Node == only))
        {
            var options = new NodeRouteOptions { NodeName = node, NodeAddress = IPAddress.Parse(address) };
            var kernel = new KernelRoutes(lab.HostOf(node), options);
            var links = await kernel.ReadLinksAsync(CancellationToken.None);
            await kernel.ApplyAsync(RoutePlan.For(nodes, options, links), [IPNetwork.Parse($"{pods}.0/24"), IPNetwork.Parse($"fd10:{node[1..]}::/64")], "eth0", CancellationToken.None);
        }
    }

    private static Task<string> RoutesAsync(NamespaceLab lab, string node) =>
        lab.HostOf(node).RunAsync("ip", ["route", "show", "proto", "173"], "", CancellationToken.None);

    /// <summary>Tells of each transaction: routes are done before it.</summary>
    private sealed class SignallingNftables(INftables inner) : INftables
    {
        private readonly SemaphoreSlim _applied = new(0);

        public async Task ApplyAsync(ReadOnlyMemory<char> commands, CancellationToken cancellation)
        {
            await inner.ApplyAsync(commands, cancellation);
            _applied.Release();
        }

        public async Task UntilAsync(Func<Task<bool>> condition)
        {
            while (!await condition())
            {
                Assert.That(await _applied.WaitAsync(_patience), Is.True, "nothing more happens");
            }
        }
    }
}
