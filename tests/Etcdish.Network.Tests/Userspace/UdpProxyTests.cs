using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Network.Services;
using Etcdish.Network.Userspace;
using static Etcdish.Network.Tests.Userspace.ProxyBench;

namespace Etcdish.Network.Tests.Userspace;

/// <summary>Datagrams through the userspace proxy.</summary>
public sealed class UdpProxyTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly List<Socket> _servers = [];
    private readonly Backends _backends = new();
    private IPAddress _address = null!;
    private ProxyBench _bench = null!;
    private UdpFrontend _frontend = null!;

    [SetUp]
    public void Start()
    {
        _bench = new ProxyBench();
        _address = NewAddress();
        var options = _bench.Options with { MaxUdpSessions = 3 };
        _frontend = UdpFrontend.Listen(new Frontend(_address, Port, FrontendKind.Cluster), _backends, options, _bench.Warnings.Add);
    }

    [TearDown]
    public async Task Stop()
    {
        _frontend.Dispose();
        _servers.ForEach(server => server.Dispose());
        await _bench.DisposeAsync();
    }

    [Test]
    public async Task A_client_stays_with_one_endpoint_and_others_get_others()
    {
        Lead(AddServer("a"), AddServer("b"));
        using Socket one = Client(), two = Client();
        var first = await AskAsync(one, "1");
        var second = await AskAsync(two, "1");
        Assert.That(new[] { first, second }, Is.EquivalentTo(["a:1", "b:1"]));
        Assert.That(await AskAsync(one, "2"), Is.EqualTo(first[..1] + ":2"));
        Assert.That(await AskAsync(two, ""), Is.EqualTo(second[..1] + ":"), "an empty datagram is one");
        Assert.That(_frontend.Sessions, Is.EqualTo(2));
    }

    [Test]
    public async Task A_session_goes_with_its_endpoint()
    {
        var (a, b) = (AddServer("a"), AddServer("b"));
        Lead(a);
        using var client = Client();
        Assert.That(await AskAsync(client, "x"), Is.EqualTo("a:x"));
        Lead(b);
        Assert.That(_frontend.Sessions, Is.Zero);
        Assert.That(await AskAsync(client, "x"), Is.EqualTo("b:x"));
    }

    [Test]
    public async Task A_session_goes_when_nothing_is_said_for_a_while()
    {
        Lead(AddServer("a"));
        using var client = Client();
        await AskAsync(client, "x");
        _bench.Clock.Advance(TimeSpan.FromSeconds(29));
        await AskAsync(client, "x");
        _bench.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.That(_frontend.Sessions, Is.EqualTo(1));
        _bench.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.That(_frontend.Sessions, Is.Zero);
        Assert.That(await AskAsync(client, "again"), Is.EqualTo("a:again"));
    }

    [Test]
    public async Task Too_many_clients_push_out_the_one_that_has_been_silent_longest()
    {
        Lead(AddServer("a"));
        using Socket one = Client(), two = Client(), three = Client(), four = Client();
        foreach (var client in new[] { one, two, three, one, four, one })
        {
            _bench.Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.That(await AskAsync(client, "x"), Is.EqualTo("a:x"));
        }

        Assert.That(_frontend.Sessions, Is.EqualTo(3));
    }

    [Test]
    public async Task A_client_whose_endpoint_is_dead_gets_another_one()
    {
        Lead(DeadEndpoint(), AddServer("b"));
        using var client = Client();
        for (var tries = 0; tries < 5; tries++)
        {
            await client.SendAsync("x"u8.ToArray());
        }

        Assert.That(await ReceiveAsync(client), Is.EqualTo("b:x"));
    }

    [Test]
    public async Task The_largest_datagram_passes_whole()
    {
        Lead(AddServer("a"));
        using var client = Client();
        client.SendBufferSize = 200_000;
        var text = new string('x', 65_000);
        Assert.That(await AskAsync(client, text), Is.EqualTo("a:" + text));
    }

    [Test]
    public async Task A_service_of_datagrams_is_refused_without_endpoints()
    {
        var address = NewAddress();
        var route = Route("dns", address, AddServer("a"));
        route = route with { Key = route.Key with { Protocol = "UDP" } };
        _bench.Apply(route);
        using var client = Client(address);
        Assert.That(await AskAsync(client, "x"), Is.EqualTo("a:x"));
        _bench.Apply(route with { InternalEndpoints = EndpointSet.None });
        await client.SendAsync("x"u8.ToArray());
        Assert.That(await ErrorOfAsync(() => ReceiveAsync(client)), Is.EqualTo(SocketError.ConnectionRefused));
    }

    private void Lead(params ServiceEndpoint[] endpoints)
    {
        _backends.Update(new Frontend(_address, Port, FrontendKind.Cluster), Route("dns", _address, endpoints), null);
        _frontend.BackendsChanged();
    }

    /// <summary>An endpoint that answers each datagram with its name and what it got.</summary>
    private ServiceEndpoint AddServer(string name)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        server.SendBufferSize = 200_000;
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _servers.Add(server);
        _ = AnswerAsync(server, name);
        var local = (IPEndPoint)server.LocalEndPoint!;
        return new ServiceEndpoint(local.Address, local.Port, true);
    }

    private static async Task AnswerAsync(Socket server, string name)
    {
        var buffer = new byte[65_535];
        try
        {
            while (true)
            {
                var got = await server.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                byte[] answer = [.. Encoding.UTF8.GetBytes(name + ":"), .. buffer.AsSpan(0, got.ReceivedBytes)];
                await server.SendToAsync(answer, got.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private Socket Client(IPAddress? address = null)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.Connect(new IPEndPoint(address ?? _address, Port));
        return client;
    }

    private static async Task<string> AskAsync(Socket client, string text)
    {
        await client.SendAsync(Encoding.UTF8.GetBytes(text));
        return await ReceiveAsync(client);
    }

    private static async Task<string> ReceiveAsync(Socket client)
    {
        var buffer = new byte[65_535];
        return Encoding.UTF8.GetString(buffer, 0, await client.ReceiveAsync(buffer).WaitAsync(_patience));
    }
}
