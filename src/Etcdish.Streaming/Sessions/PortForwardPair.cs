using System.Text;
using Etcdish.Streaming.Spdy;

namespace Etcdish.Streaming.Sessions;

/// <summary>One forwarded connection: a stream for its data, and one for what goes wrong.</summary>
internal static class PortForwardPair
{
    /// <summary>Carries it to its end, tells the client of a failure, and completes both streams.</summary>
    /// <exception cref="IOException">The client's connection is gone.</exception>
    public static async Task RunAsync(
        int port, SessionStream data, SessionStream error, PortForwarder forwarder, CancellationToken closed)
    {
        try
        {
            await forwarder(port, data, closed);
        }
        catch (Exception) when (closed.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // Whatever it is, it costs this connection only, and the client is told.
        catch (Exception e)
        {
            await error.WriteAsync(Encoding.UTF8.GetBytes($"error forwarding port {port}: {e.Message}"), closed);
        }
#pragma warning restore CA1031

        data.DiscardReceived();
        try
        {
            await data.CompleteWritesAsync(closed);
        }
        catch (IOException) when (!closed.IsCancellationRequested)
        {
            // The client reset it, which says that it needs no end.
        }

        await error.CompleteWritesAsync(closed);
    }

    /// <summary>Whether a failure of a pair is only that its client is gone.</summary>
    public static bool IsEnd(Exception e) => SpdyConnection.IsEndOfTransport(e);
}
