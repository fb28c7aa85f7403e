using System.Buffers;
using System.Net.Sockets;
using Etcdish.Streaming.Spdy;

namespace Etcdish.Streaming.Sessions;

/// <summary>Ties a stream of a session to a socket, such as a forwarded connection to the pod's.</summary>
public static class SocketRelay
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>
    /// Carries bytes both ways until both have ended; the end of one direction is passed on and the other goes on. When one fails both
    /// end. The socket stays the caller's.
    /// </summary>
    /// <exception cref="IOException">The stream was reset or lost before the socket's side was complete.</exception>
    /// <exception cref="SocketException">The socket failed.</exception>
    public static async Task RunAsync(SessionStream stream, Socket socket, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var outward = OutwardAsync(stream, socket, end.Token);
        var inward = InwardAsync(stream, socket, end.Token);
        if ((await Task.WhenAny(outward, inward)).IsFaulted)
        {
            await end.CancelAsync();
        }

        try
        {
            await Task.WhenAll(outward, inward);
        }
        catch (Exception e) when (inward.IsCompletedSuccessfully && (e is SocketException || SpdyConnection.IsEndOfTransport(e)))
        {
            // When the socket's side is complete, what the client still wanted to send does not matter: it resets the stream then.
        }
    }

    private static async Task OutwardAsync(SessionStream stream, Socket socket, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await stream.ReadAsync(buffer, cancellation) is > 0 and var count)
            {
                for (var sent = 0; sent < count;)
                {
                    sent += await socket.SendAsync(buffer.AsMemory(sent, count - sent), cancellation);
                }
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task InwardAsync(SessionStream stream, Socket socket, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), cancellation) is > 0 and var count)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), cancellation);
            }

            await stream.CompleteWritesAsync(cancellation);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
