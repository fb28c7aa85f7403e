using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster;

// Leadership handed over on purpose: by an operator, or because the leader's process is asked to end.
public sealed partial class Node
{
    private const int LooksPerHeartbeat = 20;

    /// <summary>
    /// Hands leadership to another voter and completes when this member follows it. Writes that come meanwhile wait and go to the new
    /// leader.
    /// </summary>
    /// <param name="to">A voter; this member itself when nothing is to change.</param>
    /// <param name="cancellation">Stops waiting, not the transfer.</param>
    /// <exception cref="EtcdException">
    /// NotLeader when this member does not lead, BadLeaderTransferee when <paramref name="to"/> is no voter that could lead; Stopped.
    /// </exception>
    /// <exception cref="TimeoutException">It did not take over within an election timeout; who leads then is open.</exception>
    public async Task TransferLeadershipAsync(ulong to, CancellationToken cancellation = default)
    {
        if (LeaderId != MemberId)
        {
            throw new EtcdException(EtcdError.NotLeader);
        }

        if (to == MemberId)
        {
            return;
        }

        Refusal refusal = Refusal.None;
        await _loop.Enqueue(0, default, () => refusal = _loop.Replica.TransferLeadership(to)).ConfigureAwait(false);
        switch (refusal)
        {
            case Refusal.None:
                await FollowAsync(to, cancellation).ConfigureAwait(false);
                break;
            case Refusal.InvalidTransferTarget:
                throw new EtcdException(EtcdError.BadLeaderTransferee);
            default:
                throw new EtcdException(EtcdError.NotLeader);
        }
    }

    /// <summary>As <see cref="TransferLeadershipAsync"/>, to the voter that lags least.</summary>
    /// <param name="cancellation">Stops waiting, not the transfer.</param>
    /// <returns>The new leader; 0 when this member does not lead, or nobody else could.</returns>
    /// <exception cref="EtcdException">As there.</exception>
    /// <exception cref="TimeoutException">As there.</exception>
    public async Task<ulong> HandOverLeadershipAsync(CancellationToken cancellation = default)
    {
        if (LeaderId != MemberId)
        {
            return 0;
        }

        ulong successor = 0;
        await _loop.Enqueue(0, default, () => successor = _loop.Replica.HandOverLeadership()).ConfigureAwait(false);
        if (successor != 0)
        {
            await FollowAsync(successor, cancellation).ConfigureAwait(false);
        }

        return successor;
    }

    private async Task FollowAsync(ulong leader, CancellationToken cancellation)
    {
        long begun = _options.Clock.GetTimestamp();
        while (LeaderId != leader)
        {
            if (_options.Clock.GetElapsedTime(begun) > _options.ElectionTimeout)
            {
                throw new TimeoutException($"member {leader:x} did not become leader within {_options.ElectionTimeout}");
            }

            await Task.Delay(_options.HeartbeatInterval / LooksPerHeartbeat, _options.Clock, cancellation).ConfigureAwait(false);
        }
    }
}
