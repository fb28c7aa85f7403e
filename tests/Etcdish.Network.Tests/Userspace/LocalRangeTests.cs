using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Userspace;

namespace Etcdish.Network.Tests.Userspace;

/// <summary>Ranges of addresses that are this machine's by a route.</summary>
public sealed class LocalRangeTests
{
    [TestCase("10.96.0.0/16", "10.96.3.7")]
    [TestCase("fd00:96::/108", "fd00:96::7")]
    public async Task Every_address_of_a_range_can_be_listened_at_until_it_is_given_back(string text, string one)
    {
        using var place = TestNamespace.Create();
        var range = IPNetwork.Parse(text);
        var frontend = new Frontend(IPAddress.Parse(one), 80, FrontendKind.Cluster);
        Assert.That(() => place.Enter(() => Listen(frontend, [])), Throws.Exception, "it is nobody's");
        _ = await LocalRange.AddAsync(range, place.Ip, CancellationToken.None);
        await using (await LocalRange.AddAsync(range, place.Ip, CancellationToken.None))
        {
            place.Enter(() => Listen(frontend, [range]));
        }

        Assert.That(() => place.Enter(() => Listen(frontend, [])), Throws.Exception);
        Assert.That(await place.Ip.RunAsync(["route", "show", "table", "local", "match", one], CancellationToken.None), Does.Not.Contain(text));
    }

    private static void Listen(Frontend frontend, IReadOnlyList<IPNetwork> ranges)
    {
        using var listener = ListeningSocket.Bind(frontend, SocketType.Stream, ProtocolType.Tcp, ranges);
        listener.Listen();
        using var client = new Socket(frontend.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(frontend.Address, frontend.Port);
        using var server = listener.Accept();
        Assert.That(((IPEndPoint)server.LocalEndPoint!).Address, Is.EqualTo(frontend.Address));
    }
}
