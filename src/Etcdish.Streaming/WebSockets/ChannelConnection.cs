using System.Buffers;
using System.Buffers.Text;
using System.Net.WebSockets;

namespace Etcdish.Streaming.WebSockets;

/// <summary>A WebSocket that is shared by a fixed number of channels.</summary>
internal sealed class ChannelConnection : IAsyncDisposable
{
    private const int BufferBytes = 32 * 1024;

    private readonly WebSocket _socket;
    private readonly ChannelProtocol _protocol;
    private readonly bool _isServer;
    private readonly StreamingLimits _limits;
    private readonly ChannelStream[] _channels;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly CancellationTokenSource _closed = new();
    private readonly Task _receiving;

    /// <summary>Begins a connection on a socket, which it owns from now on.</summary>
    /// <param name="socket">The socket, open.</param>
    /// <param name="protocol">How messages are to be read.</param>
    /// <param name="channels">How many channels there are. What comes for others is thrown away.</param>
    /// <param name="isServer">Whether this is the side that was called.</param>
    /// <param name="limits">Bounds.</param>
    public ChannelConnection(WebSocket socket, ChannelProtocol protocol, int channels, bool isServer, StreamingLimits limits)
    {
        _socket = socket;
        _protocol = protocol;
        _isServer = isServer;
        _limits = limits;
        _channels = new ChannelStream[channels];
        for (var i = 0; i < channels; i++)
        {
            _channels[i] = new ChannelStream(this, (byte)i, limits.ReceiveBufferBytes);
        }

        Closed = _closed.Token;
        _receiving = Task.Run(ReceiveAsync);
    }

    public IReadOnlyList<SessionStream> Channels => _channels;

    /// <summary>Cancelled when the connection carries nothing any more.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Sends data of a channel. No data is a message too.</summary>
    /// <exception cref="IOException">The connection is gone.</exception>
    public async ValueTask SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        do
        {
            var part = data[..Math.Min(data.Length, BufferBytes)];
            await SendMessageAsync(channel, part, cancellation);
            data = data[part.Length..];
        }
        while (data.Length > 0);
    }

    /// <summary>Completes a channel, if this side can.</summary>
    /// <exception cref="IOException">The connection is gone.</exception>
    public ValueTask SendCloseAsync(byte channel, CancellationToken cancellation) =>
        _protocol.HasHalfClose && !_isServer
            ? SendMessageAsync(ChannelProtocol.CloseChannel, new[] { channel }, cancellation)
            : ValueTask.CompletedTask;

    /// <summary>
    /// Takes leave: what was written reaches the peer, what it still sends is thrown away, and when it has answered, or taken too long to,
    /// the socket is closed.
    /// </summary>
    public async Task CloseAsync()
    {
        Array.ForEach(_channels, channel => channel.DiscardReceived());
        try
        {
            await SendFarewellAsync(WebSocketCloseStatus.NormalClosure, "").WaitAsync(_limits.Linger, _limits.Clock);
            await _receiving.WaitAsync(_limits.Linger, _limits.Clock);
        }
        catch (Exception e) when (IsEndOfTransport(e) || e is TimeoutException)
        {
            // Whoever does not answer is hung up on.
        }

        await DisposeAsync();
    }

    /// <summary>Cuts the connection. What the peer has not received yet may be lost.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        _socket.Abort();
        await _receiving;
        _socket.Dispose();
    }

    private static bool IsEndOfTransport(Exception e) => Spdy.SpdyConnection.IsEndOfTransport(e);

    private async ValueTask SendMessageAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        var message = ArrayPool<byte>.Shared.Rent(1 + Base64.GetMaxEncodedToUtf8Length(data.Length));
        try
        {
            var length = Encode(channel, data.Span, message);
            var type = _protocol.IsBase64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
            await _socket.SendAsync(message.AsMemory(0, length), type, endOfMessage: true, Closed);
        }
        catch (Exception e) when (e is not IOException && IsEndOfTransport(e))
        {
            throw new IOException("the connection is gone", e);
        }
        finally
        {
            _gate.Release();
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    private int Encode(byte channel, ReadOnlySpan<byte> data, Span<byte> message)
    {
        if (!_protocol.IsBase64)
        {
            message[0] = channel;
            data.CopyTo(message[1..]);
            return 1 + data.Length;
        }

        message[0] = (byte)('0' + channel);
        Base64.EncodeToUtf8(data, message[1..], out _, out var written);
        return 1 + written;
    }

    private async Task ReceiveAsync()
    {
        Exception? failure = null;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await ReceiveMessagesAsync(buffer);
        }
        catch (StreamingProtocolException e)
        {
            failure = e;
            await TrySendFarewellAsync(e);
        }
        catch (Exception e) when (IsEndOfTransport(e))
        {
            failure = e;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        // Before version 5 a client had no other way to complete its input than to close the connection.
        var reason = failure is null ? null : new IOException("the connection ended before the channel did", failure);
        Array.ForEach(_channels, channel => channel.OnEnd(reason));
        await _closed.CancelAsync();
    }

    private async Task ReceiveMessagesAsync(byte[] buffer)
    {
        var decoder = new ChannelDecoder(_protocol);
        while (true)
        {
            var received = await _socket.ReceiveAsync(buffer.AsMemory(), Closed);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await TrySendFarewellAsync(reason: null);
                return;
            }

            var part = decoder.Decode(buffer.AsMemory(0, received.Count), received.EndOfMessage);
            if (part.Channel < 0 || part.Channel >= _channels.Length || !_channels[part.Channel].IsReceiving)
            {
                continue;
            }

            if (part.IsClose)
            {
                _channels[part.Channel].OnEnd(reason: null);
            }
            else if (part.Data.Length > 0)
            {
                await _channels[part.Channel].ReceiveAsync(part.Data, Closed);
            }
        }
    }

    private async Task TrySendFarewellAsync(StreamingProtocolException? reason)
    {
        try
        {
            var status = reason is null ? WebSocketCloseStatus.NormalClosure : WebSocketCloseStatus.ProtocolError;
            await SendFarewellAsync(status, reason?.Message ?? "").WaitAsync(_limits.Linger, _limits.Clock);
        }
        catch (Exception e) when (IsEndOfTransport(e) || e is TimeoutException)
        {
            // It was for the peer, which is gone.
        }
    }

    private async Task SendFarewellAsync(WebSocketCloseStatus status, string text)
    {
        await _gate.WaitAsync(Closed);
        try
        {
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await _socket.CloseOutputAsync(status, text, Closed);
            }
        }
        finally
        {
            _gate.Release();
        }
    }
}
