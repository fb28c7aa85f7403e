using System.Net.Sockets;

namespace Etcdish.Network.Userspace;

/// <summary>Takes the TCP connections of one frontend, and starts a relay for each.</summary>
internal sealed class TcpFrontend : IFrontendListener
{
    private const int Backlog = 512;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly Backends _backends;
    private readonly TcpRelays _relays;
    private readonly Action<string> _warn;
    private readonly UserspaceProxyOptions _options;
    private volatile bool _isClosed;

    private TcpFrontend(Socket socket, Backends backends, TcpRelays relays, UserspaceProxyOptions options, Action<string> warn)
    {
        _socket = socket;
        _backends = backends;
        _relays = relays;
        _options = options;
        _warn = warn;
    }

    /// <summary>Listens from now on.</summary>
    /// <exception cref="SocketException">It cannot.</exception>
    public static TcpFrontend Listen(
        Frontend frontend, Backends backends, TcpRelays relays, UserspaceProxyOptions options, Action<string> warn)
    {
        var socket = ListeningSocket.Bind(frontend, SocketType.Stream, ProtocolType.Tcp, options.LocalRanges);
        try
        {
            socket.Listen(Backlog);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }

        var listener = new TcpFrontend(socket, backends, relays, options, warn);
        _ = listener.AcceptAsync();
        return listener;
    }

    /// <inheritdoc/>
    public void BackendsChanged()
    {
        // Connections that live stay with the endpoint they have, as with every proxy of services.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isClosed = true;
        _socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        var isTold = false;
        while (true)
        {
            try
            {
                var client = await _socket.AcceptAsync();
                isTold = false;
                _relays.Start(new TcpRelay(client, _backends, _options.ConnectTimeout));
            }
            catch (Exception e) when (_isClosed && e is SocketException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionAborted)
            {
                // The client went before it was its turn.
            }
            catch (SocketException e)
            {
                // Most likely no file descriptor is left: clients wait in the kernel's queue until one is.
                if (!isTold)
                {
                    _warn($"cannot take connections for now: {e.Message}");
                    isTold = true;
                }

                await Task.Delay(_pause, _options.Clock);
            }
        }
    }
}
