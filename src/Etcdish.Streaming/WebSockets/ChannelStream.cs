namespace Etcdish.Streaming.WebSockets;

/// <summary>A channel of a WebSocket.</summary>
internal sealed class ChannelStream(ChannelConnection connection, byte channel, int receiveBufferBytes) : SessionStream(receiveBufferBytes)
{
    private bool _isWritingDone;

    /// <summary>Whether the peer may still send. Of the connection's reader alone.</summary>
    internal bool IsReceiving { get; private set; } = true;

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        return _isWritingDone ? throw new IOException("the channel takes no more") : connection.SendAsync(channel, buffer, cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>Only a client can say so, and only in version 5. A server's channels end with the connection.</remarks>
    public override ValueTask CompleteWritesAsync(CancellationToken cancellation = default)
    {
        if (_isWritingDone)
        {
            return ValueTask.CompletedTask;
        }

        _isWritingDone = true;
        return connection.SendCloseAsync(channel, cancellation);
    }

    /// <summary>Nothing more will come.</summary>
    internal void OnEnd(Exception? reason)
    {
        if (IsReceiving)
        {
            IsReceiving = false;
            EndReceiving(reason);
        }
    }
}
