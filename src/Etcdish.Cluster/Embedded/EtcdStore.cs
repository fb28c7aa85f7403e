using System.Buffers;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// A durable, revisioned key-value store in a folder: etcd's data model (revisions, transactions, watches, leases, compaction) as a
/// library, without a server. All members are safe on any thread.
/// </summary>
/// <remarks>
/// <para>
/// A write completes when it is on the disk; in a group (<see cref="EtcdCluster.Store"/>), when it is on the disks of a quorum and applied
/// here. Reads see every write that completed before they began, on whichever member, unless they are asked to be serializable: then
/// they show this member's state as it is.
/// </para>
/// <para>
/// Refusals are <see cref="EtcdException"/>s with etcd's own texts. In a group any request can also meet Timeout (no leader or no quorum
/// for too long), and a write LeaderChanged (it was not applied) or TimeoutDueToLeaderFail (it may have been applied).
/// </para>
/// <para>
/// A cancelled token ends the wait at once. A write that is on its way then may be applied all the same.
/// </para>
/// </remarks>
public sealed class EtcdStore : IAsyncDisposable
{
    private readonly Node _node;
    private readonly RequestLimits _limits;

    private readonly bool _ownsNode;

    /// <summary>A store over a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="options">Its limits count.</param>
    /// <param name="ownsNode">Whether closing the store closes the node.</param>
    internal EtcdStore(Node node, EtcdStoreOptions options, bool ownsNode)
    {
        _node = node;
        _limits = new RequestLimits(options.MaxTxnOps, options.MaxRequestBytes);
        _ownsNode = ownsNode;
    }

    /// <summary>
    /// The store's revision: 1 when empty, one more with each write that changes something. In a group, as of this member.
    /// </summary>
    public long Revision => _node.Store.CurrentRevision;

    /// <summary>Revision of the last compaction, or -1: reads below it are refused.</summary>
    public long CompactedRevision => _node.Store.CompactedRevision;

    /// <summary>Completes when the store can no longer serve, with the reason (a failed sync, damage on the disk).</summary>
    public Task<Exception> Failed => _node.Failed;

    /// <summary>Opens the store in a folder, or makes one there.</summary>
    /// <param name="path">The folder; one process at a time may have it open.</param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="cancellation">Gives up the opening.</param>
    /// <exception cref="Etcdish.Log.LogLockedException">The folder is open already, here or in another process.</exception>
    /// <exception cref="Etcdish.Log.LogDamagedException">Something acknowledged is damaged; the message names file and offset.</exception>
    public static async Task<EtcdStore> OpenAsync(
        string path, EtcdStoreOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new EtcdStoreOptions();
        Node node = await Node.OpenAsync(options.ToNodeOptions(path), cancellation).ConfigureAwait(false);
        return new EtcdStore(node, options, ownsNode: true);
    }

    /// <summary>Puts a pair.</summary>
    /// <param name="key">The key, not empty.</param>
    /// <param name="value">The value.</param>
    /// <param name="lease">Lease to attach the key to; 0 detaches it.</param>
    /// <param name="returnPrevious">Whether the answer holds the pair that was replaced.</param>
    /// <param name="cancellation">Ends the wait; the write may be applied all the same.</param>
    /// <exception cref="EtcdException">EmptyKey, LeaseNotFound, RequestTooLarge, NoSpace …; nothing was changed.</exception>
    public async ValueTask<PutResponse> PutAsync(
        Bytes key, Bytes value, long lease = 0, bool returnPrevious = false, CancellationToken cancellation = default)
    {
        PutRequest request = new() { Key = key.Memory, Value = value.Memory, Lease = lease, PrevKv = returnPrevious };
        Check(RequestValidator.Check(request));
        ArrayBufferWriter<byte> bytes = new(key.Length + value.Length + 32);
        RequestEncoder.Encode(request, bytes);
        using ReadScope scope = _node.Values.EnterRead();
        ApplyResult result = await ProposeAsync(EntryKind.Put, bytes, cancellation).ConfigureAwait(false);
        return new PutResponse(result.Revision, result.PutPrevious is null ? null : Materialize(result.PutPrevious, keysOnly: false));
    }

    /// <summary>The pair of one key, or null.</summary>
    /// <param name="key">The key, not empty.</param>
    /// <param name="revision">Revision to read at; 0 is now.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="EtcdException">EmptyKey, Compacted or FutureRev.</exception>
    public async ValueTask<KeyValue?> GetAsync(Bytes key, long revision = 0, CancellationToken cancellation = default)
    {
        RangeResponse response = await RangeAsync(key, revision, cancellation: cancellation).ConfigureAwait(false);
        return response.Pairs.Count == 0 ? null : response.Pairs[0];
    }

    /// <summary>The pairs of a range in key order.</summary>
    /// <param name="range">The keys.</param>
    /// <param name="revision">Revision to read at; 0 is now.</param>
    /// <param name="limit">Most pairs to return; 0 is no limit.</param>
    /// <param name="keysOnly">Whether values are left out.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="EtcdException">EmptyKey, Compacted or FutureRev.</exception>
    public ValueTask<RangeResponse> RangeAsync(
        KeyRange range, long revision = 0, long limit = 0, bool keysOnly = false, CancellationToken cancellation = default) =>
        RangeAsync(
            new RangeRequest
            {
                Key = range.Key.Memory,
                RangeEnd = range.End.Memory,
                Revision = revision,
                Limit = limit,
                KeysOnly = keysOnly,
            },
            cancellation);

    /// <summary>A range with all that etcd's API can ask for: sort, filters, counts, serializable reads.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="EtcdException">EmptyKey, InvalidSortOption, Compacted or FutureRev.</exception>
    public async ValueTask<RangeResponse> RangeAsync(RangeRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(RequestValidator.Check(request));
        if (!request.Serializable)
        {
            await _node.ReadBarrierAsync(cancellation).ConfigureAwait(false);
        }

        using ReadScope scope = _node.Values.EnterRead();
        return Materialize(_node.Store.Range(request));
    }

    /// <summary>How many keys a range has.</summary>
    /// <param name="range">The keys.</param>
    /// <param name="revision">Revision to count at; 0 is now.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="EtcdException">EmptyKey, Compacted or FutureRev.</exception>
    public async ValueTask<long> CountAsync(KeyRange range, long revision = 0, CancellationToken cancellation = default)
    {
        RangeRequest request = new()
        {
            Key = range.Key.Memory,
            RangeEnd = range.End.Memory,
            Revision = revision,
            CountOnly = true,
        };
        return (await RangeAsync(request, cancellation).ConfigureAwait(false)).Count;
    }

    /// <summary>The retained versions of one key, newest first; a deletion between two lives shows as a gap in the versions.</summary>
    /// <param name="key">The key, not empty.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async ValueTask<IReadOnlyList<KeyValue>> HistoryAsync(Bytes key, CancellationToken cancellation = default)
    {
        await _node.ReadBarrierAsync(cancellation).ConfigureAwait(false);
        using ReadScope scope = _node.Values.EnterRead();
        List<KeyValue> history = [];
        foreach (KeyRevision version in _node.Store.History(key.Span))
        {
            if (!version.IsTombstone)
            {
                history.Add(Materialize(version, keysOnly: false));
            }
        }

        return history;
    }

    /// <summary>Deletes the keys of a range, in one revision.</summary>
    /// <param name="range">The keys.</param>
    /// <param name="returnPrevious">Whether the answer holds the deleted pairs.</param>
    /// <param name="cancellation">Ends the wait; the write may be applied all the same.</param>
    /// <exception cref="EtcdException">EmptyKey, …; nothing was changed.</exception>
    public async ValueTask<DeleteResponse> DeleteAsync(
        KeyRange range, bool returnPrevious = false, CancellationToken cancellation = default)
    {
        DeleteRangeRequest request = new() { Key = range.Key.Memory, RangeEnd = range.End.Memory, PrevKv = returnPrevious };
        Check(RequestValidator.Check(request));
        ArrayBufferWriter<byte> bytes = new(range.Key.Length + range.End.Length + 32);
        RequestEncoder.Encode(request, bytes);
        using ReadScope scope = _node.Values.EnterRead();
        ApplyResult result = await ProposeAsync(EntryKind.DeleteRange, bytes, cancellation).ConfigureAwait(false);
        return Materialize(result.DeleteRange!, result.Revision);
    }

    /// <summary>Begins a transaction: <c>store.Txn().If(…).Then(…).Else(…).CommitAsync()</c>.</summary>
    public Transaction Txn() => new(this);

    /// <summary>Drops the history before a revision; what is current at it stays readable.</summary>
    /// <param name="revision">The revision; reads and watches below it are refused from now on.</param>
    /// <param name="cancellation">Ends the wait; the write may be applied all the same.</param>
    /// <exception cref="EtcdException">Compacted when that has happened already, FutureRev when it has not come yet.</exception>
    public async ValueTask CompactAsync(long revision, CancellationToken cancellation = default)
    {
        ArrayBufferWriter<byte> bytes = new(16);
        RequestEncoder.Encode(new CompactionRequest { Revision = revision }, bytes);
        await ProposeAsync(EntryKind.Compact, bytes, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Reports each change of a range, in order and without gaps, until it is cancelled. The watch counts from this call, not from the
    /// first <c>MoveNextAsync</c>: what is put in between is reported.
    /// </summary>
    /// <param name="range">The keys.</param>
    /// <param name="startRevision">First revision to report; 0 is what comes after this call.</param>
    /// <param name="withPrevious">Whether each event holds the pair before it.</param>
    /// <param name="cancellation">Ends the watch, with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="WatchCompactedException">While iterating: the revision was compacted.</exception>
    /// <exception cref="EtcdException">While iterating: the store was closed or has failed.</exception>
    public IAsyncEnumerable<WatchEvent> WatchAsync(
        KeyRange range, long startRevision = 0, bool withPrevious = false, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(startRevision);
        long start = startRevision == 0 ? Revision + 1 : startRevision;
        return EmbeddedWatch.RunAsync(_node, range, start, withPrevious, cancellation);
    }

    /// <summary>Grants a lease: keys attached to it are deleted, in one revision, when it is not renewed in time.</summary>
    /// <param name="ttl">Time to live, rounded up to whole seconds and raised to the floor.</param>
    /// <param name="id">The id wanted, or 0 to have one picked.</param>
    /// <param name="cancellation">Ends the wait; the write may be applied all the same.</param>
    /// <returns>The id of the lease and the TTL granted.</returns>
    /// <exception cref="EtcdException">LeaseExist, LeaseTTLTooLarge, NoSpace.</exception>
    public async ValueTask<(long Id, TimeSpan Ttl)> GrantLeaseAsync(TimeSpan ttl, long id = 0, CancellationToken cancellation = default)
    {
        ApplyResult result = await _node.GrantLeaseAsync(id, (long)Math.Ceiling(ttl.TotalSeconds), cancellation).ConfigureAwait(false);
        Check(result.Error);
        return (result.LeaseId, TimeSpan.FromSeconds(result.LeaseTtl));
    }

    /// <summary>Renews a lease to its granted TTL. In a group it is the leader that does it, and that keeps time.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Ends the wait; the lease may be renewed all the same.</param>
    /// <returns>The TTL, or null when the lease does not exist or has run out.</returns>
    /// <exception cref="EtcdException">
    /// In a group, NoLeader, NotLeader or TimeoutDueToLeaderFail while leadership changes: renew again. A new leader gives every lease its
    /// full TTL anew, so none runs out by the change.
    /// </exception>
    public async ValueTask<TimeSpan?> RenewLeaseAsync(long id, CancellationToken cancellation = default)
    {
        long seconds = await _node.RenewLeaseAsync(id, cancellation).ConfigureAwait(false);
        return seconds == 0 ? null : TimeSpan.FromSeconds(seconds);
    }

    /// <summary>Ends a lease and deletes its keys.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Ends the wait; the lease may be ended all the same.</param>
    /// <exception cref="EtcdException">LeaseNotFound.</exception>
    public async ValueTask RevokeLeaseAsync(long id, CancellationToken cancellation = default)
    {
        ArrayBufferWriter<byte> bytes = new(16);
        RequestEncoder.EncodeLeaseRevoke(id, bytes);
        await ProposeAsync(EntryKind.LeaseRevoke, bytes, cancellation).ConfigureAwait(false);
    }

    /// <summary>State of a lease, or null when it does not exist.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="EtcdException">In a group, NoLeader, NotLeader or TimeoutDueToLeaderFail: ask again.</exception>
    public ValueTask<LeaseStatus?> TimeToLiveAsync(long id, CancellationToken cancellation = default) =>
        _node.TimeToLiveAsync(id, withKeys: true, cancellation);

    /// <summary>Ids of all leases: soonest to run out first where their time is kept (no group, or its leader), else ascending.</summary>
    public IReadOnlyList<long> LeaseIds() => _node.LeaseIds();

    /// <summary>
    /// Finishes what is queued and closes the files. Everything that completed is on the disk, with or without this. The store of an
    /// <see cref="EtcdCluster"/> is closed by that, not by this.
    /// </summary>
    public ValueTask DisposeAsync() => _ownsNode ? _node.DisposeAsync() : ValueTask.CompletedTask;

    /// <summary>Does now all that maintenance would do in time.</summary>
    internal Task RunMaintenanceAsync() => _node.RunMaintenanceAsync();

    internal async ValueTask<TxnResponse> CommitAsync(TxnRequest request, CancellationToken cancellation)
    {
        Check(RequestValidator.Check(request, _limits.MaxTxnOps));
        using ReadScope scope = _node.Values.EnterRead();
        if (RevisionStore.IsReadOnly(request))
        {
            await _node.ReadBarrierAsync(cancellation).ConfigureAwait(false);
            TxnResult answer = _node.Store.ReadOnlyTxn(request, out long revision);
            return Materialize(answer, revision);
        }

        ArrayBufferWriter<byte> bytes = new(256);
        RequestEncoder.Encode(request, bytes);
        ApplyResult result = await ProposeAsync(EntryKind.Txn, bytes, cancellation).ConfigureAwait(false);
        return Materialize(result.Txn!, result.Revision);
    }

    private static void Check(EtcdError? error)
    {
        if (error is not null)
        {
            throw new EtcdException(error);
        }
    }

    private async ValueTask<ApplyResult> ProposeAsync(EntryKind kind, ArrayBufferWriter<byte> request, CancellationToken cancellation)
    {
        if (request.WrittenCount > _limits.MaxRequestBytes)
        {
            throw new EtcdException(EtcdError.RequestTooLarge);
        }

        ApplyResult result = await _node.ProposeOwnedAsync(kind, request.WrittenMemory, cancellation).ConfigureAwait(false);
        Check(result.Error);
        return result;
    }

    private KeyValue Materialize(KeyRevision version, bool keysOnly) => KeyValues.Read(version, _node.Values, keysOnly);

    private RangeResponse Materialize(RangeResult result)
    {
        List<KeyValue> pairs = new(result.Revisions.Count);
        foreach (KeyRevision version in result.Revisions)
        {
            pairs.Add(Materialize(version, result.KeysOnly));
        }

        return new RangeResponse(result.HeaderRevision, pairs, result.Count, result.More);
    }

    private DeleteResponse Materialize(DeleteRangeResult result, long revision)
    {
        List<KeyValue> previous = new(result.Previous.Count);
        foreach (KeyRevision version in result.Previous)
        {
            previous.Add(Materialize(version, keysOnly: false));
        }

        return new DeleteResponse(revision, result.Deleted, previous);
    }

    private TxnResponse Materialize(TxnResult result, long revision)
    {
        List<OpResponse> responses = new(result.Responses.Count);
        foreach (OpResult op in result.Responses)
        {
            responses.Add(op.Kind switch
            {
                RequestOpKind.Range => new OpResponse(Range: Materialize(op.Range!)),
                RequestOpKind.Put => new OpResponse(Put: new PutResponse(
                    op.HeaderRevision, op.PutPrevious is null ? null : Materialize(op.PutPrevious, keysOnly: false))),
                RequestOpKind.DeleteRange => new OpResponse(Delete: Materialize(op.DeleteRange!, op.HeaderRevision)),
                _ => new OpResponse(Txn: Materialize(op.Txn!, op.HeaderRevision)),
            });
        }

        return new TxnResponse(result.Succeeded, revision, responses);
    }

    private readonly record struct RequestLimits(int MaxTxnOps, int MaxRequestBytes);
}
