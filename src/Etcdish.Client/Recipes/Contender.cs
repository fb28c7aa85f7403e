using Etcdish.Protos;
using Etcdish.Rpc;
using Google.Protobuf;
using static Etcdish.Protos.Compare.Types;

namespace Etcdish.Client;

/// <summary>
/// A place in a queue: one key per session under a common prefix, first come first served by create revision. Each contender waits for
/// the deletion of the one right before it, so that a departure wakes one waiter, not all. The same keys as etcd's own lock and election
/// recipes, so both kinds of client can queue together. Not thread-safe.
/// </summary>
internal sealed class Contender
{
    private readonly Session _session;
    private readonly KeyRange _queue;

    public Contender(Session session, string name)
    {
        _session = session;
        _queue = KeyRange.Prefix(name + "/");
        Key = ByteString.CopyFromUtf8($"{name}/{session.Lease:x}");
    }

    public ByteString Key { get; }

    /// <summary>Create revision of the key while queued, else 0.</summary>
    public long Revision { get; private set; }

    /// <summary>True as long as the place is held, in a transaction.</summary>
    public Compare StillThere => If.CreateRevision(Key, CompareResult.Equal, Revision);

    private KvClient Kv => _session.Client.Kv;

    /// <summary>
    /// Takes a place, or finds the one this session already has; tells whether it is the first. Cancellation gives a new place up again:
    /// so the request itself is not cancelled, for then nobody would know whether there is a place to give up. Its wait ends with the
    /// session at the latest, and so does the place.
    /// </summary>
    /// <exception cref="SessionLostException">The lease has ended.</exception>
    public async Task<bool> JoinAsync(ByteString value, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TxnResponse joined;
        try
        {
            joined = await EnqueueAsync(value, _session.Lost);
        }
        catch (RpcException e) when (_session.Lost.IsCancellationRequested || e.Message == "etcdserver: requested lease not found")
        {
            throw new SessionLostException();
        }
        catch (OperationCanceledException) when (_session.Lost.IsCancellationRequested)
        {
            throw new SessionLostException();
        }

        Revision = joined.Succeeded ? joined.Header.Revision : joined.Responses[0].ResponseRange.Kvs[0].CreateRevision;
        if (cancellationToken.IsCancellationRequested && joined.Succeeded)
        {
            await LeaveAsync(CancellationToken.None);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return joined.Responses[1].ResponseRange.Kvs[0].CreateRevision == Revision;
    }

    /// <summary>Waits until nobody is queued before; leaves the queue if that fails.</summary>
    /// <exception cref="SessionLostException">The lease ended meanwhile.</exception>
    public async Task WaitForTurnAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _session.Lost);
        try
        {
            while (await FindPredecessorAsync(waiting.Token) is (ByteString predecessor, long asOf))
            {
                await WaitForDeletionAsync(predecessor, asOf, waiting.Token);
            }

            // Being first in the queue means nothing unless the own key is still in it.
            RangeResponse own = await Kv.RangeAsync(KeyRange.One(Key), waiting.Token);
            if (own.Kvs.Count == 0 || own.Kvs[0].CreateRevision != Revision)
            {
                throw new SessionLostException();
            }
        }
        catch (OperationCanceledException) when (_session.Lost.IsCancellationRequested)
        {
            Revision = 0;
            throw new SessionLostException();
        }
        catch (Exception e) when (e is not SessionLostException)
        {
            await LeaveAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Gives up the place; harmless when it is gone already.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (Revision != 0)
        {
            await Kv.Txn().When(StillThere).Then(Op.Delete(KeyRange.One(Key))).CommitAsync(cancellationToken);
            Revision = 0;
        }
    }

    private async Task<TxnResponse> EnqueueAsync(ByteString value, CancellationToken cancellationToken)
    {
        RequestOp first = Op.Range(new RangeRequest
        {
            Key = _queue.Key,
            RangeEnd = _queue.End,
            SortTarget = RangeRequest.Types.SortTarget.Create,
            SortOrder = RangeRequest.Types.SortOrder.Ascend,
            Limit = 1,
        });
        return await Kv.Txn()
            .When(If.Missing(Key))
            .Then(Op.Put(new PutRequest { Key = Key, Value = value, Lease = _session.Lease }), first)
            .Else(Op.Get(Key), first)
            .CommitAsync(cancellationToken);
    }

    private async Task<(ByteString Key, long AsOf)?> FindPredecessorAsync(CancellationToken cancellationToken)
    {
        RangeResponse before = await Kv.RangeAsync(
            new RangeRequest
            {
                Key = _queue.Key,
                RangeEnd = _queue.End,
                MaxCreateRevision = Revision - 1,
                SortTarget = RangeRequest.Types.SortTarget.Create,
                SortOrder = RangeRequest.Types.SortOrder.Descend,
                Limit = 1,
                KeysOnly = true,
            },
            cancellationToken);
        return before.Kvs.Count == 0 ? null : (before.Kvs[0].Key, before.Header.Revision);
    }

    private async Task WaitForDeletionAsync(ByteString key, long asOf, CancellationToken cancellationToken)
    {
        WatchCreateRequest request = new()
        {
            Key = key,
            StartRevision = asOf + 1,
            Filters = { WatchCreateRequest.Types.FilterType.Noput },
        };
        try
        {
            await foreach (WatchResponse response in _session.Client.Watch.Watch(request).WithCancellation(cancellationToken))
            {
                if (response.Events.Count > 0)
                {
                    return;
                }
            }
        }
        catch (WatchCompactedException)
        {
            // Compacted behind our back: the caller looks at the queue again.
        }
    }
}
