using System.Net;
using Etcdish.Network.Nftables;
using Etcdish.Network.Services;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>The rules in a real kernel: a node, its pods, a pod elsewhere and a client, each in a namespace.</summary>
public sealed class NftProxyKernelTests
{
    private const string Service = "10.96.0.7:80";
    private const string BothPods = "10.77.1.11 10.77.1.12";
    private static readonly TimeSpan _silence = TimeSpan.FromMilliseconds(400);
    private static readonly NodeNetwork _node = new(
        [IPAddress.Parse(ProxyNetwork.NodeAddress), IPAddress.Parse("fd77:c::1")],
        ["10.77.0.0/16", "fd77:1::/64", "fd77:2::/64"],
        ["10.96.0.0/16", "fd00:96::/112"]);

    private readonly List<NamedServer> _servers = [];
    private ProxyNetwork _network = null!;
    private NftKernel _kernel = null!;
    private NftSync _sync = null!;
    private ServiceRoute? _route;

    [OneTimeSetUp]
    public void Build()
    {
        _network = ProxyNetwork.Create();
        _servers.AddRange(new[] { "p1", "p2", "far" }.Select(name => new NamedServer(_network, name)));
    }

    [OneTimeTearDown]
    public void Remove()
    {
        _servers.ForEach(server => server.Dispose());
        _network?.Dispose();
    }

    [SetUp]
    public void Start()
    {
        _route = null;
        _kernel = _network.NftKernel();
        _sync = new NftSync(_kernel, [NftFamily.V4, NftFamily.V6]);
        _sync.Take(_node);
    }

    [TearDown]
    public void Stop() => _kernel.Dispose();

    [Test]
    public async Task Connections_from_pods_the_node_and_outside_reach_every_endpoint()
    {
        await SetAsync(SampleRoutes.Web(BothPods + " !10.77.2.11"));
        foreach (var from in new[] { "p1", "far", "client", "n" })
        {
            Assert.That(await WhoAnswersAsync(from, Service), Is.EquivalentTo(["p1", "p2", "far"]), from);
        }
    }

    [TestCase("p2", "10.77.1.11", ExpectedResult = "p1 sees 10.77.1.12", TestName = "Pods of one bridge keep their addresses")]
    [TestCase("far", "10.77.1.11", ExpectedResult = "p1 sees 10.77.2.11", TestName = "Pods elsewhere keep their addresses")]
    [TestCase("client", "10.77.1.11", ExpectedResult = "p1 sees 10.77.1.1", TestName = "Who comes from outside has the node's address")]
    [TestCase("p1", "10.77.1.11", ExpectedResult = "p1 sees 10.77.1.1", TestName = "A pod reaches itself, with the node's address")]
    public async Task<string> Whom_an_endpoint_sees(string from, string endpoint)
    {
        await SetAsync(SampleRoutes.Web(endpoint));
        return await AskAsync(from, Service);
    }

    [Test]
    public async Task Ports_that_a_service_does_not_have_are_refused_and_addresses_of_no_service_are_silent()
    {
        await SetAsync(SampleRoutes.Web("10.77.1.11"));
        Assert.That(await AskAsync("client", "10.96.0.7:81"), Is.EqualTo("refused"));
        Assert.That(await AskAsync("n", "10.96.0.7:81"), Is.EqualTo("refused"));
        Assert.That(await NamedClient.AskAsync(_network.Of("client"), "10.96.0.8:80", _silence), Is.EqualTo("silence"));
    }

    [Test]
    public async Task Without_endpoints_all_is_refused_at_once()
    {
        await SetAsync(SampleRoutes.Web("") with { NodePort = 30080, ExternalIps = SampleRoutes.List("203.0.113.9") });
        foreach (var target in new[] { Service, $"{ProxyNetwork.NodeAddress}:30080", "203.0.113.9:80" })
        {
            Assert.That(await AskAsync("client", target), Is.EqualTo("refused"), target);
            Assert.That(await AskAsync("n", target), Is.EqualTo("refused"), target);
        }
    }

    [Test]
    public async Task Endpoints_of_other_nodes_that_may_not_be_used_make_silence()
    {
        await SetAsync(SampleRoutes.Web("") with { IsInternalLocal = true, HasEndpointsElsewhere = true });
        Assert.That(await NamedClient.AskAsync(_network.Of("client"), Service, _silence), Is.EqualTo("silence"));
    }

    [TestCase("10.77.1.11", ExpectedResult = "p1 sees 192.0.2.1", TestName = "A node port masks its clients on the way to other nodes")]
    [TestCase("!10.77.2.11", ExpectedResult = "far sees 10.77.2.1", TestName = "A node port leads to other nodes")]
    public async Task<string> Node_ports(string endpoint)
    {
        await SetAsync(SampleRoutes.Web(endpoint) with { NodePort = 30080 });
        var said = await AskAsync("client", $"{ProxyNetwork.NodeAddress}:30080");

        // The node's address is that of the way to the pod.
        return said.Replace("10.77.1.1", "192.0.2.1", StringComparison.Ordinal);
    }

    [Test]
    public async Task Local_policy_keeps_the_clients_address_and_uses_this_nodes_endpoints_for_those_outside_only()
    {
        var route = SampleRoutes.Web("10.77.1.11 !10.77.2.11") with { NodePort = 30080, ExternalIps = SampleRoutes.List("203.0.113.9") };
        await SetAsync(route.Local());
        foreach (var target in new[] { $"{ProxyNetwork.NodeAddress}:30080", "203.0.113.9:80" })
        {
            for (var i = 0; i < 8; i++)
            {
                Assert.That(await AskAsync("client", target), Is.EqualTo("p1 sees 192.0.2.2"), target);
            }

            Assert.That(await WhoAnswersAsync("p2", target), Is.EquivalentTo(["p1", "far"]), target);
            Assert.That(await WhoAnswersAsync("n", target), Is.EquivalentTo(["p1", "far"]), target);
        }
    }

    [Test]
    public async Task Local_policy_without_endpoints_here_is_silent_to_those_outside_and_a_service_to_pods()
    {
        await SetAsync((SampleRoutes.Web("!10.77.2.11") with { ExternalIps = SampleRoutes.List("203.0.113.9") }).Local());
        Assert.That(await NamedClient.AskAsync(_network.Of("client"), "203.0.113.9:80", _silence), Is.EqualTo("silence"));
        Assert.That(await AskAsync("p1", "203.0.113.9:80"), Does.StartWith("far"));
    }

    [TestCase("192.0.2.0/24 192.0.2.0/25", ExpectedResult = "p1 sees 10.77.1.1")]
    [TestCase("198.51.100.0/24", ExpectedResult = "silence")]
    [TestCase("2001:db8::/32", ExpectedResult = "silence")]
    public async Task<string> Source_ranges_say_who_may_use_a_load_balancer(string ranges)
    {
        await SetAsync(SampleRoutes.Web("10.77.1.11") with
        {
            LoadBalancerIps = SampleRoutes.List("203.0.113.9"),
            SourceRanges = new Texts(ranges.Split(' ')),
        });
        Assert.That(await AskAsync("client", Service), Does.StartWith("p1"), "the address in the cluster is for all");
        return await NamedClient.AskAsync(
            _network.Of("client"), "203.0.113.9:80", ranges.StartsWith("192", StringComparison.Ordinal) ? null : _silence);
    }

    [Test]
    public async Task A_client_with_affinity_stays_and_goes_elsewhere_when_its_endpoint_is_gone()
    {
        var route = SampleRoutes.Web(BothPods + " !10.77.2.11") with { Affinity = TimeSpan.FromHours(3) };
        await SetAsync(route);
        var first = (await AskAsync("client", Service)).Split(' ')[0];
        for (var i = 0; i < 12; i++)
        {
            Assert.That((await AskAsync("client", Service)).Split(' ')[0], Is.EqualTo(first));
        }

        // What the hourly look sets right must not move clients.
        _sync.Distrust();
        await SetAsync(route);
        Assert.That((await AskAsync("client", Service)).Split(' ')[0], Is.EqualTo(first));

        ServiceEndpoint[] left = [.. route.InternalEndpoints.Where(e => !e.Address.ToString().EndsWith(
            first switch { "p1" => ".1.11", "p2" => ".1.12", _ => ".2.11" }, StringComparison.Ordinal))];
        await SetAsync(route with { InternalEndpoints = new(left), ExternalEndpoints = new(left) });
        Assert.That((await AskAsync("client", Service)).Split(' ')[0], Is.Not.EqualTo(first));
    }

    [Test]
    public async Task Both_families_lead_to_their_own_endpoints()
    {
        await SetAsync(SampleRoutes.Web("10.77.1.11 fd77:1::12") with { NodePort = 30080 });
        Assert.That(await AskAsync("client", Service), Does.StartWith("p1"));
        Assert.That(await AskAsync("far", "[fd00:96::7]:80"), Is.EqualTo("p2 sees fd77:2::11"));
        Assert.That(await AskAsync("p2", "[fd00:96::7]:80"), Does.StartWith("p2"));
        Assert.That(await AskAsync("client", "[fd77:c::1]:30080"), Is.EqualTo("p2 sees fd77:1::1"));
        Assert.That(await AskAsync("client", "[fd00:96::7]:81"), Is.EqualTo("refused"));
    }

    [Test]
    public async Task Connections_go_on_while_endpoints_change_and_new_ones_go_elsewhere()
    {
        await SetAsync(SampleRoutes.Web("10.77.1.11"));
        using var old = await NamedClient.ConnectAsync(_network.Of("client"), Service);
        await SetAsync(SampleRoutes.Web("10.77.1.12"));
        Assert.That(await AskAsync("client", Service), Does.StartWith("p2"));
        Assert.That(await old.SayAsync(), Does.StartWith("p1"));
        await SetAsync(SampleRoutes.Web("10.77.1.12"));
        Assert.That(_network.Run("nft list table ip kube-proxy"), Does.Not.Contain("10.77.1.11"), "what nobody uses is deleted");
        Assert.That(await old.SayAsync(), Does.StartWith("p1"));
    }

    [Test]
    public async Task Datagrams_from_one_port_follow_their_service()
    {
        using var conntrack = NetworkNamespaces.In(_network.Node, () => new ConntrackSocket());
        var flows = new UdpFlows(conntrack, [NftFamily.V4, NftFamily.V6]);
        var first = SampleRoutes.Web("10.77.1.11 fd77:1::11", protocol: "UDP");
        var then = SampleRoutes.Web("10.77.1.12 fd77:1::12", protocol: "UDP");
        await SetAsync(first);
        using var four = await NamedClient.OpenUdpAsync(_network.Of("far"), Service);
        using var six = await NamedClient.OpenUdpAsync(_network.Of("far"), "[fd00:96::7]:80");
        Assert.That((await four.SayAsync(), await six.SayAsync()), Is.EqualTo(("p1 sees 10.77.2.11", "p1 sees fd77:2::11")));

        await SetAsync(then);
        Assert.That(await four.SayAsync(), Does.StartWith("p1"), "the kernel still follows the flow: else this shows nothing");
        Assert.That(flows.Clean([first.To(then)], _node.NodeAddresses), Is.EqualTo(2));
        Assert.That((await four.SayAsync(), await six.SayAsync()), Is.EqualTo(("p2 sees 10.77.2.11", "p2 sees fd77:2::11")));
        Assert.That(flows.Clean([first.To(then)], _node.NodeAddresses), Is.Zero, "flows that lead where they should stay");

        await SetAsync(null);
        Assert.That(flows.Clean([then.To(null)], _node.NodeAddresses), Is.EqualTo(2));
    }

    [Test]
    public async Task What_another_proxy_left_is_replaced_and_the_end_leaves_nothing_if_asked()
    {
        await _sync.CleanUpAsync(CancellationToken.None);
        _network.Run("nft add table ip kube-proxy");
        _network.Run("nft 'add chain ip kube-proxy nat-prerouting { type filter hook prerouting priority 7 ; }'");
        _network.Run("nft add chain ip kube-proxy service-OLD");
        await SetAsync(SampleRoutes.Web("10.77.1.11"));
        Assert.That(await AskAsync("client", Service), Does.StartWith("p1"));
        Assert.That(_network.Run("nft list table ip kube-proxy"), Does.Not.Contain("OLD"));
        await _sync.CleanUpAsync(CancellationToken.None);
        Assert.That(_network.Run("nft list tables"), Does.Not.Contain("kube-proxy"));
    }

    [Test]
    public async Task Endpoints_and_services_come_and_go_without_the_program_nft()
    {
        await SetAsync(SampleRoutes.Web("10.77.1.11") with { NodePort = 30080, ExternalIps = SampleRoutes.List("203.0.113.9") });
        Assert.That(_kernel.DirectCount, Is.Zero, "the first makes the tables");
        await SetAsync(SampleRoutes.Web("10.77.1.12") with { NodePort = 30080, ExternalIps = SampleRoutes.List("203.0.113.9") });
        Assert.That(await AskAsync("client", "203.0.113.9:80"), Does.StartWith("p2"));
        await SetAsync(SampleRoutes.Web(""));
        Assert.That(await AskAsync("client", Service), Is.EqualTo("refused"));
        await SetAsync(SampleRoutes.Web("10.77.1.11 fd77:1::12"));
        Assert.That(await AskAsync("far", Service), Is.EqualTo("p1 sees 10.77.2.11"));
        Assert.That(await AskAsync("far", "[fd00:96::7]:80"), Is.EqualTo("p2 sees fd77:2::11"));
        await SetAsync(null);
        Assert.That(await NamedClient.AskAsync(_network.Of("client"), Service, _silence), Is.EqualTo("silence"));
        Assert.That((_kernel.DirectCount, _sync.HasStale), Is.EqualTo((4, false)));
    }

    [Test]
    public async Task Sixty_four_endpoints_and_one_more()
    {
        string[] none = [.. Enumerable.Range(1, 61).Select(i => $"!10.77.2.{100 + i}")];
        foreach (var more in new[] { "", " !10.77.2.99" })
        {
            await SetAsync(SampleRoutes.Web($"{BothPods} !10.77.2.11 {string.Join(' ', none)}{more}"));
            var listed = _network.Run("nft list map ip kube-proxy endpoints");
            Assert.That(listed.Contains("10.96.0.7 . tcp . 80 . 64063 :", StringComparison.Ordinal), Is.EqualTo(more.Length == 0));
            Assert.That(_network.Run("nft list table ip kube-proxy").Contains("numgen random mod 65 vmap", StringComparison.Ordinal), Is.EqualTo(more.Length > 0));
        }
    }

    [Test]
    public async Task After_a_refusal_all_is_made_anew()
    {
        await SetAsync(SampleRoutes.Web("10.77.1.11"));
        _network.Run("nft delete table ip kube-proxy");
        Assert.That(async () => await SetAsync(SampleRoutes.Web("10.77.1.12")), Throws.InstanceOf<IOException>());
        await _sync.SyncAsync(CancellationToken.None);
        Assert.That(await AskAsync("client", Service), Does.StartWith("p2"));
    }

    [Test]
    public async Task A_look_at_everything_sets_right_what_others_changed()
    {
        await SetAsync(SampleRoutes.Web("10.77.1.11"));
        _network.Run("nft flush map ip kube-proxy service-ips");
        _network.Run("nft flush chain ip kube-proxy nat-prerouting");
        _sync.Distrust();
        await _sync.SyncAsync(CancellationToken.None);
        Assert.That(await AskAsync("client", Service), Does.StartWith("p1"));
    }

    private async Task SetAsync(ServiceRoute? route)
    {
        if (_route is not null || route is not null)
        {
            _sync.Take([_route.To(route)]);
        }

        _route = route;
        await _sync.SyncAsync(CancellationToken.None);
    }

    private Task<string> AskAsync(string from, string target) => NamedClient.AskAsync(_network.Of(from), target);

    /// <summary>Who answers when many ask: the odds that one of three never does are below one in ten millions.</summary>
    private async Task<HashSet<string>> WhoAnswersAsync(string from, string target)
    {
        HashSet<string> names = [];
        for (var i = 0; i < 40; i++)
        {
            names.Add((await AskAsync(from, target)).Split(' ')[0]);
        }

        return names;
    }
}
