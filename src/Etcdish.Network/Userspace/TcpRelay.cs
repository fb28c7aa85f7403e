using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Services;

namespace Etcdish.Network.Userspace;

/// <summary>
/// One TCP connection of a client, and the one to an endpoint that it is carried over. Each side's end of sending is passed on as such, and
/// a reset as a reset. Between a read and the write of what was read nothing waits but one buffer each way; a side that does not take any
/// stops the other; a silent connection has no buffer at all.
/// </summary>
internal sealed class TcpRelay
{
    private const int BufferSize = 64 * 1024;
    private const int MaxTries = 4;
    private const int LastTryFactor = 5;

    private readonly Socket _client;
    private readonly Backends _backends;
    private readonly TimeSpan _connectTimeout;
    private readonly Lock _lock = new();
    private Socket? _server;
    private bool _isAborted;

    public TcpRelay(Socket client, Backends backends, TimeSpan connectTimeout)
    {
        _client = client;
        _backends = backends;
        _connectTimeout = connectTimeout;
    }

    /// <summary>Carries the connection to its end. Whatever happens to it concerns nobody else: nothing is thrown.</summary>
    public async Task RunAsync()
    {
        try
        {
            Prepare(_client);
            var from = ((IPEndPoint)_client.RemoteEndPoint!).Address;
            if (!_backends.Admits(from) || await ConnectAsync(from) is not { } server)
            {
                Abort();
                return;
            }

            await Task.WhenAll(CarryAsync(_client, server), CarryAsync(server, _client));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            Abort();
        }
        finally
        {
            _client.Dispose();
            _server?.Dispose();
        }
    }

    /// <summary>Ends it at once: both sides get a reset.</summary>
    public void Abort()
    {
        lock (_lock)
        {
            if (!_isAborted)
            {
                _isAborted = true;
                Reset(_client);
                Reset(_server);
            }
        }
    }

    private async Task<Socket?> ConnectAsync(IPAddress client)
    {
        var candidates = _backends.For(client);
        var tries = Math.Min(candidates.Count, MaxTries);
        for (var i = 0; i < tries; i++)
        {
            var timeout = i < tries - 1 ? _connectTimeout : _connectTimeout * LastTryFactor;
            if (await TryConnectAsync(candidates[i], timeout) is { } server)
            {
                _backends.Remember(client, candidates[i]);
                return server;
            }
        }

        return null;
    }

    // The client has sent nothing that anybody has read, so another endpoint can have it all.
    private async Task<Socket?> TryConnectAsync(ServiceEndpoint endpoint, TimeSpan timeout)
    {
        var server = new Socket(endpoint.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var patience = new CancellationTokenSource(timeout);
        try
        {
            if (TryUse(server))
            {
                await server.ConnectAsync(new IPEndPoint(endpoint.Address, endpoint.Port), patience.Token);
                Prepare(server);
                return server;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Refused, or silent for too long, or this relay is being ended.
        }

        server.Dispose();
        return null;
    }

    /// <summary>Makes a socket the one to be reset with this relay; false: that has happened already.</summary>
    private bool TryUse(Socket server)
    {
        lock (_lock)
        {
            _server = server;
            return !_isAborted;
        }
    }

    private async Task CarryAsync(Socket from, Socket to)
    {
        try
        {
            await CopyAsync(from, to);
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // What one side has lost the other one must not take for a regular end.
            Abort();
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        while (true)
        {
            // Waits without a buffer.
            await from.ReceiveAsync(Memory<byte>.Empty);
            var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
            try
            {
                int count;
                do
                {
                    count = await from.ReceiveAsync(buffer);
                    if (count == 0)
                    {
                        return;
                    }

                    await SendAsync(to, buffer.AsMemory(0, count));
                }
                while (count == buffer.Length);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private static async ValueTask SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await to.SendAsync(bytes)..];
        }
    }

    // A machine that went without a word is noticed, so that no connection stays for ever.
    private static void Prepare(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 4);
    }

    private static void Reset(Socket? socket)
    {
        try
        {
            // Closing with no time to linger is how the system is told to send a reset.
            socket?.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is gone already.
        }

        socket?.Dispose();
    }
}
