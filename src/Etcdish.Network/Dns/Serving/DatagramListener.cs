using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Dns.Forwarding;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Serving;

/// <summary>
/// Answers datagrams. One loop receives, answers and sends; only queries for name servers outside leave it, and come back on threads of
/// their own.
/// </summary>
internal sealed class DatagramListener(Socket socket, Responder responder, Forwarder forwarder)
{
    private const int LargestQuery = 4096;

    /// <summary>Queries that may wait for name servers outside; more are lost, and asked again by their senders.</summary>
    private const int MostWaiting = 5000;

    private int _waiting;

    /// <summary>Serves until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var sender = new SocketAddress(socket.AddressFamily);
        var query = GC.AllocateArray<byte>(LargestQuery, pinned: true);
        var reply = GC.AllocateArray<byte>(DnsQuery.MaxDatagram, pinned: true);
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var length = await socket.ReceiveFromAsync(query, SocketFlags.None, sender, cancellation);
                Answer(query.AsSpan(0, length), reply, sender);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException e) when (IsAboutOneDatagram(e.SocketErrorCode))
            {
                // It is lost, as any datagram may be; its sender asks again.
            }
        }
    }

    private void Answer(ReadOnlySpan<byte> query, byte[] reply, SocketAddress sender)
    {
        var length = responder.Answer(query, reply, isStream: false, known: null, out var question);
        if (length > 0)
        {
            socket.SendTo(reply.AsSpan(0, length), SocketFlags.None, sender);
        }
        else if (length == Responder.NeedsUpstream && Volatile.Read(ref _waiting) < MostWaiting)
        {
            Interlocked.Increment(ref _waiting);
            var address = new SocketAddress(sender.Family, sender.Buffer.Length);
            sender.Buffer.CopyTo(address.Buffer);
            address.Size = sender.Size;
            _ = AnswerLaterAsync(query.ToArray(), question!, address);
        }
    }

    private async Task AnswerLaterAsync(byte[] query, byte[] question, SocketAddress sender)
    {
        var known = await forwarder.AskAsync(question).ConfigureAwait(false);
        Interlocked.Decrement(ref _waiting);
        var reply = new byte[DnsQuery.MaxDatagram];
        var length = responder.Answer(query, reply, isStream: false, known, out _);
        try
        {
            if (length > 0)
            {
                socket.SendTo(reply.AsSpan(0, length), SocketFlags.None, sender);
            }
        }
        catch (SocketException e) when (IsAboutOneDatagram(e.SocketErrorCode))
        {
            // As above.
        }
        catch (ObjectDisposedException)
        {
            // The server has stopped meanwhile.
        }
    }

    /// <summary>The kernel tells a socket what became of datagrams that it sent, and which cannot be sent; the socket is as good as before.</summary>
    private static bool IsAboutOneDatagram(SocketError error) => error is
        SocketError.ConnectionRefused or SocketError.ConnectionReset or SocketError.HostUnreachable or SocketError.NetworkUnreachable
        or SocketError.HostDown or SocketError.NetworkDown or SocketError.MessageSize or SocketError.AccessDenied
        or SocketError.NoBufferSpaceAvailable or SocketError.AddressNotAvailable or SocketError.InvalidArgument or SocketError.TimedOut;
}
