using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;
using Etcdish.ApiServer.Watching;

namespace Etcdish.ApiServer.Http;

/// <summary>
/// Answers watches: the state first if it is asked for, then changes as they come, one line of JSON each. Once the parameters are read,
/// failures come as an event, as clients expect it.
/// </summary>
internal sealed class WatchHandler(ObjectReader reader, WatchHubs hubs, WatchSettings settings)
{
    public async Task HandleAsync(ApiRequest request, ListOptions options, ObjectView view)
    {
        var duration = options.Timeout ?? (settings.MinTimeout * (1 + Random.Shared.NextDouble()));
        using var time = new CancellationTokenSource(duration, settings.Clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(request.Cancellation, time.Token);
        request.Http.Response.ContentType = ApiResponse.Json;
        var stream = new WatchStream(request, options, view, request.Http.Response.BodyWriter);
        try
        {
            await RunAsync(request, options, stream, duration, ending.Token);
        }
        catch (OperationCanceledException) when (!request.Cancellation.IsCancellationRequested)
        {
            // The time is up: the stream ends, and the client begins the next one.
        }
        catch (StoreCompactedException)
        {
            stream.WriteFailure(ApiErrors.ExpiredWatch(options.Revision ?? 0));
            await stream.FlushAsync(request.Cancellation);
        }
        catch (ApiException e)
        {
            stream.WriteFailure(e);
            await stream.FlushAsync(request.Cancellation);
        }
    }

    private async Task RunAsync(
        ApiRequest request, ListOptions options, WatchStream stream, TimeSpan duration, CancellationToken cancellation)
    {
        var after = options.Revision ?? 0;
        if (options.SendInitialEvents || after == 0)
        {
            after = await WriteStateAsync(request, options, stream, cancellation);
        }

        // So that the client knows that the watch is in place.
        await stream.FlushAsync(cancellation);
        if (hubs.Of(request.Type) is not { } hub)
        {
            // The resource has gone or changed meanwhile: the client finds out when it asks again.
            return;
        }

        var ahead = duration - settings.LastBookmarkAhead;
        using var last = new CancellationTokenSource(
            options.AllowBookmarks && ahead > TimeSpan.Zero ? ahead : Timeout.InfiniteTimeSpan, settings.Clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, last.Token);
        try
        {
            await foreach (var batch in hub.ReadAsync(after, options.AllowBookmarks, both.Token))
            {
                stream.Write(batch);
                after = batch.Count > 0 ? batch[^1].Revision : after;
                if (stream.HasUnsent)
                {
                    await stream.FlushAsync(cancellation);
                }
            }
        }
        catch (OperationCanceledException) when (last.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            stream.WriteBookmark(after, endsInitialEvents: false);
            await stream.FlushAsync(cancellation);
        }
    }

    /// <summary>Writes what there is, as additions; returns the revision that it shows.</summary>
    private async Task<long> WriteStateAsync(
        ApiRequest request, ListOptions options, WatchStream stream, CancellationToken cancellation)
    {
        var everything = new ListOptions { Selection = options.Selection, Revision = options.Revision };
        var revision = 0L;
        await foreach (var part in reader.ReadAsync(request.Type, request.Namespace, everything, cancellation))
        {
            revision = part.Revision;
            foreach (var item in part.Items)
            {
                stream.Write(EventKind.Added, item.Value, item.Revision);
                await stream.FlushIfLargeAsync(cancellation);
            }
        }

        if (options.SendInitialEvents && options.AllowBookmarks)
        {
            stream.WriteBookmark(revision, endsInitialEvents: true);
        }

        return revision;
    }

    /// <summary>The lines of one watch.</summary>
    private sealed class WatchStream(ApiRequest request, ListOptions options, ObjectView view, PipeWriter output)
    {
        private const int LargeBytes = 64 * 1024;

        private readonly WatchAudience _audience = new(
            request.Type,
            request.Namespace,
            $"{TextOf(request, "labelSelector")}\n{TextOf(request, "fieldSelector")}");

        private bool _hasColumns;

        public bool HasUnsent => output.UnflushedBytes > 0;

        public void Write(IReadOnlyList<ResourceEvent> batch)
        {
            var areObjects = request.Representation == Representation.Object;
            if (areObjects && batch is EventBatch shared && shared.LinesFor(_audience, options.Selection) is { } lines)
            {
                output.Write(lines);
                return;
            }

            foreach (var item in batch)
            {
                if (item.Change is null)
                {
                    WriteBookmark(item.Revision, endsInitialEvents: false);
                }
                else if (!areObjects)
                {
                    WriteForm(item.As(request.Type));
                }
                else if (item.LineFor(_audience, options.Selection) is { } line)
                {
                    output.Write(line.Span);
                }
            }
        }

        private void WriteForm(ResourceEvent item)
        {
            if (item.KindFor(_audience, options.Selection) is { } kind)
            {
                Write(kind, item.ObjectFor(kind), item.Revision);
            }
        }

        public void Write(EventKind kind, ReadOnlyMemory<byte> stored, long revision)
        {
            EventLine.Begin(output, EventLine.Word(kind));
            view.WriteOne(output, stored.Span, revision, withColumns: !_hasColumns);
            EventLine.End(output);
            _hasColumns = true;
        }

        public void WriteBookmark(long revision, bool endsInitialEvents)
        {
            EventLine.Begin(output, "BOOKMARK"u8);
            using (var json = new Utf8JsonWriter(output, ApiJson.Writer))
            {
                view.Bookmark(revision, endsInitialEvents).WriteTo(json);
            }

            EventLine.End(output);
        }

        public void WriteFailure(ApiException failure)
        {
            EventLine.Begin(output, "ERROR"u8);
            StatusWriter.Write(output, failure);
            EventLine.End(output);
        }

        public async ValueTask FlushAsync(CancellationToken cancellation)
        {
            if ((await output.FlushAsync(cancellation)).IsCompleted)
            {
                throw new OperationCanceledException("the client is gone");
            }
        }

        public ValueTask FlushIfLargeAsync(CancellationToken cancellation) =>
            output.UnflushedBytes > LargeBytes ? FlushAsync(cancellation) : ValueTask.CompletedTask;

        private static string TextOf(ApiRequest request, string parameter) => QueryValues.Text(request.Http.Request.Query, parameter);
    }
}
