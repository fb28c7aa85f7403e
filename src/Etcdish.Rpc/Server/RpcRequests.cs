using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc;

/// <summary>
/// The messages a client sends in one call, one after the other. A message that lies contiguous in the transport's
/// buffer is handed out without a copy; <see cref="Current"/> is valid until the next move. One reader at a time.
/// </summary>
public sealed class RpcRequests
{
    private readonly ServerCall _call;
    private PipeReader _pipe = null!;
    private byte[]? _rented;
    private SequencePosition _consumed;
    private bool _holdsPipe;

    internal RpcRequests(ServerCall call) => _call = call;

    /// <summary>The message; valid until the next <see cref="MoveNextAsync"/> or the end of the call.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>Bytes of the next message or messages that arrived along with <see cref="Current"/>.</summary>
    internal bool HasMore { get; private set; }

    /// <summary>Waits for the next message.</summary>
    /// <returns>False when the client has sent its last.</returns>
    /// <exception cref="RpcException">The message is too large, truncated or cannot be decompressed; let it end the call.</exception>
    /// <exception cref="OperationCanceledException">The client is gone, the deadline has passed, or the server stops.</exception>
    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder<>))]
    public async ValueTask<bool> MoveNextAsync()
    {
        Release();
        while (true)
        {
            ReadResult read = await ReadAsync().ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = read.Buffer;
            if (TryTake(buffer))
            {
                return true;
            }

            _pipe.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted || read.IsCanceled)
            {
                return EndOfStream(buffer.Length, read.IsCanceled);
            }
        }
    }

    /// <summary>
    /// Ends the wait that is under way, or the next, as if the call had been cancelled. From any thread while the handler runs.
    /// </summary>
    public void StopWaiting() => _pipe.CancelPendingRead();

    internal void Attach(PipeReader pipe) => _pipe = pipe;

    internal void Detach()
    {
        Release();
        _pipe = null!;
        HasMore = false;
    }

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadAsync()
    {
        try
        {
            // A unary call does without its token, whose creation costs: losing the client fails this read anyway.
            return await _pipe.ReadAsync(_call.IsStreaming ? _call.CancellationToken : default).ConfigureAwait(false);
        }
        catch (IOException lost)
        {
            throw new OperationCanceledException("The client has ended the call.", lost);
        }
    }

    private static bool EndOfStream(long leftBytes, bool canceled)
    {
        if (canceled)
        {
            throw new OperationCanceledException("The wait for the next message was cancelled.");
        }

        return leftBytes == 0 ? false : throw new RpcException(StatusCode.Internal, "unexpected EOF");
    }

    private bool TryTake(in ReadOnlySequence<byte> buffer)
    {
        if (!MessagePrefix.TryRead(buffer, out MessagePrefix prefix))
        {
            return false;
        }

        try
        {
            prefix.Validate(_call.MaxReceiveMessageBytes);
        }
        catch (RpcException)
        {
            _pipe.AdvanceTo(buffer.End);
            throw;
        }

        long end = MessagePrefix.Size + (long)prefix.Length;
        if (buffer.Length < end)
        {
            return false;
        }

        Take(buffer.Slice(MessagePrefix.Size, (int)prefix.Length), buffer.GetPosition(end), prefix.IsCompressed);
        HasMore = buffer.Length > end;
        _call.OnMessageReceived((int)prefix.Length);
        return true;
    }

    private void Take(in ReadOnlySequence<byte> message, SequencePosition end, bool compressed)
    {
        if (!compressed && message.IsSingleSegment)
        {
            Current = message.First;
            _consumed = end;
            _holdsPipe = true;
            return;
        }

        try
        {
            Current = compressed ? Decompress(message) : Copy(message);
        }
        finally
        {
            _pipe.AdvanceTo(end);
        }
    }

    private ReadOnlyMemory<byte> Copy(in ReadOnlySequence<byte> message)
    {
        int length = (int)message.Length;
        _rented = ArrayPool<byte>.Shared.Rent(length);
        message.CopyTo(_rented);
        return _rented.AsMemory(0, length);
    }

    private byte[] Decompress(in ReadOnlySequence<byte> message)
    {
        string? encoding = _call.GetMetadata("grpc-encoding");
        return encoding switch
        {
            null or "" or "identity" =>
                throw new RpcException(StatusCode.Internal, "grpc: compressed flag set with identity or empty encoding"),
            Gzip.Name => Gzip.Decompress(message, _call.MaxReceiveMessageBytes),
            _ => throw UnknownEncoding(encoding),
        };
    }

    private RpcException UnknownEncoding(string encoding)
    {
        _call.ResponseHeaders.GrpcAcceptEncoding = "gzip";
        return new RpcException(StatusCode.Unimplemented, $"grpc: Decompressor is not installed for grpc-encoding \"{encoding}\"");
    }

    private void Release()
    {
        Current = default;
        if (_holdsPipe)
        {
            _holdsPipe = false;
            _pipe.AdvanceTo(_consumed);
        }

        if (_rented is { } rented)
        {
            _rented = null;
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
