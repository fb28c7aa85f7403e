using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Services;
using Etcdish.Network.Userspace;
using static Etcdish.Network.Tests.Userspace.ProxyBench;

namespace Etcdish.Network.Tests.Userspace;

/// <summary>Where services are listened at, and what happens when that fails.</summary>
public sealed class FrontendTests
{
    private static readonly ServiceEndpoint _pod = new(IPAddress.Parse("10.0.0.1"), 8080, true);
    private static readonly IPAddress _ip = IPAddress.Parse("10.96.0.7");
    private static readonly IPAddress _other = IPAddress.Parse("192.0.2.7");

    private ProxyBench _bench = null!;

    [SetUp]
    public void Start() => _bench = new ProxyBench();

    [TearDown]
    public async Task Stop() => await _bench.DisposeAsync();

    [Test]
    public void Each_address_is_a_frontend_once()
    {
        var route = Route("web", _ip, _pod) with
        {
            NodePort = 30_080,
            ExternalIps = new Addresses(_other, IPAddress.Parse("192.0.2.8")),
            LoadBalancerIps = new Addresses(_other),
        };
        Assert.That(Said(route), Is.EqualTo(
            [
                "Cluster 10.96.0.7:18077",
                "LoadBalancer 192.0.2.7:18077",
                "External 192.0.2.8:18077",
                "Node 0.0.0.0:30080",
            ]));
    }

    [Test]
    public void Where_it_leads_nowhere_a_service_has_no_frontend()
    {
        var route = Route("web", _ip, _pod) with { NodePort = 30_080 };
        Assert.That(Said(route with { ExternalEndpoints = EndpointSet.None }), Is.EqualTo(["Cluster 10.96.0.7:18077"]));
        Assert.That(Said(route with { InternalEndpoints = EndpointSet.None }), Is.EqualTo(["Node 0.0.0.0:30080"]));
        Assert.That(Said(route with { ClusterIps = Addresses.None }), Is.Empty, "headless");
        Assert.That(Said(route with { ClusterIps = new Addresses(IPAddress.Parse("fd00::7")) }), Is.Empty, "no endpoint of its family");
    }

    [Test]
    public async Task Node_ports_and_local_addresses_from_outside_lead_to_the_service()
    {
        var (address, external) = (NewAddress(), NewAddress());
        var port = FreePort();
        var (near, far) = (_bench.AddServer("near"), _bench.AddServer("far"));
        _bench.Apply(Route("web", address, near) with
        {
            NodePort = port,
            ExternalIps = new Addresses(external, _other),
            ExternalEndpoints = new EndpointSet(far),
        });
        Assert.That(await AskAsync(address), Is.EqualTo("near:"));
        Assert.That(await AskAsync(external), Is.EqualTo("far:"));
        Assert.That(await AskAsync(IPAddress.Loopback, port: port), Is.EqualTo("far:"));
        Assert.That(_bench.Warnings, Is.Empty, "192.0.2.7 is another machine's");
    }

    [Test]
    public async Task Who_may_not_use_the_load_balancer_is_turned_away_there_only()
    {
        var (address, balancer, friend, stranger) = (NewAddress(), NewAddress(), NewAddress(), NewAddress());
        _bench.Apply(Route("web", address, _bench.AddServer("a")) with
        {
            LoadBalancerIps = new Addresses(balancer),
            SourceRanges = new Texts($"{friend}/32"),
        });
        Assert.That(await AskAsync(balancer, source: friend), Is.EqualTo("a:"));
        Assert.That(await ErrorOfAsync(() => AskAsync(balancer, source: stranger)), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(await AskAsync(address, source: stranger), Is.EqualTo("a:"));
    }

    [Test]
    public async Task An_address_that_is_taken_is_told_of_once_and_had_when_it_is_free()
    {
        var (taken, free) = (NewAddress(), NewAddress());
        var server = _bench.AddServer("a");
        using (var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            holder.Bind(new IPEndPoint(taken, Port));
            holder.Listen();
            _bench.Apply(Route("web", taken, server));
            _bench.Apply(Route("other", free, server));
            _bench.Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.That(_bench.Warnings.Single(), Does.StartWith($"ns/web cannot listen at TCP {taken}:{Port}: "));
            Assert.That(await AskAsync(free), Is.EqualTo("a:"));
        }

        _bench.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.That(await AskAsync(taken), Is.EqualTo("a:"));
        Assert.That(_bench.Proxy.Listening, Is.EqualTo(2));
    }

    [Test]
    public async Task Of_two_services_with_one_address_the_first_has_it_then_the_second()
    {
        var address = NewAddress();
        var first = Route("first", address, _bench.AddServer("a"));
        _bench.Apply(first);
        _bench.Apply(Route("second", address, _bench.AddServer("b")));
        Assert.That(_bench.Warnings.Single(), Does.StartWith("ns/second cannot listen"));
        Assert.That(await AskAsync(address), Is.EqualTo("a:"));
        _bench.Proxy.Apply(first.Key, null);
        Assert.That(await AskAsync(address), Is.EqualTo("b:"));
    }

    [Test]
    public void What_cannot_be_carried_is_told_of()
    {
        var key = new ServicePortKey("ns", "calls", "", "SCTP");
        _bench.Proxy.Apply(key, Route("calls", NewAddress(), _pod) with { Key = key });
        Assert.That(_bench.Warnings, Is.EqualTo(["ns/calls SCTP is not carried by the userspace proxy"]));
    }

    [Test]
    public void Options_out_of_range_are_refused() => Assert.That(
        () => new UserspaceProxy(_bench.Options with { MaxUdpSessions = 0 }),
        Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("MaxUdpSessions"));

    [Test]
    public void Affinity_forgets_who_came_too_long_ago()
    {
        var affinity = new ClientAffinity(TimeSpan.FromMinutes(1), _bench.Clock);
        for (var i = 0; i < 1024; i++)
        {
            affinity.Remember(new IPAddress(i), _pod);
        }

        _bench.Clock.Advance(TimeSpan.FromMinutes(1));
        affinity.Remember(_ip, _pod);
        Assert.That(affinity.Count, Is.EqualTo(1));
        Assert.That(affinity.TryFind(_ip, out var endpoint) ? endpoint : default, Is.EqualTo(_pod));
        Assert.That(affinity.TryFind(new IPAddress(7), out _), Is.False);
    }

    private static IEnumerable<string> Said(ServiceRoute route) =>
        Frontend.Of(route, [IPAddress.Any, IPAddress.IPv6Any]).Select(frontend => $"{frontend.Kind} {frontend}");

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
