using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Network.Ingress;

/// <summary>The body of a request, which goes on as it comes: nothing is kept.</summary>
/// <param name="request">The request.</param>
/// <param name="idle">Is told of all that moves.</param>
internal sealed class RequestBody(HttpRequest request, IdleTimer idle) : HttpContent
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether any of it may have been sent: it cannot be sent again.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>How the client failed to send it, if it did.</summary>
    public Exception? ClientFailure { get; private set; }

    /// <summary>Completes when nobody reads the request any more.</summary>
    public Task Ended => HasStarted ? _ended.Task : Task.CompletedTask;

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        HasStarted = true;
        try
        {
            while (true)
            {
                if (!request.BodyReader.TryRead(out var read))
                {
                    // What is there, the head to begin with, goes before what the client may send much later.
                    await stream.FlushAsync(cancellationToken);
                    read = await ReadAsync(cancellationToken);
                }

                foreach (var part in read.Buffer)
                {
                    await stream.WriteAsync(part, cancellationToken);
                }

                request.BodyReader.AdvanceTo(read.Buffer.End);
                idle.Touch();
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = request.ContentLength ?? 0;
        return request.ContentLength is not null;
    }

    private async ValueTask<ReadResult> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            return await request.BodyReader.ReadAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or BadHttpRequestException)
        {
            ClientFailure = e;
            throw;
        }
    }
}
