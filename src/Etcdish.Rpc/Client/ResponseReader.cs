using System.Buffers;
using Etcdish.Rpc.Wire;
using Google.Protobuf;

namespace Etcdish.Rpc;

/// <summary>Cuts the body of a response into messages. One reader at a time.</summary>
internal sealed class ResponseReader(Stream body, int maxMessageBytes) : IDisposable
{
    private const int InitialBytes = 4 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _start;
    private int _end;

    /// <summary>The next message; null at the end of the body.</summary>
    /// <exception cref="RpcException">The message is too large, truncated, compressed (we never offered to take that) or malformed.</exception>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        while (true)
        {
            if (TryTake(out int offset, out int length))
            {
                return Parse(parser, offset, length);
            }

            MakeRoom();
            int read = await body.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            _end += read;
            if (read == 0)
            {
                return _start == _end ? null : throw new RpcException(StatusCode.Internal, "the response ended in the middle of a message");
            }
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        body.Dispose();
    }

    private bool TryTake(out int offset, out int length)
    {
        (offset, length) = (_start + MessagePrefix.Size, 0);
        if (_end < offset)
        {
            return false;
        }

        MessagePrefix prefix = MessagePrefix.Read(_buffer.AsSpan(_start));
        prefix.Validate(maxMessageBytes);
        if (prefix.IsCompressed)
        {
            throw new RpcException(StatusCode.Internal, "the server sent a compressed message, which it was not offered");
        }

        length = (int)prefix.Length;
        if (_end - offset < length)
        {
            return false;
        }

        _start = offset + length;
        return true;
    }

    private T Parse<T>(MessageParser<T> parser, int offset, int length)
        where T : class, IMessage<T>
    {
        try
        {
            return parser.ParseFrom(_buffer.AsSpan(offset, length));
        }
        catch (Exception malformed) when (MalformedProtobuf.IsSignOf(malformed))
        {
            throw new RpcException(StatusCode.Internal, $"grpc: failed to unmarshal the received message: {malformed.Message}", malformed);
        }
    }

    // Grows with what has arrived, by doubling: a length that a broken server merely announces allocates nothing.
    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }

        if (_end < _buffer.Length)
        {
            return;
        }

        int held = _end - _start;
        byte[] target = _buffer;
        if (held > _buffer.Length / 2)
        {
            target = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, (long)_buffer.Length * 2));
        }

        _buffer.AsSpan(_start, held).CopyTo(target);
        if (target != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }

        (_start, _end) = (0, held);
    }
}
