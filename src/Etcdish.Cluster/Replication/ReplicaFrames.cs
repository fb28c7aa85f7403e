using Etcdish.Cluster.Peers;
using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>
/// Takes frames of other members apart and brings each to whom it concerns. The entries of an append are copied once, as far as the log
/// takes them anew.
/// </summary>
internal sealed class ReplicaFrames(
    RaftNode raft,
    EntryTail tail,
    MemberTable members,
    ReplicaWrites writes,
    ReplicaReads reads,
    LeaseCalls leases,
    IReplicaHost host,
    Action membersChanged)
{
    private EntryHeader[] _headers = new EntryHeader[64];

    /// <summary>Takes a frame.</summary>
    /// <param name="from">The member that the connection belongs to.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="applied">The last entry applied here.</param>
    /// <param name="now">Ticks.</param>
    /// <exception cref="MalformedFrameException">It is none, or contradicts its connection; nothing has changed.</exception>
    public void Take(ulong from, ReadOnlySpan<byte> frame, ulong applied, long now)
    {
        switch (PeerFrameReader.KindOf(frame))
        {
            case PeerFrameKind.Raft:
                TakeRaft(from, PeerFrameReader.ReadRaft(frame));
                break;
            case PeerFrameKind.Forward:
                writes.HoldForwarded(from, PeerFrameReader.ReadForward(frame), now);
                break;
            case PeerFrameKind.Accepted:
                writes.OnAccepted(from, PeerFrameReader.ReadAccepted(frame), applied, now);
                break;
            case PeerFrameKind.Refused:
                TakeRefused(from, PeerFrameReader.ReadRefused(frame), now);
                break;
            case PeerFrameKind.ReadIndex:
                reads.TakeOfMember(from, PeerFrameReader.ReadReadIndex(frame));
                break;
            case PeerFrameKind.ReadIndexAnswer:
                reads.OnAnswer(from, PeerFrameReader.ReadReadIndexAnswer(frame));
                break;
            case PeerFrameKind.LeaseCall:
                leases.Take(from, PeerFrameReader.ReadLeaseCall(frame));
                break;
            case PeerFrameKind.Members:
                TakeMembers(PeerFrameReader.ReadMembers(frame), applied);
                break;
            default:
                leases.OnAnswer(from, PeerFrameReader.ReadLeaseAnswer(frame));
                break;
        }
    }

    private void TakeMembers(in MembersFrame frame, ulong applied)
    {
        if (members.Introduce(frame, applied))
        {
            membersChanged();
        }
    }

    private void TakeRefused(ulong from, in RefusedFrame frame, long now)
    {
        switch (PeerSequence.KindOf(frame.Sequence))
        {
            case PeerSequence.Kind.Write:
                writes.OnRefused(from, frame, now);
                break;
            case PeerSequence.Kind.Read:
                reads.OnRefused(from, frame.Sequence);
                break;
            default:
                leases.OnRefused(from, frame);
                break;
        }
    }

    private void TakeRaft(ulong from, RaftFrame frame)
    {
        if (frame.Message.From != from)
        {
            throw new MalformedFrameException($"member {from:x} speaks for member {frame.Message.From:x}");
        }

        Span<EntryHeader> headers = ReadHeaders(frame);
        StepResult step = raft.Step(frame.Message, headers);
        if (step.AppendFrom != 0)
        {
            Keep(frame, step.AppendFrom);
        }

        if (step.SnapshotExpected)
        {
            host.SnapshotOffered(new SnapshotOffer(from, frame.Message.Index, frame.Message.LogTerm));
        }

        headers.Clear();
    }

    private Span<EntryHeader> ReadHeaders(RaftFrame frame)
    {
        if (_headers.Length < frame.EntryCount)
        {
            _headers = new EntryHeader[Math.Max(frame.EntryCount, 2 * _headers.Length)];
        }

        int count = 0;
        foreach (EncodedEntry entry in frame.Entries)
        {
            ulong index = frame.Message.Index + (ulong)count + 1;
            _headers[count++] = EntryKinds.Header(index, entry.Term, entry.Kind, entry.Payload);
        }

        return _headers.AsSpan(0, count);
    }

    private void Keep(RaftFrame frame, ulong from)
    {
        tail.TruncateFrom(from);
        byte[] bytes = new byte[BytesFrom(frame, from)];
        int used = 0;
        ulong index = frame.Message.Index;
        foreach (EncodedEntry entry in frame.Entries)
        {
            if (++index < from)
            {
                continue;
            }

            Memory<byte> payload = bytes.AsMemory(used, entry.Payload.Length);
            entry.Payload.CopyTo(payload.Span);
            used += payload.Length;
            tail.Add(entry.Kind, entry.Term, payload);
            if (entry.Kind == EntryKinds.Configuration)
            {
                members.Announce(MembershipCodec.Decode(entry.Payload).Members);
            }
        }
    }

    private static int BytesFrom(RaftFrame frame, ulong from)
    {
        int bytes = 0;
        ulong index = frame.Message.Index;
        foreach (EncodedEntry entry in frame.Entries)
        {
            bytes += ++index < from ? 0 : entry.Payload.Length;
        }

        return bytes;
    }
}
