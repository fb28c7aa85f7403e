using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Etcdish.Rpc.Tests;

internal enum FrameType : byte
{
    Data = 0,
    Headers = 1,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

internal sealed record Frame(FrameType Type, byte Flags, int StreamId, byte[] Payload)
{
    public const byte EndStream = 1;
    public const byte Ack = 1;
    public const byte EndHeaders = 4;

    public bool IsEndOfStream => Type is FrameType.Data or FrameType.Headers && (Flags & EndStream) != 0;

    /// <summary>The payload as text; the server does not compress strings, so the headers can be read in it.</summary>
    public string Text => Encoding.ASCII.GetString(Payload);

    /// <summary>Error code of a GOAWAY or RST_STREAM.</summary>
    public int ErrorCode => BinaryPrimitives.ReadInt32BigEndian(Payload.AsSpan(Type == FrameType.GoAway ? 4 : 0));
}

/// <summary>HTTP/2 by hand over a socket: sends exactly the frames a test wants, lawful or not.</summary>
internal sealed class RawHttp2Client : IDisposable
{
    public static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private Stream _stream = null!;
    private IOException? _end;

    /// <summary>Connects, with TLS if options for it are given, and says nothing.</summary>
    public static async Task<RawHttp2Client> ConnectSilentlyAsync(int port, SslClientAuthenticationOptions? tls = null)
    {
        var client = new RawHttp2Client();
        await client._socket.ConnectAsync(IPAddress.Loopback, port);
        client._stream = new NetworkStream(client._socket, ownsSocket: true);
        if (tls is not null)
        {
            var secure = new SslStream(client._stream);
            client._stream = secure;
            await secure.AuthenticateAsClientAsync(tls);
        }

        return client;
    }

    /// <summary>Connects, sends preface and settings, and takes the header table away, so that answers come as literals.</summary>
    public static async Task<RawHttp2Client> ConnectAsync(int port, int initialWindow = 1 << 20)
    {
        RawHttp2Client client = await ConnectSilentlyAsync(port);
        await client.SendBytesAsync(Preface);
        byte[] settings = new byte[12];
        BinaryPrimitives.WriteUInt16BigEndian(settings, 1);
        BinaryPrimitives.WriteUInt16BigEndian(settings.AsSpan(6), 4);
        BinaryPrimitives.WriteInt32BigEndian(settings.AsSpan(8), initialWindow);
        await client.SendAsync(FrameType.Settings, 0, 0, settings);
        return client;
    }

    public static byte[] Message(ReadOnlySpan<byte> payload, byte format = 0)
    {
        byte[] message = new byte[5 + payload.Length];
        message[0] = format;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), payload.Length);
        payload.CopyTo(message.AsSpan(5));
        return message;
    }

    /// <summary>A header block of literals that touch no table.</summary>
    public static byte[] HeaderBlock(params (string Name, string Value)[] headers)
    {
        var block = new MemoryStream();
        foreach ((string name, string value) in headers)
        {
            block.WriteByte(0);
            WriteString(block, name);
            WriteString(block, value);
        }

        return block.ToArray();
    }

    public static byte[] RequestHeaders(string method, params (string Name, string Value)[] more) => HeaderBlock(
    [
        (":method", "POST"), (":scheme", "http"), (":path", $"/etcdish.rpc.tests.Echo/{method}"), (":authority", "localhost"),
        ("content-type", "application/grpc"), .. more,
    ]);

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes);

    public Task SendAsync(FrameType type, byte flags, int streamId, ReadOnlySpan<byte> payload, int? claimedLength = null)
    {
        byte[] frame = new byte[9 + payload.Length];
        int length = claimedLength ?? payload.Length;
        frame[0] = (byte)(length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)length);
        frame[3] = (byte)type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame.AsSpan(9));
        return SendBytesAsync(frame);
    }

    public Task OpenAsync(int streamId, string method, params (string Name, string Value)[] more) =>
        SendAsync(FrameType.Headers, Frame.EndHeaders, streamId, RequestHeaders(method, more));

    public Task SendDataAsync(int streamId, byte[] data, bool end) =>
        SendAsync(FrameType.Data, end ? Frame.EndStream : (byte)0, streamId, data);

    public Task ResetAsync(int streamId, int errorCode = 8)
    {
        byte[] payload = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, errorCode);
        return SendAsync(FrameType.RstStream, 0, streamId, payload);
    }

    /// <summary>The next frame; null when the server closed the connection.</summary>
    public async Task<Frame?> ReceiveAsync()
    {
        using var patience = new CancellationTokenSource(_patience);
        byte[] header = new byte[9];
        try
        {
            await _stream.ReadExactlyAsync(header, patience.Token);
            byte[] payload = new byte[(header[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(1))];
            await _stream.ReadExactlyAsync(payload, patience.Token);
            int streamId = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5));
            return new Frame((FrameType)header[3], header[4], streamId, payload);
        }
        catch (IOException end)
        {
            _end = end;
            return null;
        }
    }

    /// <summary>The next frame that satisfies a condition.</summary>
    public async Task<Frame> ReceiveAsync(Func<Frame, bool> condition)
    {
        Frame? last = null;
        while (await ReceiveAsync() is { } frame)
        {
            if (condition(frame))
            {
                return frame;
            }

            last = frame;
        }

        throw new AssertionException($"The connection ended ({_end?.Message}) before the frame came; the last one was {last} {last?.Text}.");
    }

    /// <summary>The headers or trailers that end a stream.</summary>
    public Task<Frame> ReceiveEndAsync(int streamId) =>
        ReceiveAsync(frame => frame.StreamId == streamId && (frame.IsEndOfStream || frame.Type == FrameType.RstStream));

    /// <summary>Reads until the server closes the connection; the last GOAWAY seen, if any.</summary>
    public async Task<Frame?> ReceiveUntilClosedAsync()
    {
        Frame? goAway = null;
        while (await ReceiveAsync() is { } frame)
        {
            goAway = frame.Type == FrameType.GoAway ? frame : goAway;
        }

        return goAway;
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _socket.Dispose();
    }

    private static void WriteString(MemoryStream block, string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        if (bytes.Length < 127)
        {
            block.WriteByte((byte)bytes.Length);
        }
        else
        {
            block.WriteByte(127);
            int rest = bytes.Length - 127;
            for (; rest >= 128; rest >>= 7)
            {
                block.WriteByte((byte)(rest | 128));
            }

            block.WriteByte((byte)rest);
        }

        block.Write(bytes);
    }
}
