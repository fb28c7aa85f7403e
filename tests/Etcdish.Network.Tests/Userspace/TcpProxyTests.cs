using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Network.Services;
using static Etcdish.Network.Tests.Userspace.ProxyBench;

namespace Etcdish.Network.Tests.Userspace;

/// <summary>TCP connections through the userspace proxy.</summary>
public sealed class TcpProxyTests
{
    private readonly IPAddress _address = NewAddress();
    private ProxyBench _bench = null!;

    [SetUp]
    public void Start() => _bench = new ProxyBench();

    [TearDown]
    public async Task Stop() => await _bench.DisposeAsync();

    [Test]
    public async Task Endpoints_take_turns()
    {
        _bench.Apply(Route("web", _address, _bench.AddServer("a"), _bench.AddServer("b")));
        List<string> answers = [];
        for (var i = 0; i < 6; i++)
        {
            answers.Add(await AskAsync(_address));
        }

        Assert.That(answers.Order(), Is.EqualTo(["a:", "a:", "a:", "b:", "b:", "b:"]));
    }

    [Test]
    public async Task All_bytes_go_both_ways_and_the_end_of_one_way_leaves_the_other_open()
    {
        _bench.Apply(Route("web", _address, _bench.AddServer("a")));
        using var socket = await ConnectAsync(_address);
        var sent = new string('x', 3_000_000) + "end";
        var reading = ReadToEndAsync(socket);
        for (var rest = Encoding.UTF8.GetBytes(sent).AsMemory(); rest.Length > 0;)
        {
            rest = rest[await socket.SendAsync(rest)..];
        }

        socket.Shutdown(SocketShutdown.Send);
        Assert.That(await reading, Is.EqualTo("a:" + sent));
    }

    [Test]
    public async Task A_dead_endpoint_costs_no_connection_while_another_lives()
    {
        _bench.Apply(Route("web", _address, DeadEndpoint(), _bench.AddServer("b"), DeadEndpoint()));
        for (var i = 0; i < 6; i++)
        {
            Assert.That(await AskAsync(_address, "x"), Is.EqualTo("b:x"));
        }
    }

    [Test]
    public async Task Without_endpoints_connections_are_refused_until_there_are_some()
    {
        var route = Route("web", _address, _bench.AddServer("a"));
        _bench.Apply(route with { InternalEndpoints = EndpointSet.None, ExternalEndpoints = EndpointSet.None });
        Assert.That(await ErrorOfAsync(() => AskAsync(_address)), Is.EqualTo(SocketError.ConnectionRefused));
        _bench.Apply(route);
        Assert.That(await AskAsync(_address), Is.EqualTo("a:"));
        _bench.Proxy.Apply(route.Key, null);
        Assert.That(await ErrorOfAsync(() => AskAsync(_address)), Is.EqualTo(SocketError.ConnectionRefused));
        Assert.That(_bench.Proxy.Listening, Is.Zero);
    }

    [Test]
    public async Task When_no_endpoint_answers_the_client_gets_a_reset()
    {
        _bench.Apply(Route("web", _address, DeadEndpoint(), DeadEndpoint()));
        Assert.That(await ErrorOfAsync(() => AskAsync(_address, "x")), Is.EqualTo(SocketError.ConnectionReset));
    }

    [Test]
    public async Task Live_connections_outlive_their_endpoint_and_their_service()
    {
        var (a, b) = (_bench.AddServer("a"), _bench.AddServer("b"));
        _bench.Apply(Route("web", _address, a));
        using var socket = await ConnectAsync(_address);
        Assert.That(await ReadAsync(socket), Is.EqualTo("a:"));
        _bench.Apply(Route("web", _address, b));
        Assert.That(await AskAsync(_address), Is.EqualTo("b:"));
        _bench.Proxy.Apply(Route("web", _address).Key, null);
        await socket.SendAsync("still"u8.ToArray());
        Assert.That(await ReadAsync(socket), Is.EqualTo("still"));
    }

    [Test]
    public async Task A_reset_of_the_endpoint_is_one_for_the_client_and_nothing_is_left()
    {
        _bench.Apply(Route("web", _address, _bench.AddServer("a")));
        using var socket = await ConnectAsync(_address);
        Assert.That(await ReadAsync(socket), Is.EqualTo("a:"));
        await socket.SendAsync("reset"u8.ToArray());
        Assert.That(await ErrorOfAsync(() => ReadAsync(socket)), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(() => _bench.Proxy.Connections, Is.Zero.After(10_000, 10));
    }

    [Test]
    public async Task Connections_that_ended_are_forgotten()
    {
        _bench.Apply(Route("web", _address, _bench.AddServer("a")));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => AskAsync(_address, $"{i}")));
        Assert.That(() => _bench.Proxy.Connections, Is.Zero.After(10_000, 10));
    }

    [Test]
    public async Task The_end_of_the_proxy_ends_connections()
    {
        _bench.Apply(Route("web", _address, _bench.AddServer("a")));
        using var socket = await ConnectAsync(_address);
        Assert.That(await ReadAsync(socket), Is.EqualTo("a:"));
        await _bench.Proxy.DisposeAsync();
        Assert.That(_bench.Proxy.Connections, Is.Zero);
        Assert.That(await ErrorOfAsync(() => ReadAsync(socket)), Is.EqualTo(SocketError.ConnectionReset));
        Assert.That(await ErrorOfAsync(() => AskAsync(_address)), Is.EqualTo(SocketError.ConnectionRefused));
    }

    [Test]
    public async Task A_client_stays_with_its_endpoint_for_as_long_as_the_service_says()
    {
        var (a, b) = (_bench.AddServer("a"), _bench.AddServer("b"));
        var route = Route("web", _address, a, b) with { Affinity = TimeSpan.FromMinutes(1) };
        _bench.Apply(route);
        var (here, there) = (NewAddress(), NewAddress());
        var first = await AskAsync(_address, source: here);
        var other = await AskAsync(_address, source: there);
        Assert.That(other, Is.Not.EqualTo(first), "the next client, the next endpoint");
        for (var i = 0; i < 4; i++)
        {
            _bench.Clock.Advance(TimeSpan.FromSeconds(50));
            Assert.That(await AskAsync(_address, source: here), Is.EqualTo(first), "each connection counts anew");
        }

        _bench.Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.That(await AskAsync(_address, source: here), Is.EqualTo(first), "two connections later it is its turn again");
        Assert.That(await AskAsync(_address, source: there), Is.EqualTo(other));

        var (left, name) = first == "a:" ? (b, "b:") : (a, "a:");
        _bench.Apply(route with { InternalEndpoints = new EndpointSet(left) });
        Assert.That(await AskAsync(_address, source: here), Is.EqualTo(name), "its endpoint is gone");
        _bench.Apply(route);
        Assert.That(await AskAsync(_address, source: here), Is.EqualTo(name), "it stays with the new one");
    }

    [Test]
    public async Task An_endpoint_that_a_client_should_stay_with_but_is_dead_is_left()
    {
        var dead = DeadEndpoint();
        _bench.Apply(Route("web", _address, dead, _bench.AddServer("b")) with { Affinity = TimeSpan.FromMinutes(1) });
        for (var i = 0; i < 3; i++)
        {
            Assert.That(await AskAsync(_address), Is.EqualTo("b:"));
        }
    }

    [Test]
    public async Task Both_families_have_their_own_endpoints()
    {
        if (!Socket.OSSupportsIPv6)
        {
            Assert.Ignore("no IPv6 here");
        }

        var four = _bench.AddServer("four");
        var six = _bench.AddServer("six", IPAddress.IPv6Loopback);
        _bench.Apply(Route("web", _address, four, six) with { ClusterIps = new Addresses(_address, IPAddress.IPv6Loopback) });
        for (var i = 0; i < 3; i++)
        {
            Assert.That(await AskAsync(_address), Is.EqualTo("four:"));
            Assert.That(await AskAsync(IPAddress.IPv6Loopback), Is.EqualTo("six:"));
        }
    }
}
