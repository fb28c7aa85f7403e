using System.Buffers.Binary;
using System.Net.WebSockets;
using Etcdish.Streaming.Spdy;
using Etcdish.Streaming.WebSockets;

namespace Etcdish.Streaming.Tests;

/// <summary>Makes whole conversations of clients, lawful ones and broken ones, and lets servers go through them.</summary>
internal static class BrokenPeers
{
    // Of RFC 6455, section 5.2.
    private const byte Continuation = 0x0;
    private const byte Binary = 0x2;
    private const byte Close = 0x8;
    private const byte Ping = 0x9;
    private const int MostPingBytes = 125;

    private static readonly StreamingLimits _limits = new()
    {
        ReceiveBufferBytes = 4096,
        MaxControlFrameBytes = 4096,
        MaxHeaderBytes = 2048,
        MaxStreams = 8,
        Linger = TimeSpan.FromSeconds(30),
    };

    /// <summary>A lawful client of SPDY: streams with data, pings, resets and ends.</summary>
    public static byte[] MakeSpdy(Random random)
    {
        using var bytes = new MemoryStream();
        var deflater = new HeaderDeflater();
        var opened = 0u;
        for (var frames = random.Next(3, 20); frames > 0; frames--)
        {
            var stream = opened == 0 ? 1 : (2 * (uint)random.Next((int)opened)) + 1;
            bytes.Write(random.Next(6) switch
            {
                0 => SpdyFrames.SynStream((2 * opened++) + 1, SpdyFlags.None, deflater.Deflate(SpdyHeaders.Write(MakeHeaders(random)))),
                1 => SpdyFrames.Ping(1),
                2 => SpdyFrames.RstStream(stream, SpdyResetCode.Cancel),
                3 => SpdyFrames.WindowUpdate(stream, 100),
                4 => MakeData(random, stream, SpdyFlags.Fin),
                _ => MakeData(random, stream, SpdyFlags.None),
            });
        }

        return bytes.ToArray();
    }

    /// <summary>A lawful client of a WebSocket with channels: data, half-closes, pings and fragments, and the end.</summary>
    public static byte[] MakeChannels(Random random)
    {
        using var bytes = new MemoryStream();
        for (var messages = random.Next(1, 12); messages > 0; messages--)
        {
            var payload = new byte[random.Next(200)];
            random.NextBytes(payload);
            if (payload.Length > 1)
            {
                payload[0] = (byte)(random.Next(6) == 0 ? 255 : random.Next(6));
                payload[1] = (byte)random.Next(6);
            }

            var cut = random.Next(payload.Length + 1);
            WriteFragment(bytes, Binary, payload.AsSpan(0, cut), isLast: cut == payload.Length, random);
            if (random.Next(8) == 0)
            {
                WriteFragment(bytes, Ping, payload.AsSpan(0, Math.Min(payload.Length, MostPingBytes)), isLast: true, random);
            }

            if (cut < payload.Length)
            {
                WriteFragment(bytes, Continuation, payload.AsSpan(cut), isLast: true, random);
            }
        }

        WriteFragment(bytes, Close, [], isLast: true, random);
        return bytes.ToArray();
    }

    /// <summary>Some bytes changed, some taken out, and perhaps the end cut off.</summary>
    public static byte[] Break(Random random, byte[] lawful)
    {
        var bytes = new List<byte>(lawful);
        for (var changes = random.Next(4); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(3))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>A server of SPDY that takes everything. Returns what ended it, or null if the client's end did.</summary>
    public static async Task<Exception?> RunSpdyAsync(byte[] script, int pieceBytes)
    {
        await using var connection = new SpdyConnection(new ScriptedPeer(script, pieceBytes), isServer: true, _limits);
        var reading = new List<Task>();
        while (await connection.AcceptStreamAsync() is { } stream)
        {
            reading.Add(DrainAsync(stream));
        }

        await Task.WhenAll(reading);
        return connection.Failure;
    }

    /// <summary>A server of a WebSocket with channels that takes everything. Returns whether all its channels came to an end.</summary>
    public static async Task<bool> RunChannelsAsync(byte[] script, int pieceBytes)
    {
        var socket = WebSocket.CreateFromStream(new ScriptedPeer(script, pieceBytes), new WebSocketCreationOptions { IsServer = true });
        await using var connection = new ChannelConnection(socket, ChannelProtocol.V5, channels: 5, isServer: true, _limits);
        var ends = await Task.WhenAll(connection.Channels.Select(DrainAsync));
        return Array.TrueForAll(ends, end => end);
    }

    private static async Task<bool> DrainAsync(SessionStream stream)
    {
        try
        {
            await stream.CopyToAsync(Stream.Null);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static Dictionary<string, string> MakeHeaders(Random random) => new()
    {
        ["streamtype"] = random.Next(2) == 0 ? "data" : "error",
        ["port"] = $"{random.Next(70_000)}",
        ["requestid"] = $"{random.Next(4)}",
    };

    private static byte[] MakeData(Random random, uint stream, SpdyFlags flags)
    {
        var frame = new byte[SpdyFrameHeader.Size + random.Next(300)];
        random.NextBytes(frame);
        new SpdyFrameHeader(SpdyFrameType.Data, stream, flags, frame.Length - SpdyFrameHeader.Size).Write(frame);
        return frame;
    }

    // A frame of RFC 6455, section 5.2, masked as clients must.
    private static void WriteFragment(MemoryStream bytes, byte opcode, ReadOnlySpan<byte> payload, bool isLast, Random random)
    {
        bytes.WriteByte((byte)(opcode | (isLast ? 0x80 : 0)));
        if (payload.Length < 126)
        {
            bytes.WriteByte((byte)(0x80 | payload.Length));
        }
        else
        {
            Span<byte> length = stackalloc byte[sizeof(ushort)];
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)payload.Length);
            bytes.WriteByte(0x80 | 126);
            bytes.Write(length);
        }

        Span<byte> mask = stackalloc byte[4];
        random.NextBytes(mask);
        bytes.Write(mask);
        for (var i = 0; i < payload.Length; i++)
        {
            bytes.WriteByte((byte)(payload[i] ^ mask[i % 4]));
        }
    }
}
