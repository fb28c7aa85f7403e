using System.Runtime.CompilerServices;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>One watch of the library: a watch stream of its own, read as an asynchronous sequence.</summary>
internal static class EmbeddedWatch
{
    public static async IAsyncEnumerable<WatchEvent> RunAsync(
        Node node,
        KeyRange range,
        long startRevision,
        bool withPrevious,
        CancellationToken linked,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(linked, cancellation, node.Stopping);
        using SemaphoreSlim ready = new(0);
        using WatchStream stream = node.Watches.OpenStream(() => ready.Release());
        stream.Create(new WatchCreateRequest
        {
            Key = range.Key.Span.ToArray(),
            RangeEnd = range.End.Span.ToArray(),
            StartRevision = startRevision,
            PrevKv = withPrevious,
        });

        WatchBatch batch = new();
        while (true)
        {
            while (stream.TryTake(batch))
            {
                ThrowIfCanceled(batch);
                foreach (EncodedEvent change in batch.Events)
                {
                    yield return ToEvent(change, withPrevious);
                }
            }

            await WaitAsync(node, ready, both.Token).ConfigureAwait(false);
        }
    }

    private static async ValueTask WaitAsync(Node node, SemaphoreSlim ready, CancellationToken cancellation)
    {
        try
        {
            await ready.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (node.Stopping.IsCancellationRequested)
        {
            throw new EtcdException(EtcdError.Stopped);
        }
    }

    private static void ThrowIfCanceled(WatchBatch batch)
    {
        if (batch.Canceled)
        {
            throw batch.CompactRevision > 0
                ? new WatchCompactedException(batch.CompactRevision)
                : new InvalidOperationException($"the watch was refused: {batch.CancelReason}");
        }
    }

    private static WatchEvent ToEvent(EncodedEvent change, bool withPrevious)
    {
        KeyValue? previous = withPrevious && change.Previous is { } before
            ? KeyValues.Make(before, change.PreviousValue)
            : null;
        return new WatchEvent(change.Change.IsTombstone, KeyValues.Make(change.Change, change.Value), previous);
    }
}
