using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Network.Ingress;

/// <summary>The body of an answer, which goes back as it comes.</summary>
internal static class ResponseBody
{
    private const int SmallBytes = 4 * 1024;
    private const int BufferBytes = 16 * 1024;
    private const int LargeBufferBytes = 64 * 1024;

    /// <summary>Passes a body back to its end.</summary>
    /// <exception cref="IOException">The endpoint broke off.</exception>
    /// <exception cref="OperationCanceledException">Nothing moved for too long, or the client has gone.</exception>
    public static async Task CopyAsync(HttpResponseMessage message, HttpResponse response, IdleTimer idle)
    {
        await using var body = message.Content.ReadAsStream(idle.Token);
        var writer = response.BodyWriter;
        var isLarge = message.Content.Headers.ContentLength is >= LargeBufferBytes;
        var buffer = ArrayPool<byte>.Shared.Rent(isLarge ? LargeBufferBytes : BufferBytes);
        try
        {
            // The head waits for the first piece; pieces after it wait for nothing.
            var isHeadHeldBack = true;
            while (true)
            {
                var reading = body.ReadAsync(buffer, idle.Token);
                var mustFlush = isHeadHeldBack && !reading.IsCompleted;
                var count = mustFlush ? await FlushBesideAsync(writer, reading.AsTask(), idle) : await reading;
                isHeadHeldBack &= !mustFlush;
                if (count == 0)
                {
                    return;
                }

                isHeadHeldBack = await WriteAsync(response, buffer.AsMemory(0, count), isHeadHeldBack, idle.Token);
                idle.Touch();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Flushes while a read is under way. If that fails the read is ended too: what it reads into will be used again.</summary>
    private static async Task<int> FlushBesideAsync(PipeWriter writer, Task<int> reading, IdleTimer idle)
    {
        try
        {
            await writer.FlushAsync(idle.Token);
        }
        catch
        {
            await idle.EndAsync();
            await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await reading;
    }

    /// <summary>Writes a piece. Whether it is held back with the head: a small answer goes in one, when the server ends it.</summary>
    private static async ValueTask<bool> WriteAsync(
        HttpResponse response, ReadOnlyMemory<byte> piece, bool isHeadHeldBack, CancellationToken cancellation)
    {
        if (!response.HasStarted)
        {
            // From here on there is no other answer in the place of this one.
            await response.StartAsync(cancellation);
        }

        if (isHeadHeldBack && piece.Length <= SmallBytes)
        {
            response.BodyWriter.Write(piece.Span);
            return true;
        }

        await response.BodyWriter.WriteAsync(piece, cancellation);
        return false;
    }
}
