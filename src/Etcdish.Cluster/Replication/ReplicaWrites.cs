using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// The way of writes to a place in the log: a leader proposes them, a follower forwards them, and without a leader they are held. A
/// follower's write is completed where it was asked for, when that member applies it, so a client reads its own write there.
/// </summary>
internal sealed class ReplicaWrites(
    RaftNode raft,
    ReplicaLog log,
    EntryTail tail,
    ReplicaOutbox outbox,
    ReplicaMembership membership,
    List<Proposal> completed,
    ReplicaOptions options)
{
    private readonly record struct Forwarded(Proposal? Write, ulong Leader, long Since);

    private readonly List<Proposal> _held = [];

    // Numbered from a place of chance: the leader may still answer what an earlier life of this member forwarded.
    private readonly IndexRing<Forwarded> _forwarded = new(1 + (options.Raft.Seed >> 8));
    private readonly PromisedWrites _promised = new();
    private long _forwardAgainAt;
    private bool _holdsMemberRequests;

    /// <summary>Writes wait for a place.</summary>
    public bool IsHolding => _held.Count > 0;

    /// <summary>Wishes for another membership wait: <see cref="DispatchMemberRequests"/> comes before <see cref="Dispatch"/>.</summary>
    public bool HasMemberRequests => _holdsMemberRequests || membership.IsWaiting;

    /// <summary>What is held is proposed here rather than forwarded.</summary>
    public bool MayPropose => raft.Role == Role.Leader && raft.TransferTarget == 0;

    /// <summary>A write came, of a client of this member.</summary>
    public void Hold(Proposal write, long now)
    {
        write.HeldSince = now;
        Hold(write);
    }

    /// <summary>A follower forwards a write of a client of its own.</summary>
    /// <exception cref="MalformedFrameException">Only a leader makes such an entry, or it is a wish that says nothing.</exception>
    public void HoldForwarded(ulong from, in ForwardFrame frame, long now)
    {
        if (frame.Kind is EntryKinds.Configuration or EntryKinds.MemberUpdate)
        {
            throw new MalformedFrameException($"an entry of kind {frame.Kind} is not for others to ask for");
        }

        if (frame.Kind == EntryKinds.MemberRequest)
        {
            MemberRequest.Decode(frame.Payload);
        }

        if (MayPropose)
        {
            Hold(Proposal.RentForMember(from, frame.Sequence, frame.Kind, frame.Payload.ToArray()), now);
        }
        else
        {
            outbox.Refuse(from, frame.Sequence, EtcdError.NotLeader);
        }
    }

    /// <summary>Brings what is held on its way: into the log and the core, or to the leader.</summary>
    /// <exception cref="Log.DiskFullException">No room: nothing was proposed. The caller calls <see cref="RefuseForSpace"/>.</exception>
    public void Dispatch(long now)
    {
        if (MayPropose)
        {
            Propose(now);
        }
        else
        {
            RefuseWhatNeedsLeadership();
            if (raft.Role != Role.Leader && raft.Leader != 0 && now >= _forwardAgainAt)
            {
                Forward(raft.Leader, now);
            }
        }
    }

    /// <summary>
    /// A leader decides what is wished of the membership, as far as it can now, and what becomes of it has its place in the log or among
    /// what is held. Elsewhere the wishes go the way of other writes.
    /// </summary>
    /// <param name="applied">The last entry applied here.</param>
    /// <param name="now">Ticks.</param>
    public void DispatchMemberRequests(ulong applied, long now)
    {
        if (!MayPropose)
        {
            _held.AddRange(membership.TakeAll());
            _holdsMemberRequests = _held.Exists(static write => write.Kind == EntryKinds.MemberRequest);
            return;
        }

        foreach (Proposal request in _held.FindAll(static write => write.Kind == EntryKinds.MemberRequest))
        {
            membership.Hold(request);
        }

        _held.RemoveAll(static write => write.Kind == EntryKinds.MemberRequest);
        _holdsMemberRequests = false;
        while (membership.Next(applied) is { } request)
        {
            Decide(request, now);
        }
    }

    /// <summary>The disk is full: all that is held is refused.</summary>
    public void RefuseForSpace() => FailHeld(EtcdError.NoSpace);

    /// <summary>The leader has given a forwarded write a place.</summary>
    /// <param name="from">The leader.</param>
    /// <param name="frame">Its answer.</param>
    /// <param name="applied">The last entry applied here.</param>
    /// <param name="now">Ticks.</param>
    public void OnAccepted(ulong from, in AcceptedFrame frame, ulong applied, long now)
    {
        if (TakeForwarded(from, frame.Sequence) is not { } write)
        {
            return;
        }

        if (frame.Index <= applied)
        {
            // The answer was overtaken by a later leader's entries: whether this write is among them cannot be told any more.
            write.Fail(EtcdError.TimeoutDueToLeaderFail, completed);
        }
        else
        {
            _promised.Add(write, frame.Index, frame.Term, now);
        }
    }

    /// <summary>The leader has refused a forwarded write: it is in no log.</summary>
    public void OnRefused(ulong from, in RefusedFrame frame, long now)
    {
        if (TakeForwarded(from, frame.Sequence) is not { } write)
        {
            return;
        }

        if (frame.Text == EtcdError.NotLeader.Message)
        {
            // Not at once again: the member that was taken for the leader would be asked as fast as it refuses.
            _forwardAgainAt = now + 1;
            Hold(write);
        }
        else
        {
            write.Fail(new EtcdError(frame.Code, frame.Text), completed);
        }
    }

    /// <summary>What was forwarded to a member and is not accepted may be lost or not.</summary>
    /// <param name="member">The member that is unreachable; or, with 0, all but the leader of now.</param>
    public void OnLeaderLost(ulong member)
    {
        _forwardAgainAt = 0;
        for (ulong number = _forwarded.First; number < _forwarded.Next; number++)
        {
            Forwarded forwarded = _forwarded[number];
            if (forwarded.Write is not null && (member == 0 ? forwarded.Leader != raft.Leader : forwarded.Leader == member))
            {
                _forwarded[number] = default;
                forwarded.Write.Fail(EtcdError.TimeoutDueToLeaderFail, completed);
            }
        }

        DropAnswered();
    }

    /// <summary>The entry at an index was applied.</summary>
    public void OnApplied(ulong index, ulong term, in ApplyResult result) => _promised.OnApplied(index, term, result, completed);

    /// <summary>
    /// Received state holds all entries up to an index. Whether the writes among them were applied cannot be told from it.
    /// </summary>
    public void OnStateReplaced(ulong index) => _promised.FailThrough(index, EtcdError.TimeoutDueToLeaderFail, completed);

    /// <summary>Gives up on what waits too long.</summary>
    public void Expire(long now)
    {
        long since = now - options.RequestTimeoutTicks;
        _promised.Expire(since, tail, completed);
        while (_forwarded.Count > 0 && _forwarded[_forwarded.First] is { Write: { } write, Since: var forwardedAt } && forwardedAt <= since)
        {
            write.Fail(EtcdError.Timeout, completed);
            _forwarded[_forwarded.First] = default;
            DropAnswered();
        }

        for (int i = _held.Count - 1; i >= 0; i--)
        {
            if (_held[i].HeldSince <= since)
            {
                Fail(_held[i], EtcdError.Timeout);
                _held.RemoveAt(i);
            }
        }

        foreach (Proposal request in membership.TakeExpired(since))
        {
            Fail(request, EtcdError.Timeout);
        }
    }

    /// <summary>The node stops or is unfit.</summary>
    public void FailAll(EtcdError error)
    {
        _held.AddRange(membership.TakeAll());
        FailHeld(error);
        _promised.FailAll(error, completed);
        for (ulong number = _forwarded.First; number < _forwarded.Next; number++)
        {
            _forwarded[number].Write?.Fail(error, completed);
        }
    }

    private void Hold(Proposal write)
    {
        _held.Add(write);
        _holdsMemberRequests |= write.Kind == EntryKinds.MemberRequest;
    }

    private void Decide(Proposal request, long now)
    {
        MemberRequest wish = MemberRequest.Decode(request.Payload.Span);
        (EtcdError? error, ProposalResult proposed) = membership.Decide(wish);
        if (error is not null)
        {
            Fail(request, error);
        }
        else if (proposed.Index != 0)
        {
            membership.Placed(proposed.Index);
            Place(request, proposed.Index, proposed.Term, now);
        }
        else
        {
            // First of what is held, and so the next entry.
            request.Become(
                EntryKinds.MemberUpdate, MembershipCodec.EncodeAttributes(new MemberInfo(wish.Member, "", wish.PeerUrls, [])));
            _held.Insert(0, request);
            membership.Placed(tail.Last + 1);
        }
    }

    // First into the log's batch, then to the core: what a full disk refuses was never proposed.
    private void Propose(long now)
    {
        ulong index = tail.Last;
        long bytes = 0;
        int count = 0;
        foreach (Proposal write in _held)
        {
            int size = write.Payload.Length;
            long before = tail.UnappliedBytes + bytes;
            if (before > 0 && before + size > options.MaxUncommittedBytes)
            {
                Fail(write, EtcdError.RequestTooManyRequests);
                continue;
            }

            write.Position = log.Append(write.Kind, ++index, raft.Term, write.Payload.Span);
            bytes += size;
            count++;
        }

        if (count > 0)
        {
            Promise(raft.Propose(count, bytes), now);
        }

        _held.Clear();
    }

    private void Promise(in ProposalResult proposed, long now)
    {
        if (proposed.Refusal != Refusal.None || proposed.Index != tail.Last + 1)
        {
            throw new InvalidOperationException($"a leader's core refused a proposal: {proposed.Refusal}, index {proposed.Index}");
        }

        foreach (Proposal write in _held)
        {
            if (!write.IsWaiting)
            {
                continue;
            }

            tail.Add(write.Kind, proposed.Term, write.Payload, write.Position);
            Place(write, tail.Last, proposed.Term, now);
        }

        log.Proposed();
    }

    private void Place(Proposal write, ulong index, ulong term, long now)
    {
        if (write.Origin == 0)
        {
            _promised.Add(write, index, term, now);
        }
        else
        {
            // Ahead of the append that carries the entry, on the same connection.
            outbox.Accept(write.Origin, new AcceptedFrame(write.OriginSequence, index, term));
            write.Recycle();
        }
    }

    private void Forward(ulong leader, long now)
    {
        int sent = 0;
        while (sent < _held.Count && outbox.Forward(leader, PeerSequence.Of(PeerSequence.Kind.Write, _forwarded.Next), _held[sent]))
        {
            _forwarded.Add(new Forwarded(_held[sent], leader, now));
            sent++;
        }

        _held.RemoveRange(0, sent);
    }

    private Proposal? TakeForwarded(ulong from, ulong sequence)
    {
        ulong number = PeerSequence.NumberOf(sequence);
        if (!_forwarded.Contains(number) || _forwarded[number].Leader != from)
        {
            return null;
        }

        Proposal? write = _forwarded[number].Write;
        _forwarded[number] = default;
        DropAnswered();
        return write;
    }

    private void DropAnswered()
    {
        ulong first = _forwarded.First;
        while (first < _forwarded.Next && _forwarded[first].Write is null)
        {
            first++;
        }

        _forwarded.RemoveBefore(first);
    }

    // What others forwarded here by mistake, and what this member decided when it led: forwarded, an end of a lease would come true although
    // the new leader has given the lease new time (etcd #17425).
    private void RefuseWhatNeedsLeadership()
    {
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            if (_held[i].Origin != 0 || _held[i].IsLeadersOwn)
            {
                Fail(_held[i], EtcdError.NotLeader);
                _held.RemoveAt(i);
            }
        }
    }

    private void FailHeld(EtcdError error)
    {
        foreach (Proposal write in _held)
        {
            Fail(write, error);
        }

        _held.Clear();
    }

    private void Fail(Proposal write, EtcdError error)
    {
        if (write.Kind == EntryKinds.MemberUpdate)
        {
            membership.OnLeading(tail.Last); // It has not become the next entry.
        }

        if (write.Origin == 0)
        {
            write.Fail(error, completed);
        }
        else if (write.TryRefuse())
        {
            outbox.Refuse(write.Origin, write.OriginSequence, error);
        }
    }
}
