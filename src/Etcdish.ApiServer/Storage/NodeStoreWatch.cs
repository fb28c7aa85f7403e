using System.Text;
using Etcdish.Cluster;
using Etcdish.Store;

namespace Etcdish.ApiServer.Storage;

/// <summary>A watch of the store in this process: a watch stream of its own, without a wire.</summary>
internal sealed class NodeStoreWatch(Node node, string prefix, long startRevision) : IStoreWatch
{
    private volatile WatchStream? _stream;

    public ValueTask RequestProgressAsync(CancellationToken cancellation)
    {
        _stream?.RequestProgress();
        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerator<StoreChanges> GetAsyncEnumerator(CancellationToken cancellation = default)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, node.Stopping);
        using var ready = new SemaphoreSlim(0);
        using var stream = node.Watches.OpenStream(() => ready.Release());
        stream.Create(new WatchCreateRequest
        {
            Key = Encoding.UTF8.GetBytes(prefix),
            RangeEnd = KeyPrefix.End(prefix),
            StartRevision = startRevision,
            PrevKv = true,
        });
        _stream = stream;
        var batch = new WatchBatch();
        try
        {
            while (true)
            {
                while (stream.TryTake(batch))
                {
                    ThrowIfEnded(batch);
                    if (!batch.Created)
                    {
                        yield return Read(batch);
                    }
                }

                await WaitAsync(ready, ending.Token, cancellation);
            }
        }
        finally
        {
            _stream = null;
        }
    }

    private static StoreChanges Read(WatchBatch batch)
    {
        if (batch.Events.Count == 0)
        {
            return new StoreChanges([], batch.Revision);
        }

        var items = new StoreChange[batch.Events.Count];
        for (var i = 0; i < items.Length; i++)
        {
            var change = batch.Events[i];
            items[i] = new StoreChange(
                Encoding.UTF8.GetString(change.Change.Key),
                change.Change.ModRevision,
                change.Change.IsTombstone ? default(ReadOnlyMemory<byte>?) : change.Value,
                change.Previous is null ? default(ReadOnlyMemory<byte>?) : change.PreviousValue);
        }

        return new StoreChanges(items, items[^1].Revision);
    }

    private static void ThrowIfEnded(WatchBatch batch)
    {
        if (batch.Canceled)
        {
            throw batch.CompactRevision > 0
                ? new StoreCompactedException()
                : new StoreUnavailableException($"the watch was refused: {batch.CancelReason}");
        }
    }

    private static async ValueTask WaitAsync(SemaphoreSlim ready, CancellationToken ending, CancellationToken caller)
    {
        try
        {
            await ready.WaitAsync(ending);
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            throw new StoreUnavailableException(EtcdError.Stopped.Message);
        }
    }
}
