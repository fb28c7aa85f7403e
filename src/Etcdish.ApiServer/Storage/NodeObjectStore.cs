using System.Buffers;
using System.Text;
using Etcdish.Cluster;
using Etcdish.Store;

namespace Etcdish.ApiServer.Storage;

/// <summary>The store in this process: requests enter a node's log as bytes, reads run on the caller's thread.</summary>
/// <param name="node">The node.</param>
/// <param name="ownsNode">Whether the node is closed with this object.</param>
public sealed class NodeObjectStore(Node node, bool ownsNode) : IObjectStore
{
    /// <inheritdoc/>
    public async ValueTask<long> GetRevisionAsync(CancellationToken cancellation)
    {
        await BarrierAsync(cancellation);
        return node.Store.CurrentRevision;
    }

    /// <inheritdoc/>
    public async ValueTask<StoredObject?> GetAsync(string key, CancellationToken cancellation)
    {
        await BarrierAsync(cancellation);
        using var scope = node.Values.EnterRead();
        return node.Store.TryGet(Encoding.UTF8.GetBytes(key), out var version) ? Read(version) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<StorePage> ListAsync(StorePageRequest request, CancellationToken cancellation)
    {
        await BarrierAsync(cancellation);
        using var scope = node.Values.EnterRead();
        var result = Try(() => node.Store.Range(new RangeRequest
        {
            Key = Encoding.UTF8.GetBytes(request.StartKey ?? request.Prefix),
            RangeEnd = KeyPrefix.End(request.Prefix),
            Revision = request.Revision,
            Limit = request.Limit,
        }));
        var objects = new StoredObject[result.Revisions.Count];
        for (var i = 0; i < objects.Length; i++)
        {
            objects[i] = Read(result.Revisions[i]);
        }

        var revision = request.Revision > 0 ? request.Revision : result.HeaderRevision;
        return new StorePage(objects, revision, result.Count - objects.Length);
    }

    /// <inheritdoc/>
    public ValueTask<StoreWrite> CreateAsync(string key, ReadOnlyMemory<byte> value, CancellationToken cancellation) =>
        CommitAsync(key, expectedRevision: 0, Put(key, value), cancellation);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long expectedRevision, CancellationToken cancellation) =>
        CommitAsync(key, expectedRevision, Put(key, value), cancellation);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> DeleteAsync(string key, long expectedRevision, CancellationToken cancellation) =>
        CommitAsync(key, expectedRevision, new RequestOp
        {
            Kind = RequestOpKind.DeleteRange,
            DeleteRange = new DeleteRangeRequest { Key = Encoding.UTF8.GetBytes(key) },
        }, cancellation);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> WriteLeasedAsync(
        string key, ReadOnlyMemory<byte> value, long expectedRevision, long lease, CancellationToken cancellation) =>
        CommitAsync(key, expectedRevision, Put(key, value, lease), cancellation);

    /// <inheritdoc/>
    public async ValueTask<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellation)
    {
        try
        {
            var seconds = Math.Max(1, (long)Math.Ceiling(timeToLive.TotalSeconds));
            var result = await node.GrantLeaseAsync(0, seconds, cancellation);
            return result.Error is { } error ? throw Translate(new EtcdException(error)) : result.LeaseId;
        }
        catch (EtcdException e)
        {
            throw Translate(e);
        }
    }

    /// <inheritdoc/>
    public IStoreWatch Watch(string prefix, long startRevision) => new NodeStoreWatch(node, prefix, startRevision);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ownsNode ? node.DisposeAsync() : ValueTask.CompletedTask;

    private static RequestOp Put(string key, ReadOnlyMemory<byte> value, long lease = 0) => new()
    {
        Kind = RequestOpKind.Put,
        Put = new PutRequest { Key = Encoding.UTF8.GetBytes(key), Value = value, Lease = lease },
    };

    private async ValueTask<StoreWrite> CommitAsync(string key, long expectedRevision, RequestOp write, CancellationToken cancellation)
    {
        var keyBytes = Encoding.UTF8.GetBytes(key);
        var request = new TxnRequest
        {
            Compare = [new Compare { Key = keyBytes, Target = CompareTarget.Mod, Result = CompareResult.Equal, Number = expectedRevision }],
            Success = [write],
            Failure = [new RequestOp { Kind = RequestOpKind.Range, Range = new RangeRequest { Key = keyBytes } }],
        };
        var bytes = new ArrayBufferWriter<byte>(256 + (2 * keyBytes.Length) + write.Put.Value.Length);
        RequestEncoder.Encode(request, bytes);
        using var scope = node.Values.EnterRead();
        ApplyResult result;
        try
        {
            result = await node.ProposeAsync(EntryKind.Txn, bytes.WrittenMemory, cancellation);
        }
        catch (EtcdException e)
        {
            throw Translate(e);
        }

        if (result.Error is { } error)
        {
            throw Translate(new EtcdException(error));
        }

        var txn = result.Txn!;
        if (txn.Succeeded)
        {
            return new StoreWrite(true, result.Revision, null);
        }

        var found = txn.Responses[0].Range!.Revisions;
        return new StoreWrite(false, result.Revision, found.Count == 0 ? null : Read(found[0]));
    }

    private StoredObject Read(KeyRevision version)
    {
        var place = version.Value;
        var value = place.Length == 0 ? [] : GC.AllocateUninitializedArray<byte>(place.Length);
        if (value.Length > 0)
        {
            node.Values.Read(place, value);
        }

        return new StoredObject(version.Key, value, version.ModRevision);
    }

    private async ValueTask BarrierAsync(CancellationToken cancellation)
    {
        try
        {
            await node.ReadBarrierAsync(cancellation);
        }
        catch (EtcdException e)
        {
            throw Translate(e);
        }
    }

    private static T Try<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (EtcdException e)
        {
            throw Translate(e);
        }
    }

    private static Exception Translate(EtcdException e) =>
        e.Error == EtcdError.Compacted ? new StoreCompactedException(e)
        : e.Error == EtcdError.FutureRev ? new StoreFutureRevisionException(e)
        : e.Error == EtcdError.RequestTooLarge ? new StoreTooLargeException(e)
        : new StoreUnavailableException(e.Message, e);
}
