using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// Linearizable reads: a leader has its quorum confirm it, a follower asks the leader for an index; then the read waits until that index is
/// applied here. Reads that arrive while one round is under way share the next. A read may be tried again freely, so a change of the leader
/// costs it time only.
/// </summary>
internal sealed class ReplicaReads(
    RaftNode raft, ReplicaOutbox outbox, List<Proposal> completed, ReplicaOptions options, NodeMetrics metrics)
{
    private readonly record struct Confirmed(ulong Index, List<Proposal> Reads);

    private readonly record struct Barrier(List<Proposal>? Reads, ulong Member, ulong Sequence);

    // Barriers end in the order of their tokens, which are the numbers of this ring.
    private readonly IndexRing<Barrier> _barriers = new(1);
    private readonly List<Confirmed> _confirmed = [];
    private List<Proposal> _waiting = [];
    private List<Proposal>? _asked;
    private ulong _askedNumber = options.Raft.Seed >> 8;
    private ulong _askedMember;
    private long _askedAt;

    /// <summary>Reads wait to be begun.</summary>
    public bool IsWaiting => _waiting.Count > 0;

    public void Take(Proposal read, long now)
    {
        read.HeldSince = now;
        _waiting.Add(read);
    }

    /// <summary>A follower asks for a read's index.</summary>
    public void TakeOfMember(ulong from, ulong sequence)
    {
        Refusal refusal = raft.ReadBarrier(_barriers.Next);
        if (refusal == Refusal.None)
        {
            _barriers.Add(new Barrier(null, from, sequence));
        }
        else
        {
            outbox.Refuse(from, sequence, EtcdError.NotLeader);
        }
    }

    /// <summary>Begins a round with all reads that wait, if one can be begun.</summary>
    public void Begin(long now)
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        if (raft.Role == Role.Leader)
        {
            if (raft.ReadBarrier(_barriers.Next) == Refusal.None)
            {
                _barriers.Add(new Barrier(_waiting, 0, 0));
                _waiting = [];
            }
        }
        else if (raft.Leader != 0 && _asked is null
            && outbox.AskReadIndex(raft.Leader, PeerSequence.Of(PeerSequence.Kind.Read, _askedNumber + 1)))
        {
            (_asked, _askedMember, _askedAt) = (_waiting, raft.Leader, now);
            _askedNumber++;
            _waiting = [];
        }
    }

    /// <summary>The core ended a barrier.</summary>
    public void OnRelease(in ReadRelease release)
    {
        Barrier barrier = _barriers[release.Token];
        _barriers[release.Token] = default;
        _barriers.RemoveBefore(release.Token + 1);
        if (barrier.Reads is { } reads)
        {
            Settle(reads, release.Index, release.Confirmed);
        }
        else if (release.Confirmed)
        {
            outbox.AnswerReadIndex(barrier.Member, new ReadIndexAnswerFrame(barrier.Sequence, release.Index));
        }
        else
        {
            outbox.Refuse(barrier.Member, barrier.Sequence, EtcdError.NotLeader);
        }
    }

    /// <summary>The leader has answered.</summary>
    public void OnAnswer(ulong from, in ReadIndexAnswerFrame answer)
    {
        if (TakeAsked(from, answer.Sequence) is { } reads)
        {
            Settle(reads, answer.Index, confirmed: true);
        }
    }

    /// <summary>The member asked does not lead.</summary>
    public void OnRefused(ulong from, ulong sequence)
    {
        // Asked again with the next tick, not at once: see ReplicaWrites.OnRefused.
        if (_asked is not null && from == _askedMember && PeerSequence.NumberOf(sequence) == _askedNumber)
        {
            _askedAt = long.MinValue;
        }
    }

    /// <summary>Asks again where the answer cannot come any more: the leader changed, or cannot be reached.</summary>
    /// <param name="member">The member that is unreachable; or 0 when the leader is another.</param>
    public void OnLeaderLost(ulong member)
    {
        if (_asked is not null && (member == 0 ? _askedMember != raft.Leader : _askedMember == member))
        {
            Return(_asked);
            _asked = null;
        }
    }

    /// <summary>Entries up to an index are applied: reads that waited for them may go.</summary>
    public void OnApplied(ulong applied)
    {
        for (int i = 0; i < _confirmed.Count; i++)
        {
            if (_confirmed[i].Index <= applied)
            {
                Succeed(_confirmed[i].Reads);
                _confirmed.RemoveAt(i--);
            }
        }
    }

    /// <summary>Gives up on what waits too long, and asks again when an answer is overdue.</summary>
    public void Expire(long now)
    {
        if (_asked is not null && _askedAt <= now - options.Raft.ElectionTicks)
        {
            metrics.ReadIndexIsSlow();
            Return(_asked);
            _asked = null;
        }

        long since = now - options.RequestTimeoutTicks;
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].HeldSince <= since)
            {
                _waiting[i].Fail(EtcdError.Timeout, completed);
                _waiting.RemoveAt(i);
                metrics.ReadsFailed(1);
            }
        }

        ExpireConfirmed(since);
    }

    /// <summary>The node stops or is unfit.</summary>
    public void FailAll(EtcdError error)
    {
        Fail(_waiting, error);
        Fail(_asked ?? [], error);
        for (ulong token = _barriers.First; token < _barriers.Next; token++)
        {
            Fail(_barriers[token].Reads ?? [], error);
        }

        foreach (Confirmed confirmed in _confirmed)
        {
            Fail(confirmed.Reads, error);
        }
    }

    private List<Proposal>? TakeAsked(ulong from, ulong sequence)
    {
        if (from != _askedMember || PeerSequence.NumberOf(sequence) != _askedNumber)
        {
            return null;
        }

        List<Proposal>? reads = _asked;
        _asked = null;
        return reads;
    }

    private void Settle(List<Proposal> reads, ulong index, bool confirmed)
    {
        if (confirmed)
        {
            _confirmed.Add(new Confirmed(index, reads));
        }
        else
        {
            Return(reads);
        }
    }

    private void Return(List<Proposal> reads)
    {
        reads.AddRange(_waiting);
        _waiting = reads;
    }

    private void ExpireConfirmed(long since)
    {
        for (int i = _confirmed.Count - 1; i >= 0; i--)
        {
            List<Proposal> reads = _confirmed[i].Reads;
            if (reads[^1].HeldSince <= since)
            {
                Fail(reads, EtcdError.TimeoutWaitAppliedIndex);
                metrics.ReadsFailed(reads.Count);
                _confirmed.RemoveAt(i);
            }
        }
    }

    private void Succeed(List<Proposal> reads)
    {
        foreach (Proposal read in reads)
        {
            read.Succeed(default, completed);
        }
    }

    private void Fail(List<Proposal> reads, EtcdError error)
    {
        foreach (Proposal read in reads)
        {
            read.Fail(error, completed);
        }
    }
}
