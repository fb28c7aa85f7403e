using System.Buffers.Binary;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;

namespace Etcdish.Simulation;

/// <summary>Deliberate bugs of senders and receivers, done to the bytes between them (offsets: PeerFrameFormat).</summary>
internal static class FrameSabotage
{
    private const int FlagsAt = 3;
    private const int TermAt = 32;
    private const int IndexAt = 40;
    private const int CommitAt = 64;
    private const int SecondFieldAt = 16;

    public static void Change(SabotageKind kind, byte[] frame, Machine to)
    {
        switch (PeerFrameReader.KindOf(frame))
        {
            case PeerFrameKind.Raft:
                ChangeRaft(kind, frame, PeerFrameReader.ReadRaft(frame).Message, to);
                break;
            case PeerFrameKind.ReadIndexAnswer when kind == SabotageKind.ConfirmOldReadIndex:
                Write(frame, SecondFieldAt, 1);
                break;
            case PeerFrameKind.Accepted when kind == SabotageKind.PromiseWrongPlace:
                Write(frame, SecondFieldAt, PeerFrameReader.ReadAccepted(frame).Index + 1);
                break;
        }
    }

    private static void ChangeRaft(SabotageKind kind, byte[] frame, in Message message, Machine to)
    {
        bool isAck = message is { Type: MessageType.AppendResponse, Quarantine: 0 };
        switch (kind)
        {
            case SabotageKind.TakeStaleTerms when (isAck || message.Type == MessageType.VoteResponse) && to.Process is { } process:
                Write(frame, TermAt, Math.Max(message.Term, process.Replica.Status.Term));
                break;
            case SabotageKind.TakeRefusalForAck when isAck && message.Reject:
            case SabotageKind.TakeRefusalForVote when message is { Type: MessageType.VoteResponse, Reject: true }:
                frame[FlagsAt] &= unchecked((byte)~PeerFrameFormat.RejectFlag);
                break;
            case SabotageKind.CommitAllThatIsSent when message.Type == MessageType.Append:
                Write(frame, CommitAt, Math.Max(message.Commit, message.LastIndex));
                break;
            case SabotageKind.ChangeEntry when message.Type == MessageType.Append && message.LastIndex > message.Index:
                frame[^1] ^= 1;
                break;
            case SabotageKind.AcknowledgeOneMore when isAck && !message.Reject:
                Write(frame, IndexAt, message.Index + 1);
                break;
        }
    }

    private static void Write(byte[] frame, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(at), value);
}
