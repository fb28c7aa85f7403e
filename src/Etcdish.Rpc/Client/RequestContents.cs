using System.Net;
using System.Net.Http.Headers;
using Etcdish.Rpc.Wire;
using Google.Protobuf;

namespace Etcdish.Rpc;

/// <summary>The body of a request. Knows whether its sending ever began, which decides whether a failed call may be repeated.</summary>
internal abstract class RequestContent : HttpContent
{
    private static readonly MediaTypeHeaderValue _contentType = new("application/grpc");

    private volatile bool _sendingBegan;

    protected RequestContent() => Headers.ContentType = _contentType;

    /// <summary>False guarantees that no message byte was given to the transport.</summary>
    public bool SendingBegan => _sendingBegan;

    protected sealed override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected sealed override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _sendingBegan = true;
        return SendAsync(stream, cancellationToken);
    }

    protected abstract Task SendAsync(Stream stream, CancellationToken cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

/// <summary>A request of exactly one message.</summary>
internal sealed class SingleMessageContent : RequestContent
{
    // Not pooled: after a cancelled call the transport may still be reading it.
    private readonly byte[] _frame;

    public SingleMessageContent(IMessage message) => _frame = Frame(message);

    public static byte[] Frame(IMessage message)
    {
        int length = message.CalculateSize();
        byte[] frame = new byte[MessagePrefix.Size + length];
        MessagePrefix.Write(frame, length);
        message.WriteTo(frame.AsSpan(MessagePrefix.Size));
        return frame;
    }

    protected override Task SendAsync(Stream stream, CancellationToken cancellationToken) =>
        stream.WriteAsync(_frame, cancellationToken).AsTask();
}

/// <summary>A request whose messages come one by one while the call runs.</summary>
internal sealed class MessageStreamContent : RequestContent
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Sends one message; completes when the transport took it.</summary>
    public async Task WriteAsync(IMessage message, CancellationToken cancellationToken)
    {
        Stream stream = await _stream.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_complete.Task.IsCompleted)
        {
            throw new IOException("The request stream has ended.");
        }

        await stream.WriteAsync(SingleMessageContent.Frame(message), cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>No more messages.</summary>
    public void Complete() => _complete.TrySetResult();

    /// <summary>The call failed before its body was asked for: wakes who waits to write.</summary>
    public void Fail(Exception reason)
    {
        if (_stream.TrySetException(reason))
        {
            _ = _stream.Task.Exception; // observed: perhaps nobody ever writes
        }

        _complete.TrySetResult();
    }

    protected override async Task SendAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (!_stream.TrySetResult(stream))
        {
            // The transport repeats requests that a dying connection did not take; messages already given are gone.
            throw new IOException("A request stream cannot be sent twice.");
        }

        // The headers must go out at once: the server may speak first.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await _complete.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _complete.TrySetResult();
        }
    }
}
