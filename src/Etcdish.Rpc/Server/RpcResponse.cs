using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Etcdish.Rpc.Wire;
using Google.Protobuf;

namespace Etcdish.Rpc;

/// <summary>
/// Writes response messages straight into the transport's buffer: announce a message's exact length with
/// <see cref="Begin"/>, write that many bytes, and so on. Nothing is sent before <see cref="FlushAsync"/> or the end of
/// the call; a large message is flushed in parts, so that it never lies in memory whole. One writer at a time.
/// </summary>
public sealed class RpcResponse : IBufferWriter<byte>
{
    private const int PartBytes = 64 * 1024;

    private readonly ServerCall _call;
    private PipeWriter _pipe = null!;
    private int _remaining;
    private bool _streaming;

    internal RpcResponse(ServerCall call) => _call = call;

    /// <summary>Messages begun so far.</summary>
    public int MessageCount { get; private set; }

    /// <summary>Bytes written and not yet flushed. A writer of something large flushes each time this passes some 64 KiB.</summary>
    public long UnflushedBytes { get; private set; }

    internal bool IsMidMessage => _remaining > 0;

    /// <summary>Starts a message.</summary>
    /// <param name="messageLength">Exact length in bytes, 0 or more; that many bytes must follow.</param>
    /// <returns>Where the message's bytes go; it refuses more than announced.</returns>
    /// <exception cref="InvalidOperationException">The message before is unfinished, or a unary call has its answer already.</exception>
    public IBufferWriter<byte> Begin(int messageLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(messageLength);
        if (_remaining > 0)
        {
            throw new InvalidOperationException($"The message before still lacks {_remaining} bytes.");
        }

        if (!_streaming && MessageCount > 0)
        {
            throw new InvalidOperationException("This method answers with one message only.");
        }

        // With room for the message, as far as it is flushed in one part.
        MessagePrefix.Write(_pipe.GetSpan(MessagePrefix.Size + Math.Min(messageLength, PartBytes)), messageLength);
        _pipe.Advance(MessagePrefix.Size);
        _remaining = messageLength;
        UnflushedBytes += MessagePrefix.Size;
        MessageCount++;
        _call.OnMessageSent(messageLength);
        return this;
    }

    /// <summary>Writes one whole message.</summary>
    /// <param name="message">The message.</param>
    public void Write(IMessage message)
    {
        IBufferWriter<byte> writer = Begin(message.CalculateSize());
        message.WriteTo(writer);
    }

    /// <summary>Writes one whole message that is encoded already.</summary>
    /// <param name="message">The message's bytes; copied.</param>
    public void Write(ReadOnlySpan<byte> message) => Begin(message.Length).Write(message);

    /// <inheritdoc/>
    public void Advance(int count)
    {
        if ((uint)count > (uint)_remaining)
        {
            throw new InvalidOperationException($"The message was announced with {_remaining} bytes less than the {count} written.");
        }

        _pipe.Advance(count);
        _remaining -= count;
        UnflushedBytes += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => _pipe.GetMemory(sizeHint);

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => _pipe.GetSpan(sizeHint);

    /// <summary>
    /// Sends what was written, also in the middle of a message. Completes when the transport has room again, so that a
    /// slow client costs its own buffer and nothing else.
    /// </summary>
    /// <exception cref="OperationCanceledException">The client is gone, the deadline has passed, or the server stops.</exception>
    public ValueTask FlushAsync()
    {
        UnflushedBytes = 0;
        ValueTask<FlushResult> flush = _streaming ? _pipe.FlushAsync(_call.CancellationToken) : _pipe.FlushAsync();
        if (!flush.IsCompletedSuccessfully)
        {
            return AwaitFlush(flush);
        }

        ThrowIfGone(flush.Result);
        return ValueTask.CompletedTask;
    }

    internal void Attach(PipeWriter pipe, bool streaming)
    {
        _pipe = pipe;
        _streaming = streaming;
    }

    internal void Detach()
    {
        _pipe = null!;
        _remaining = 0;
        MessageCount = 0;
        UnflushedBytes = 0;
    }

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder))]
    private static async ValueTask AwaitFlush(ValueTask<FlushResult> flush) => ThrowIfGone(await flush.ConfigureAwait(false));

    private static void ThrowIfGone(FlushResult result)
    {
        if (result.IsCompleted || result.IsCanceled)
        {
            throw new OperationCanceledException("The client has ended the call.");
        }
    }
}
