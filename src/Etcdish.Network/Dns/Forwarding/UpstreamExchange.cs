using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Forwarding;

/// <summary>
/// One question to one name server: a datagram from a port of its own with an id nobody can guess, and a stream if the answer was cut off.
/// </summary>
internal static class UpstreamExchange
{
    private const int MaxMessage = ushort.MaxValue;

    /// <summary>Asks. The answer is one to this question; it may say anything else.</summary>
    /// <exception cref="SocketException">The name server cannot be reached.</exception>
    /// <exception cref="IOException">It hung up.</exception>
    /// <exception cref="OperationCanceledException">It did not answer in time.</exception>
    public static async Task<byte[]> AskAsync(IPEndPoint server, byte[] question, CancellationToken cancellation)
    {
        var answer = await AskByDatagramAsync(server, NewQuery(question, withEdns: true), cancellation);
        if (CodeOf(answer) is ResponseCode.FormatError or ResponseCode.NotImplemented)
        {
            // Servers from before EDNS refuse what they do not know (RFC 6891 §7).
            answer = await AskByDatagramAsync(server, NewQuery(question, withEdns: false), cancellation);
        }

        var isCutOff = (DnsHeader.Read(answer).Flags & DnsHeader.IsTruncated) != 0;
        return isCutOff ? await AskByStreamAsync(server, NewQuery(question, withEdns: true), cancellation) : answer;
    }

    /// <summary>How an answer ended.</summary>
    public static ResponseCode CodeOf(ReadOnlySpan<byte> answer) => (ResponseCode)(DnsHeader.Read(answer).Flags & DnsHeader.CodeMask);

    private static byte[] NewQuery(byte[] question, bool withEdns)
    {
        Span<byte> id = stackalloc byte[2];
        RandomNumberGenerator.Fill(id);
        return UpstreamQuestion.ToQuery(question, BinaryPrimitives.ReadUInt16BigEndian(id), withEdns);
    }

    private static async Task<byte[]> AskByDatagramAsync(IPEndPoint server, byte[] query, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);

        // The kernel picks the port by chance, and a connected socket hears nobody but the server.
        await socket.ConnectAsync(server, cancellation);
        await socket.SendAsync(query, SocketFlags.None, cancellation);
        var buffer = new byte[DnsQuery.MaxDatagram * 4];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellation);
            if (UpstreamQuestion.IsAnswered(query, buffer.AsSpan(0, length)))
            {
                return buffer[..length];
            }
        }
    }

    private static async Task<byte[]> AskByStreamAsync(IPEndPoint server, byte[] query, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellation);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(new[] { (byte)(query.Length >> 8), (byte)query.Length }.Concat(query).ToArray(), cancellation);
        var buffer = new byte[MaxMessage];
        await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), cancellation);
        var length = BinaryPrimitives.ReadUInt16BigEndian(buffer);
        await stream.ReadExactlyAsync(buffer.AsMemory(0, length), cancellation);
        return UpstreamQuestion.IsAnswered(query, buffer.AsSpan(0, length))
            ? buffer[..length]
            : throw new IOException($"{server} answered another question");
    }
}
