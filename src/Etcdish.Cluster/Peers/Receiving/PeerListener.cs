using System.Net;
using System.Net.Sockets;

namespace Etcdish.Cluster.Peers;

/// <summary>Listens on one peer URL.</summary>
internal sealed class PeerListener : IDisposable
{
    private const int Backlog = 128;

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(100);

    private readonly PeerContext _context;
    private readonly Socket _socket;

    /// <summary>Binds and listens.</summary>
    /// <param name="context">The network.</param>
    /// <param name="url">Where.</param>
    /// <exception cref="ArgumentException">Nobody can listen there by its form.</exception>
    /// <exception cref="IOException">The address is taken, or not of this machine.</exception>
    public PeerListener(PeerContext context, PeerUrl url)
    {
        _context = context;
        IPEndPoint endPoint = url.ToListenEndPoint();
        _socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                _socket.DualMode = true;
            }

            _socket.Bind(endPoint);
            _socket.Listen(Backlog);
        }
        catch (SocketException e)
        {
            _socket.Dispose();
            throw new IOException($"cannot listen for peers on {url}: {e.Message}", e);
        }

        Url = url with { Port = ((IPEndPoint)_socket.LocalEndPoint!).Port };
    }

    /// <summary>Where, with the port that was bound.</summary>
    public PeerUrl Url { get; }

    /// <summary>Accepts until it is told to stop.</summary>
    public async Task RunAsync(InboundSessions sessions, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _socket.AcceptAsync(stop).ConfigureAwait(false);
                sessions.Serve(socket, Url.IsSecure, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException e)
            {
                // No more files, say: what waits is accepted when others have closed.
                _context.Tell(new PeerNotice(true, 0, PeerRefusal.None, $"cannot accept peers on {Url}: {e.Message}"));
                await Task.Delay(_pause, _context.Options.Clock, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Stops listening.</summary>
    public void Dispose() => _socket.Dispose();
}
