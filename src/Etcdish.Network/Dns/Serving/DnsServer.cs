using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Dns.Forwarding;

namespace Etcdish.Network.Dns.Serving;

/// <summary>The sockets of a name server: for each address one for datagrams and one for connections, on the same port.</summary>
internal sealed class DnsServer : IDisposable
{
    private const int Tries = 20;
    private const int ReceiveBufferBytes = 1 << 20;
    private readonly List<(Socket Datagrams, Socket Streams)> _sockets = [];

    /// <summary>Where it listens.</summary>
    public IReadOnlyList<IPEndPoint> Listening => [.. _sockets.Select(pair => (IPEndPoint)pair.Datagrams.LocalEndPoint!)];

    /// <summary>Opens the sockets.</summary>
    /// <param name="addresses">Where; port 0: whichever is free.</param>
    /// <exception cref="SocketException">An address is not there, or its port is taken or not allowed.</exception>
    public static DnsServer Open(IEnumerable<IPEndPoint> addresses)
    {
        var server = new DnsServer();
        try
        {
            foreach (var address in addresses)
            {
                server._sockets.Add(OpenPair(address));
            }

            return server;
        }
        catch (SocketException)
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Serves until it is cancelled.</summary>
    public Task RunAsync(
        Responder responder, Forwarder forwarder, TimeProvider clock, StreamLimits limits, CancellationToken cancellation) =>
        Task.WhenAll(_sockets.SelectMany(pair => new[]
        {
            Task.Run(() => new DatagramListener(pair.Datagrams, responder, forwarder).RunAsync(cancellation), CancellationToken.None),
            Task.Run(() => new StreamListener(pair.Streams, responder, forwarder, clock, limits).RunAsync(cancellation), CancellationToken.None),
        }));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (datagrams, streams) in _sockets)
        {
            datagrams.Dispose();
            streams.Dispose();
        }
    }

    private static (Socket, Socket) OpenPair(IPEndPoint address)
    {
        for (var left = address.Port == 0 ? Tries : 1; ; left--)
        {
            var datagrams = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            var streams = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                datagrams.ReceiveBufferSize = ReceiveBufferBytes;
                datagrams.Bind(address);
                streams.Bind(datagrams.LocalEndPoint!);
                streams.Listen();
                return (datagrams, streams);
            }
            catch (SocketException e)
            {
                datagrams.Dispose();
                streams.Dispose();

                // A port that is free for datagrams may be taken for connections: then another one is.
                if (left == 1 || e.SocketErrorCode != SocketError.AddressAlreadyInUse)
                {
                    throw;
                }
            }
        }
    }
}
