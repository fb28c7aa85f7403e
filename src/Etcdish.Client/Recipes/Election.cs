using System.Runtime.CompilerServices;
using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Client;

/// <summary>Leader election by name; takes part together with etcd's own clients. Not thread-safe, but for observing.</summary>
public sealed class Election
{
    private readonly Session _session;
    private readonly Contender _contender;
    private readonly KeyRange _candidates;

    /// <summary>An election of this name, in which the session may be a candidate.</summary>
    public Election(Session session, string name)
    {
        _session = session;
        _contender = new Contender(session, name);
        _candidates = KeyRange.Prefix(name + "/");
    }

    /// <summary>The key that exists as long as this candidate leads or waits to lead.</summary>
    public ByteString Key => _contender.Key;

    /// <summary>Condition for a transaction: this candidate leads still.</summary>
    public Compare IsLeader => _contender.StillThere;

    private KvClient Kv => _session.Client.Kv;

    /// <summary>Waits until elected. A wait that is cancelled withdraws the candidate.</summary>
    /// <param name="value">What observers see of the leader.</param>
    /// <param name="cancellationToken">Withdraws.</param>
    /// <exception cref="SessionLostException">The session ended meanwhile.</exception>
    /// <exception cref="Rpc.RpcException">A call failed. Campaign again, or dispose the session to withdraw.</exception>
    public async Task CampaignAsync(ByteString value, CancellationToken cancellationToken = default)
    {
        bool first = await _contender.JoinAsync(value, cancellationToken);
        if (!first)
        {
            await _contender.WaitForTurnAsync(cancellationToken);
        }
    }

    /// <summary>Announces another value without another election.</summary>
    /// <returns>False when this candidate does not lead (any more).</returns>
    /// <exception cref="Rpc.RpcException">The call failed; the value may have been announced.</exception>
    public async Task<bool> ProclaimAsync(ByteString value, CancellationToken cancellationToken = default)
    {
        if (_contender.Revision == 0)
        {
            return false;
        }

        TxnResponse response = await Kv.Txn()
            .When(IsLeader)
            .Then(Op.Put(new PutRequest { Key = Key, Value = value, Lease = _session.Lease }))
            .CommitAsync(cancellationToken);
        return response.Succeeded;
    }

    /// <summary>Steps down, so that the next candidate leads; harmless for one who does not lead.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; leadership may last until the session ends.</exception>
    public Task ResignAsync(CancellationToken cancellationToken = default) => _contender.LeaveAsync(cancellationToken);

    /// <summary>The leader's key and value; null when nobody leads.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; the message is etcd's text.</exception>
    public async Task<KeyValue?> GetLeaderAsync(CancellationToken cancellationToken = default) =>
        (await FindLeaderAsync(cancellationToken)).Leader;

    /// <summary>
    /// The leader now, and each value proclaimed and leader elected from here on. Leaders and values that are quickly replaced may be
    /// skipped; the last one never is.
    /// </summary>
    /// <exception cref="Rpc.RpcException">A call failed for good.</exception>
    public async IAsyncEnumerable<KeyValue> ObserveAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long seen = 0;
        while (true)
        {
            (KeyValue? leader, long asOf) = await FindLeaderAsync(cancellationToken);
            if (leader is not null && leader.ModRevision > seen)
            {
                seen = leader.ModRevision;
                yield return leader;
            }

            await WaitForChangeAsync(asOf, cancellationToken);
        }
    }

    private async Task<(KeyValue? Leader, long AsOf)> FindLeaderAsync(CancellationToken cancellationToken)
    {
        RangeResponse first = await Kv.RangeAsync(
            new RangeRequest
            {
                Key = _candidates.Key,
                RangeEnd = _candidates.End,
                SortTarget = RangeRequest.Types.SortTarget.Create,
                SortOrder = RangeRequest.Types.SortOrder.Ascend,
                Limit = 1,
            },
            cancellationToken);
        return (first.Kvs.Count == 0 ? null : first.Kvs[0], first.Header.Revision);
    }

    private async Task WaitForChangeAsync(long asOf, CancellationToken cancellationToken)
    {
        WatchCreateRequest request = new() { Key = _candidates.Key, RangeEnd = _candidates.End, StartRevision = asOf + 1 };
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
            // The caller reads the state anew in any case.
        }
    }
}
