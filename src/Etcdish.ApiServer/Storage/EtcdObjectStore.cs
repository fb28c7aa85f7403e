using Etcdish.Client;
using Etcdish.Protos;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.ApiServer.Storage;

/// <summary>A store behind etcd's v3 API: any etcd, genuine or not.</summary>
/// <param name="options">Where it is. Connections open with the first call.</param>
public sealed class EtcdObjectStore(EtcdClientOptions options) : IObjectStore
{
    // etcd's texts; its codes alone do not tell these apart.
    private const string Compacted = "required revision has been compacted";
    private const string Future = "required revision is a future revision";
    private const string TooLarge = "request is too large";

    private readonly EtcdClient _client = new(options);
    private bool? _answersInOrder;

    /// <inheritdoc/>
    public async ValueTask<long> GetRevisionAsync(CancellationToken cancellation)
    {
        var request = new RangeRequest { Key = ByteString.CopyFromUtf8("/"), CountOnly = true };
        return (await TryAsync(_client.Kv.RangeAsync(request, cancellation))).Header.Revision;
    }

    /// <inheritdoc/>
    public async ValueTask<StoredObject?> GetAsync(string key, CancellationToken cancellation)
    {
        var request = new RangeRequest { Key = ByteString.CopyFromUtf8(key) };
        var response = await TryAsync(_client.Kv.RangeAsync(request, cancellation));
        return response.Kvs.Count == 0 ? null : Read(response.Kvs[0]);
    }

    /// <inheritdoc/>
    public async ValueTask<StorePage> ListAsync(StorePageRequest request, CancellationToken cancellation)
    {
        var response = await TryAsync(_client.Kv.RangeAsync(
            new RangeRequest
            {
                Key = ByteString.CopyFromUtf8(request.StartKey ?? request.Prefix),
                RangeEnd = ByteString.CopyFrom(KeyPrefix.End(request.Prefix)),
                Revision = request.Revision,
                Limit = request.Limit,
            },
            cancellation));
        var objects = new StoredObject[response.Kvs.Count];
        for (var i = 0; i < objects.Length; i++)
        {
            objects[i] = Read(response.Kvs[i]);
        }

        var revision = request.Revision > 0 ? request.Revision : response.Header.Revision;
        return new StorePage(objects, revision, response.Count - objects.Length);
    }

    /// <inheritdoc/>
    public ValueTask<StoreWrite> CreateAsync(string key, ReadOnlyMemory<byte> value, CancellationToken cancellation) =>
        UpdateAsync(key, value, expectedRevision: 0, cancellation);

    /// <inheritdoc/>
    public ValueTask<StoreWrite> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long expectedRevision, CancellationToken cancellation)
    {
        var keyBytes = ByteString.CopyFromUtf8(key);
        return CommitAsync(keyBytes, expectedRevision, Op.Put(keyBytes, UnsafeByteOperations.UnsafeWrap(value)), cancellation);
    }

    /// <inheritdoc/>
    public ValueTask<StoreWrite> DeleteAsync(string key, long expectedRevision, CancellationToken cancellation)
    {
        var keyBytes = ByteString.CopyFromUtf8(key);
        return CommitAsync(keyBytes, expectedRevision, Op.Delete(KeyRange.One(keyBytes)), cancellation);
    }

    /// <inheritdoc/>
    public ValueTask<StoreWrite> WriteLeasedAsync(
        string key, ReadOnlyMemory<byte> value, long expectedRevision, long lease, CancellationToken cancellation)
    {
        var keyBytes = ByteString.CopyFromUtf8(key);
        var put = Op.Put(keyBytes, UnsafeByteOperations.UnsafeWrap(value));
        put.RequestPut.Lease = lease;
        return CommitAsync(keyBytes, expectedRevision, put, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask<long> GrantLeaseAsync(TimeSpan timeToLive, CancellationToken cancellation)
    {
        var request = new LeaseGrantRequest { TTL = Math.Max(1, (long)Math.Ceiling(timeToLive.TotalSeconds)) };
        return (await TryAsync(_client.Lease.GrantAsync(request, cancellation))).ID;
    }

    /// <inheritdoc/>
    public async ValueTask<StoreCommit> CommitAsync(IReadOnlyList<StoreAction> writes, CancellationToken cancellation)
    {
        var conditions = new Compare[writes.Count];
        var changes = new RequestOp[writes.Count];
        var reads = new RequestOp[writes.Count];
        for (var i = 0; i < writes.Count; i++)
        {
            var key = ByteString.CopyFromUtf8(writes[i].Key);
            conditions[i] = If.ModRevision(key, Compare.Types.CompareResult.Equal, writes[i].ExpectedRevision);
            changes[i] = writes[i].Value is { } value ? Op.Put(key, UnsafeByteOperations.UnsafeWrap(value)) : Op.Delete(KeyRange.One(key));
            reads[i] = Op.Get(key);
        }

        var response = await TryAsync(_client.Kv.Txn().When(conditions).Then(changes).Else(reads).CommitAsync(cancellation));
        return new StoreCommit(
            response.Succeeded, response.Header.Revision, response.Succeeded ? [] : [.. response.Responses.Select(Found)]);
    }

    /// <inheritdoc/>
    public IStoreWatch Watch(string prefix, long startRevision) => new EtcdStoreWatch(this, _client, prefix, startRevision);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    /// <summary>Whether every member may be asked how far a watch has come.</summary>
    /// <exception cref="RpcException">A member does not answer.</exception>
    internal async ValueTask<bool> AnswersInOrderAsync(CancellationToken cancellation)
    {
        if (_answersInOrder is { } known)
        {
            return known;
        }

        var all = true;
        foreach (var endpoint in options.Endpoints)
        {
            all &= EtcdStoreWatch.AnswersInOrder((await _client.Maintenance.StatusAsync(endpoint, cancellation)).Version);
        }

        _answersInOrder = all;
        return all;
    }

    private async ValueTask<StoreWrite> CommitAsync(
        ByteString key, long expectedRevision, RequestOp write, CancellationToken cancellation)
    {
        var response = await TryAsync(_client.Kv.Txn()
            .When(If.ModRevision(key, Compare.Types.CompareResult.Equal, expectedRevision))
            .Then(write)
            .Else(Op.Get(key))
            .CommitAsync(cancellation));
        if (response.Succeeded)
        {
            return new StoreWrite(true, response.Header.Revision, null);
        }

        return new StoreWrite(false, response.Header.Revision, Found(response.Responses[0]));
    }

    private static StoredObject? Found(ResponseOp read) => read.ResponseRange.Kvs is [var pair, ..] ? Read(pair) : null;

    private static StoredObject Read(KeyValue pair) => new(pair.Key.Memory, pair.Value.Memory, pair.ModRevision);

    private static async Task<T> TryAsync<T>(Task<T> call)
    {
        try
        {
            return await call;
        }
        catch (RpcException e)
        {
            throw Translate(e);
        }
    }

    /// <summary>What a failed call means here.</summary>
    internal static Exception Translate(RpcException e) =>
        e.Message.Contains(Compacted, StringComparison.Ordinal) ? new StoreCompactedException(e)
        : e.Message.Contains(Future, StringComparison.Ordinal) ? new StoreFutureRevisionException(e)
        : e.Message.Contains(TooLarge, StringComparison.Ordinal) ? new StoreTooLargeException(e)
        : new StoreUnavailableException(e.Message, e);
}
