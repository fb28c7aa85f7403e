using System.Runtime.CompilerServices;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster;

// Leadership handed over on purpose: by an operator, or because the leader's process is asked to end.
public sealed partial class Node
{
    /// <summary>
    /// Who leads: first as it is now, then each time this member learns of a change. What changed while the caller was busy is left out,
    /// but for the newest. Ends when the node stops or fails.
    /// </summary>
    /// <param name="cancellation">Ends it, with an <see cref="OperationCanceledException"/>.</param>
    public async IAsyncEnumerable<Leadership> WatchLeadershipAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopping.Token);
        Leadership? told = null;
        while (!_stopping.IsCancellationRequested)
        {
            Task change = _status.LeadershipChange;
            Leadership now = _status.Leadership;
            if (now != told)
            {
                yield return told = now;
            }

            await change.WaitAsync(both.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
    }

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
        await _loop
            .EnqueueAbandonable(0, default, () => refusal = _loop.Replica.TransferLeadership(to), cancellation).ConfigureAwait(false);
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
    /// <returns>The new leader, which by then most others follow; 0 when this member does not lead, or nobody else could.</returns>
    /// <exception cref="EtcdException">As there.</exception>
    /// <exception cref="TimeoutException">As there.</exception>
    public async Task<ulong> HandOverLeadershipAsync(CancellationToken cancellation = default)
    {
        if (LeaderId != MemberId)
        {
            return 0;
        }

        ulong successor = 0;
        await _loop
            .EnqueueAbandonable(0, default, () => successor = _loop.Replica.HandOverLeadership(), cancellation).ConfigureAwait(false);
        if (successor != 0)
        {
            await FollowAsync(successor, cancellation).ConfigureAwait(false);

            // The others hear of the new leader within a heartbeat. What they forward here until then is refused and sent on by them; with
            // this member gone its outcome would be unknown.
            await Task.Delay(_options.HeartbeatInterval, _options.Clock, cancellation).ConfigureAwait(false);
        }

        return successor;
    }

    private async Task FollowAsync(ulong leader, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = new(_options.ElectionTimeout, _options.Clock);
        using CancellationTokenSource any = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token, _stopping.Token);
        while (true)
        {
            Task change = _status.LeadershipChange;
            if (LeaderId == leader)
            {
                return;
            }

            await change.WaitAsync(any.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
            if (_stopping.IsCancellationRequested)
            {
                throw new EtcdException(EtcdError.Stopped);
            }

            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"member {leader:x} did not become leader within {_options.ElectionTimeout}");
            }
        }
    }
}
