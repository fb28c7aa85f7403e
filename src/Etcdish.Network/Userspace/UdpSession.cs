using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Services;

namespace Etcdish.Network.Userspace;

/// <summary>One client of a UDP frontend: a socket of its own to its endpoint, whose answers go back by the frontend.</summary>
internal sealed class UdpSession : IDisposable
{
    private readonly Socket _server;
    private readonly Socket _frontend;
    private readonly TimeProvider _clock;
    private long _usedAt;

    /// <summary>Opens one.</summary>
    /// <exception cref="SocketException">There is no way to the endpoint.</exception>
    public UdpSession(Socket frontend, SocketAddress client, ServiceEndpoint endpoint, TimeProvider clock)
    {
        _frontend = frontend;
        _clock = clock;
        Client = client;
        Endpoint = endpoint;
        _usedAt = clock.GetTimestamp();
        _server = new Socket(endpoint.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            _server.Connect(new IPEndPoint(endpoint.Address, endpoint.Port));
        }
        catch (SocketException)
        {
            _server.Dispose();
            throw;
        }
    }

    /// <summary>Who.</summary>
    public SocketAddress Client { get; }

    /// <summary>To whom.</summary>
    public ServiceEndpoint Endpoint { get; }

    /// <summary>When something last went either way, in the clock's ticks.</summary>
    public long UsedAt => Volatile.Read(ref _usedAt);

    /// <summary>Passes on what the client sent.</summary>
    /// <exception cref="SocketException">The endpoint has said before that nobody is there.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> datagram)
    {
        Touch();
        await _server.SendAsync(datagram);
    }

    /// <summary>Passes on what the endpoint answers, until the session is closed or the endpoint says that nobody is there.</summary>
    public async Task RunAsync()
    {
        try
        {
            var peeked = new byte[1];
            while (true)
            {
                // Waits without a buffer of the size of a datagram.
                await _server.ReceiveAsync(peeked, SocketFlags.Peek);
                var buffer = ArrayPool<byte>.Shared.Rent(UdpFrontend.MaxDatagram);
                try
                {
                    var count = await _server.ReceiveAsync(buffer);
                    Touch();
                    await _frontend.SendToAsync(buffer.AsMemory(0, count), SocketFlags.None, Client);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Its frontend opens another one when the client goes on.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _server.Dispose();

    private void Touch() => Volatile.Write(ref _usedAt, _clock.GetTimestamp());
}
