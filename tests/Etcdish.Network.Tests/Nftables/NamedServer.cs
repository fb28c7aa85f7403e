using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>
/// Listens in a namespace with TCP and UDP, and answers who it is and whom it sees: over TCP once at the start of a connection and after
/// each byte, over UDP to each datagram.
/// </summary>
internal sealed class NamedServer : IDisposable
{
    private readonly string _name;
    private readonly Socket _listener;
    private readonly Socket _datagrams;

    public NamedServer(ProxyNetwork network, string name, int port = 8080)
    {
        _name = name;
        _listener = Open(network.Of(name), SocketType.Stream, port);
        _listener.Listen();
        _datagrams = Open(network.Of(name), SocketType.Dgram, port);
        _ = AcceptAsync();
        _ = AnswerAsync();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _datagrams.Dispose();
    }

    private static Socket Open(string ns, SocketType type, int port) => NetworkNamespaces.In(ns, () =>
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, type, ProtocolType.Unspecified) { DualMode = true };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        return socket;
    });

    private byte[] Say(EndPoint? other)
    {
        var address = ((IPEndPoint)other!).Address;
        return Encoding.ASCII.GetBytes($"{_name} sees {(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)}\n");
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        using (connection)
        {
            var one = new byte[1];
            try
            {
                do
                {
                    await connection.SendAsync(Say(connection.RemoteEndPoint));
                }
                while (await connection.ReceiveAsync(one) > 0);
            }
            catch (SocketException)
            {
                // The client is gone.
            }
        }
    }

    private async Task AnswerAsync()
    {
        var datagram = new byte[100];
        try
        {
            while (true)
            {
                var got = await _datagrams.ReceiveFromAsync(datagram, new IPEndPoint(IPAddress.IPv6Any, 0));
                await _datagrams.SendToAsync(Say(got.RemoteEndPoint), got.RemoteEndPoint);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
