using System.Buffers.Binary;
using System.Text;
using Etcdish.Consensus;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// Reads frames, see <see cref="PeerFrameFormat"/>. A frame is hostile until it is proven to be well formed: whatever the bytes, a method
/// returns or throws <see cref="MalformedFrameException"/>. What the fields mean together is the consensus core's to judge.
/// </summary>
internal static class PeerFrameReader
{
    private static readonly UTF8Encoding _strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>What a frame is, and so which of the other methods reads it.</summary>
    public static PeerFrameKind KindOf(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < 2)
        {
            throw new MalformedFrameException("a frame has at least two bytes");
        }

        if (frame[0] != PeerFrameFormat.Version)
        {
            throw new MalformedFrameException($"a frame of version {frame[0]}; this program reads {PeerFrameFormat.Version}");
        }

        var kind = (PeerFrameKind)frame[1];
        return kind is >= PeerFrameKind.Raft and <= PeerFrameKind.Members
            ? kind
            : throw new MalformedFrameException($"unknown kind of frame {frame[1]}");
    }

    /// <summary>Reads <see cref="PeerFrameKind.Raft"/>.</summary>
    public static RaftFrame ReadRaft(ReadOnlySpan<byte> frame)
    {
        Demand(KindOf(frame) == PeerFrameKind.Raft && frame.Length >= PeerFrameFormat.RaftHeaderBytes, "no Raft message");
        byte flags = frame[3];
        var message = new Message
        {
            Type = (MessageType)frame[2],
            Reject = (flags & PeerFrameFormat.RejectFlag) != 0,
            Transfer = (flags & PeerFrameFormat.TransferFlag) != 0,
            ClusterId = U64(frame, 8),
            From = U64(frame, 16),
            To = U64(frame, 24),
            Term = U64(frame, 32),
            Index = U64(frame, 40),
            LogTerm = U64(frame, 48),
            LastIndex = U64(frame, 56),
            Commit = U64(frame, 64),
            HintIndex = U64(frame, 72),
            HintTerm = U64(frame, 80),
            ReadPosition = U64(frame, 88),
            QuarantineTarget = U64(frame, 96),
            Quarantine = U64(frame, 104),
        };
        Demand(message.Type is >= MessageType.Append and <= MessageType.Snapshot, "unknown type of message");
        Demand((flags & ~PeerFrameFormat.AllFlags) == 0, "unknown flags");
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]);
        Demand(count == Expected(message), "the number of entries is not that of the message");
        ReadOnlySpan<byte> entries = frame[PeerFrameFormat.RaftHeaderBytes..];
        EncodedEntries.Check(entries, count);
        return new RaftFrame(message, (int)count, entries);
    }

    /// <summary>Reads <see cref="PeerFrameKind.Forward"/>.</summary>
    public static ForwardFrame ReadForward(ReadOnlySpan<byte> frame)
    {
        ulong sequence = ReadHeader(frame, PeerFrameKind.Forward, minBody: 0, maxBody: int.MaxValue);
        Demand(frame[2] < PeerFrameFormat.FirstLocalKind, "the forwarded kind is not one that travels");
        return new ForwardFrame(sequence, frame[2], frame[PeerFrameFormat.HeaderBytes..]);
    }

    /// <summary>Reads <see cref="PeerFrameKind.Accepted"/>.</summary>
    public static AcceptedFrame ReadAccepted(ReadOnlySpan<byte> frame)
    {
        ulong sequence = ReadPlainHeader(frame, PeerFrameKind.Accepted, body: 16);
        return new AcceptedFrame(sequence, U64(frame, 16), U64(frame, 24));
    }

    /// <summary>Reads <see cref="PeerFrameKind.Refused"/>.</summary>
    public static RefusedFrame ReadRefused(ReadOnlySpan<byte> frame)
    {
        ulong sequence = ReadHeader(frame, PeerFrameKind.Refused, minBody: 0, PeerFrameFormat.MaxRefusalBytes);
        Demand(frame[2] is > 0 and <= 16, "unknown status code");
        try
        {
            return new RefusedFrame(sequence, frame[2], _strictUtf8.GetString(frame[PeerFrameFormat.HeaderBytes..]));
        }
        catch (DecoderFallbackException)
        {
            throw new MalformedFrameException("a text is not UTF-8");
        }
    }

    /// <summary>Reads <see cref="PeerFrameKind.ReadIndex"/>.</summary>
    /// <returns>The follower's number for it.</returns>
    public static ulong ReadReadIndex(ReadOnlySpan<byte> frame) => ReadPlainHeader(frame, PeerFrameKind.ReadIndex, body: 0);

    /// <summary>Reads <see cref="PeerFrameKind.ReadIndexAnswer"/>.</summary>
    public static ReadIndexAnswerFrame ReadReadIndexAnswer(ReadOnlySpan<byte> frame)
    {
        ulong sequence = ReadPlainHeader(frame, PeerFrameKind.ReadIndexAnswer, body: 8);
        return new ReadIndexAnswerFrame(sequence, U64(frame, 16));
    }

    /// <summary>Reads <see cref="PeerFrameKind.LeaseCall"/>.</summary>
    public static LeaseCallFrame ReadLeaseCall(ReadOnlySpan<byte> frame)
    {
        ulong sequence = ReadHeader(frame, PeerFrameKind.LeaseCall, minBody: 8, maxBody: 8);
        var kind = (LeaseCallKind)frame[2];
        Demand(kind is LeaseCallKind.Renew or LeaseCallKind.TimeToLive, "unknown call about a lease");
        return new LeaseCallFrame(sequence, kind, (long)U64(frame, 16));
    }

    /// <summary>Reads <see cref="PeerFrameKind.LeaseAnswer"/>.</summary>
    public static LeaseAnswerFrame ReadLeaseAnswer(ReadOnlySpan<byte> frame)
    {
        ulong sequence = ReadPlainHeader(frame, PeerFrameKind.LeaseAnswer, body: 16);
        return new LeaseAnswerFrame(sequence, (long)U64(frame, 16), (long)U64(frame, 24));
    }

    /// <summary>Reads <see cref="PeerFrameKind.Members"/>.</summary>
    public static MembersFrame ReadMembers(ReadOnlySpan<byte> frame)
    {
        ulong through = ReadHeader(frame, PeerFrameKind.Members, minBody: 0, maxBody: int.MaxValue);
        Demand(frame[2] == 0, "a byte without a meaning is not zero");
        return new MembersFrame(through, MembershipCodec.Decode(frame[PeerFrameFormat.HeaderBytes..]));
    }

    private static ulong Expected(in Message message)
    {
        if (message.Type != MessageType.Append)
        {
            return 0;
        }

        Demand(message.LastIndex >= message.Index, "an append ends before it begins");
        return message.LastIndex - message.Index;
    }

    private static ulong ReadPlainHeader(ReadOnlySpan<byte> frame, PeerFrameKind kind, int body)
    {
        ulong sequence = ReadHeader(frame, kind, body, body);
        Demand(frame[2] == 0, "a byte without a meaning is not zero");
        return sequence;
    }

    private static ulong ReadHeader(ReadOnlySpan<byte> frame, PeerFrameKind kind, int minBody, int maxBody)
    {
        Demand(KindOf(frame) == kind, "another kind of frame");
        int body = frame.Length - PeerFrameFormat.HeaderBytes;
        Demand(body >= minBody && body <= maxBody, "the length is not that of the kind");
        Demand(frame[3..8].IndexOfAnyExcept((byte)0) < 0, "a byte without a meaning is not zero");
        return U64(frame, 8);
    }

    private static ulong U64(ReadOnlySpan<byte> frame, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(frame[offset..]);

    private static void Demand(bool holds, string orElse)
    {
        if (!holds)
        {
            throw new MalformedFrameException(orElse);
        }
    }
}
