using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// What goes to other members: puts the core's messages into frames, with the bytes of their entries, and holds back those that promise a
/// write which is not durable.
/// </summary>
internal sealed class ReplicaOutbox(IPeerNetwork network, EntryTail tail, SegmentedLog log)
{
    private readonly PeerFrameWriter _writer = new();
    private readonly List<OutgoingMessage> _held = [];

    /// <summary>Sends what waits for nothing, and holds the rest.</summary>
    public void Send(ReadOnlySpan<OutgoingMessage> messages)
    {
        foreach (ref readonly OutgoingMessage outgoing in messages)
        {
            if (outgoing.WaitsFor == 0)
            {
                Send(outgoing.Message);
            }
            else
            {
                _held.Add(outgoing);
            }
        }
    }

    /// <summary>Sends what waited for a write or one before it.</summary>
    public void Release(ulong durableWrite)
    {
        if (_held.Count == 0)
        {
            return;
        }

        int kept = 0;
        for (int i = 0; i < _held.Count; i++)
        {
            if (_held[i].WaitsFor <= durableWrite)
            {
                Send(_held[i].Message);
            }
            else
            {
                _held[kept++] = _held[i];
            }
        }

        _held.RemoveRange(kept, _held.Count - kept);
    }

    public bool Forward(ulong leader, ulong sequence, Proposal write)
    {
        _writer.WriteForward(sequence, write.Kind, write.Payload.Span);
        return network.Gather(leader, _writer.Frame);
    }

    public void Accept(ulong member, in AcceptedFrame accepted)
    {
        _writer.WriteAccepted(accepted);
        network.Gather(member, _writer.Frame);
    }

    public void Refuse(ulong member, ulong sequence, EtcdError error)
    {
        _writer.WriteRefused(new RefusedFrame(sequence, error.Code, error.Message));
        network.Gather(member, _writer.Frame);
    }

    public bool AskReadIndex(ulong leader, ulong sequence)
    {
        _writer.WriteReadIndex(sequence);
        return network.Gather(leader, _writer.Frame);
    }

    public void AnswerReadIndex(ulong member, in ReadIndexAnswerFrame answer)
    {
        _writer.WriteReadIndexAnswer(answer);
        network.Gather(member, _writer.Frame);
    }

    /// <summary>Lets go what was written since the last time. Before a sync, so that it overlaps what the others do.</summary>
    public void Flush() => network.Flush();

    /// <summary>Tells a follower who may speak to it and where to answer.</summary>
    public void Introduce(ulong member, in MembersFrame members)
    {
        _writer.WriteMembers(members);
        network.Gather(member, _writer.Frame);
    }

    /// <summary>Whom to dial, or the membership that was applied, is another.</summary>
    /// <param name="addresses">Where the members are reached.</param>
    /// <param name="applied">Whom it calls removed is final, and refused from now on.</param>
    public void SetMembers(IReadOnlyList<PeerAddress> addresses, Configuration applied) =>
        network.SetMembers(addresses, applied.Removed);

    // A frame that cannot be sent is lost, which the core reckons with.
    private void Send(in Message message)
    {
        _writer.BeginRaft(message);
        if (message.Type == MessageType.Append)
        {
            for (ulong index = message.Index + 1; index <= message.LastIndex; index++)
            {
                AddEntry(index);
            }
        }

        network.Gather(message.To, _writer.Frame);
    }

    private void AddEntry(ulong index)
    {
        EntryPlace place = tail.Place(index);
        Span<byte> room = _writer.ReserveEntry(place.Term, place.Kind, place.Length);
        if (tail.HasPayload(index))
        {
            tail.Payload(index).Span.CopyTo(room);
        }
        else if (place.Length > 0)
        {
            ReadBack(place, room);
        }
    }

    // Never sent unchecked: a follower would take what the disk has changed for what was decided.
    private void ReadBack(in EntryPlace place, Span<byte> payload)
    {
        log.Read(place.Payload.Segment, place.Payload.Offset, payload);
        if (Store.Crc32C.Compute(payload) != place.Checksum)
        {
            throw new LogDamagedException(
                SegmentedLog.FileNameOf(place.Payload.Segment), place.Payload.Offset, "an entry does not match what was appended");
        }
    }
}
