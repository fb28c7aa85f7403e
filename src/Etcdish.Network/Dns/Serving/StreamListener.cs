using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Etcdish.Network.Dns.Forwarding;

namespace Etcdish.Network.Dns.Serving;

/// <summary>
/// Answers queries on connections, each behind its length, one after the other (RFC 7766). A connection that says nothing for a while is
/// closed, and when there are too many, new ones are.
/// </summary>
internal sealed class StreamListener(Socket socket, Responder responder, Forwarder forwarder, TimeProvider clock, StreamLimits limits)
{
    private const int MaxMessage = ushort.MaxValue;
    private int _connections;

    /// <summary>Serves until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            Socket connection;
            try
            {
                connection = await socket.AcceptAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
            {
                // Who called has hung up already.
                continue;
            }

            if (Interlocked.Increment(ref _connections) > limits.MostConnections)
            {
                Interlocked.Decrement(ref _connections);
                connection.Dispose();
                continue;
            }

            _ = ServeAsync(connection, cancellation);
        }
    }

    private async Task ServeAsync(Socket connection, CancellationToken cancellation)
    {
        try
        {
            connection.NoDelay = true;
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            while (await ServeOneAsync(stream, cancellation))
            {
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // The client is gone or silent, or the server stops: the connection is closed, which is all there is to say.
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task<bool> ServeOneAsync(NetworkStream stream, CancellationToken cancellation)
    {
        using var silence = new CancellationTokenSource(limits.Idle, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, silence.Token);
        var prefix = new byte[2];
        if (await stream.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false, either.Token) < prefix.Length)
        {
            return false;
        }

        var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await stream.ReadExactlyAsync(query, either.Token);
        var buffer = ArrayPool<byte>.Shared.Rent(2 + MaxMessage);
        try
        {
            var length = await AnswerAsync(query, buffer);
            BinaryPrimitives.WriteUInt16BigEndian(buffer, (ushort)length);
            await stream.WriteAsync(buffer.AsMemory(0, length > 0 ? 2 + length : 0), either.Token);
            return length > 0;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<int> AnswerAsync(byte[] query, byte[] buffer)
    {
        var length = responder.Answer(query, buffer.AsSpan(2, MaxMessage), isStream: true, known: null, out var question);
        if (length != Responder.NeedsUpstream)
        {
            return length;
        }

        var known = await forwarder.AskAsync(question!);
        return Math.Max(0, responder.Answer(query, buffer.AsSpan(2, MaxMessage), isStream: true, known, out _));
    }
}

/// <summary>What connections may cost.</summary>
/// <param name="MostConnections">How many there may be.</param>
/// <param name="Idle">How long one may take for a query and its answer, its silence before it included.</param>
internal sealed record StreamLimits(int MostConnections, TimeSpan Idle)
{
    /// <summary>The usual ones.</summary>
    public static StreamLimits Default { get; } = new(256, TimeSpan.FromSeconds(15));
}
