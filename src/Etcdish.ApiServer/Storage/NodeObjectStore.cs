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
        var revision = request.Revision > 0 ? request.Revision : result.HeaderRevision;
        var (count, bytes) = Measure(result.Revisions, request.MaxBytes);
        var block = ArrayPool<byte>.Shared.Rent(bytes);
        return new StorePage(ReadAll(result.Revisions, count, block), revision, result.Count - count, block);
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
        CommitAsync(key, expectedRevision, Delete(key), cancellation);

    /// <inheritdoc/>
    public async ValueTask<StoreCommit> CommitAsync(IReadOnlyList<StoreAction> writes, CancellationToken cancellation)
    {
        var conditions = new Compare[writes.Count];
        var changes = new RequestOp[writes.Count];
        var reads = new RequestOp[writes.Count];
        for (var i = 0; i < writes.Count; i++)
        {
            var key = Encoding.UTF8.GetBytes(writes[i].Key);
            conditions[i] = LastWrittenAt(key, writes[i].ExpectedRevision);
            changes[i] = writes[i].Value is { } value ? Put(writes[i].Key, value) : Delete(writes[i].Key);
            reads[i] = ReadBack(key);
        }

        using var scope = node.Values.EnterRead();
        var result = await ProposeAsync(new TxnRequest { Compare = conditions, Success = changes, Failure = reads }, cancellation);
        var txn = result.Txn!;
        return new StoreCommit(txn.Succeeded, result.Revision, txn.Succeeded ? [] : [.. txn.Responses.Select(Found)]);
    }

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

    private static RequestOp Delete(string key) => new()
    {
        Kind = RequestOpKind.DeleteRange,
        DeleteRange = new DeleteRangeRequest { Key = Encoding.UTF8.GetBytes(key) },
    };

    private static Compare LastWrittenAt(byte[] key, long revision) =>
        new() { Key = key, Target = CompareTarget.Mod, Result = CompareResult.Equal, Number = revision };

    private static RequestOp ReadBack(byte[] key) => new() { Kind = RequestOpKind.Range, Range = new RangeRequest { Key = key } };

    private async ValueTask<StoreWrite> CommitAsync(string key, long expectedRevision, RequestOp write, CancellationToken cancellation)
    {
        var keyBytes = Encoding.UTF8.GetBytes(key);
        var request = new TxnRequest
        {
            Compare = [LastWrittenAt(keyBytes, expectedRevision)],
            Success = [write],
            Failure = [ReadBack(keyBytes)],
        };
        using var scope = node.Values.EnterRead();
        var result = await ProposeAsync(request, cancellation);
        var txn = result.Txn!;
        return txn.Succeeded
            ? new StoreWrite(true, result.Revision, null)
            : new StoreWrite(false, result.Revision, Found(txn.Responses[0]));
    }

    private async ValueTask<ApplyResult> ProposeAsync(TxnRequest request, CancellationToken cancellation)
    {
        // The writer asks for room for the longest number behind what it has written.
        const int Slack = 16;
        var bytes = new ArrayBufferWriter<byte>(RequestEncoder.SizeOf(request) + Slack);
        RequestEncoder.Encode(request, bytes);
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

        return result;
    }

    /// <summary>How many versions a page holds, and how many bytes their values are.</summary>
    private static (int Count, int Bytes) Measure(List<KeyRevision> versions, int maxBytes)
    {
        var count = 0;
        var bytes = 0L;
        while (count < versions.Count)
        {
            var more = bytes + versions[count].Value.Length;
            if (count > 0 && more > (maxBytes > 0 ? maxBytes : Array.MaxLength))
            {
                break;
            }

            bytes = more;
            count++;
        }

        return (count, (int)bytes);
    }

    private StoredObject[] ReadAll(List<KeyRevision> versions, int count, byte[] block)
    {
        var objects = new StoredObject[count];
        var at = 0;
        for (var i = 0; i < count; i++)
        {
            var version = versions[i];
            var place = version.Value;
            var value = block.AsMemory(at, place.Length);
            node.Values.Read(place, value.Span);
            objects[i] = new StoredObject(version.Key, value, version.ModRevision);
            at += place.Length;
        }

        return objects;
    }

    private StoredObject? Found(OpResult read) => read.Range!.Revisions is [var version, ..] ? Read(version) : null;

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
