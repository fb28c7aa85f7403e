using Etcdish.Cluster.Peers;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Questions about leases between members, both halves: a follower asks the leader, which alone keeps their time, to renew one or to tell
/// what it has left. The leader answers after a read barrier, so that a deposed one promises nothing. Safe on any thread.
/// </summary>
/// <param name="keeper">This member's lease time.</param>
/// <param name="network">The way to others.</param>
/// <param name="continuations">How those who wait go on; where there are no other threads, as in a simulation, at once.</param>
internal sealed class LeaseCalls(
    LeaseKeeper keeper,
    IPeerNetwork network,
    TaskCreationOptions continuations = TaskCreationOptions.RunContinuationsAsynchronously)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<ulong, (ulong Leader, TaskCompletionSource<LeaseAnswerFrame> Answer)> _asked = [];
    private readonly PeerFrameWriter _writer = new();
    private ulong _lastNumber;

    /// <summary>Where barriers and writes go; set before the first call.</summary>
    public IWriteQueue Queue { get; set; } = null!;

    /// <summary>
    /// Has questions numbered from a place of chance on, before the first is asked: the leader may still answer what an earlier life of this
    /// member asked.
    /// </summary>
    public void NumberFrom(ulong number) => _lastNumber = number;

    /// <summary>Asks the leader.</summary>
    /// <exception cref="EtcdException">
    /// NotLeader when that member does not lead, TimeoutDueToLeaderFail when it was lost before it answered; a renewal may have happened.
    /// </exception>
    public Task<LeaseAnswerFrame> AskAsync(ulong leader, LeaseCallKind kind, long lease)
    {
        TaskCompletionSource<LeaseAnswerFrame> answer = new(continuations);
        lock (_lock)
        {
            ulong sequence = PeerSequence.Of(PeerSequence.Kind.Lease, ++_lastNumber);
            _asked.Add(sequence, (leader, answer));
            _writer.WriteLeaseCall(new LeaseCallFrame(sequence, kind, lease));
            if (!network.Send(leader, _writer.Frame))
            {
                _asked.Remove(sequence);
                answer.SetException(new EtcdException(EtcdError.TimeoutDueToLeaderFail));
            }
        }

        return answer.Task;
    }

    /// <summary>A member asks: answers when it can.</summary>
    public void Take(ulong from, in LeaseCallFrame call) => _ = AnswerAsync(from, call);

    public void OnAnswer(ulong from, in LeaseAnswerFrame answer) => Find(from, answer.Sequence)?.SetResult(answer);

    public void OnRefused(ulong from, in RefusedFrame refused) =>
        Find(from, refused.Sequence)?.SetException(new EtcdException(new EtcdError(refused.Code, refused.Text)));

    /// <summary>Answers of a member will not come any more; with 0, of all but the leader of now.</summary>
    public void OnLeaderLost(ulong member, ulong leader)
    {
        List<TaskCompletionSource<LeaseAnswerFrame>> lost = [];
        lock (_lock)
        {
            foreach ((ulong sequence, (ulong asked, TaskCompletionSource<LeaseAnswerFrame> answer)) in _asked.ToList())
            {
                if (member == 0 ? asked != leader : asked == member)
                {
                    _asked.Remove(sequence);
                    lost.Add(answer);
                }
            }
        }

        lost.ForEach(static answer => answer.SetException(new EtcdException(EtcdError.TimeoutDueToLeaderFail)));
    }

    private TaskCompletionSource<LeaseAnswerFrame>? Find(ulong from, ulong sequence)
    {
        lock (_lock)
        {
            return _asked.TryGetValue(sequence, out (ulong Leader, TaskCompletionSource<LeaseAnswerFrame> Answer) asked)
                && asked.Leader == from
                && _asked.Remove(sequence)
                    ? asked.Answer
                    : null;
        }
    }

    private async Task AnswerAsync(ulong from, LeaseCallFrame call)
    {
        try
        {
            await Queue.Enqueue(Proposal.ReadBarrier, default).ConfigureAwait(false);
            LeaseAnswerFrame answer = call.Kind == LeaseCallKind.Renew
                ? new LeaseAnswerFrame(call.Sequence, await keeper.RenewAsync(call.Lease, Queue).ConfigureAwait(false), 0)
                : keeper.Answer(call);
            Send(from, writer => writer.WriteLeaseAnswer(answer));
        }
        catch (EtcdException refusal)
        {
            Send(from, writer => writer.WriteRefused(new RefusedFrame(call.Sequence, refusal.Error.Code, refusal.Error.Message)));
        }
    }

    private void Send(ulong to, Action<PeerFrameWriter> write)
    {
        lock (_lock)
        {
            write(_writer);
            network.Send(to, _writer.Frame);
        }
    }
}
