using System.Buffers.Binary;
using System.Text;
using Etcdish.Consensus;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// Writes frames, see <see cref="PeerFrameFormat"/>, one at a time into one buffer that is used again: each method but
/// <see cref="AddEntry"/> and <see cref="ReserveEntry"/> begins a new frame. Not for several threads.
/// </summary>
internal sealed class PeerFrameWriter
{
    private const int InitialBytes = 4096;
    private const int MaxKeptBytes = 4 << 20;

    private byte[] _buffer = new byte[InitialBytes];
    private int _length;

    /// <summary>The frame written last, valid until the next one is begun.</summary>
    public ReadOnlySpan<byte> Frame => _buffer.AsSpan(0, _length);

    /// <summary>Begins a <see cref="PeerFrameKind.Raft"/> frame; the entries of an append are then added.</summary>
    /// <param name="message">The message.</param>
    public void BeginRaft(in Message message)
    {
        Span<byte> frame = Begin(PeerFrameKind.Raft, (byte)message.Type, PeerFrameFormat.RaftHeaderBytes);
        frame[3] = (byte)((message.Reject ? PeerFrameFormat.RejectFlag : 0)
            | (message.Transfer ? PeerFrameFormat.TransferFlag : 0));
        Put(frame, 8, message.ClusterId);
        Put(frame, 16, message.From);
        Put(frame, 24, message.To);
        Put(frame, 32, message.Term);
        Put(frame, 40, message.Index);
        Put(frame, 48, message.LogTerm);
        Put(frame, 56, message.LastIndex);
        Put(frame, 64, message.Commit);
        Put(frame, 72, message.HintIndex);
        Put(frame, 80, message.HintTerm);
        Put(frame, 88, message.ReadPosition);
        Put(frame, 96, message.QuarantineTarget);
        Put(frame, 104, message.Quarantine);
    }

    /// <summary>Adds an entry to the Raft frame that was begun.</summary>
    /// <param name="term">The entry's term.</param>
    /// <param name="kind">The kind of log record, below 64.</param>
    /// <param name="payload">Its bytes.</param>
    public void AddEntry(ulong term, byte kind, ReadOnlySpan<byte> payload) => payload.CopyTo(ReserveEntry(term, kind, payload.Length));

    /// <summary>Adds an entry to the Raft frame that was begun, and lets the caller fill it.</summary>
    /// <param name="term">The entry's term.</param>
    /// <param name="kind">The kind of log record, below 64.</param>
    /// <param name="payloadBytes">The length of its bytes.</param>
    /// <returns>Where its bytes belong, all of them; valid until the next call.</returns>
    public Span<byte> ReserveEntry(ulong term, byte kind, int payloadBytes)
    {
        RefuseLocal(kind);
        int start = _length;
        Span<byte> entry = Extend(PeerFrameFormat.EntryHeaderBytes + payloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)payloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], kind);
        Put(entry, 8, term);
        Span<byte> count = _buffer.AsSpan(4, 4);
        BinaryPrimitives.WriteUInt32LittleEndian(count, BinaryPrimitives.ReadUInt32LittleEndian(count) + 1);
        return _buffer.AsSpan(start + PeerFrameFormat.EntryHeaderBytes, payloadBytes);
    }

    /// <summary>Writes <see cref="PeerFrameKind.Forward"/>.</summary>
    /// <param name="sequence">The follower's number for it.</param>
    /// <param name="kind">The kind of log record, below 64.</param>
    /// <param name="payload">The request's bytes.</param>
    public void WriteForward(ulong sequence, byte kind, ReadOnlySpan<byte> payload)
    {
        RefuseLocal(kind);
        BeginAnswerable(PeerFrameKind.Forward, kind, sequence);
        payload.CopyTo(Extend(payload.Length));
    }

    /// <summary>Writes <see cref="PeerFrameKind.Accepted"/>.</summary>
    public void WriteAccepted(in AcceptedFrame accepted)
    {
        BeginAnswerable(PeerFrameKind.Accepted, 0, accepted.Sequence);
        PutTwo(accepted.Index, accepted.Term);
    }

    /// <summary>Writes <see cref="PeerFrameKind.Refused"/>; a text that is too long loses its end.</summary>
    public void WriteRefused(in RefusedFrame refused)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(refused.Code, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(refused.Code, 16);
        BeginAnswerable(PeerFrameKind.Refused, (byte)refused.Code, refused.Sequence);
        Encoder encoder = Encoding.UTF8.GetEncoder();
        Span<byte> room = stackalloc byte[PeerFrameFormat.MaxRefusalBytes];
        encoder.Convert(refused.Text, room, flush: true, out _, out int used, out _);
        room[..used].CopyTo(Extend(used));
    }

    /// <summary>Writes <see cref="PeerFrameKind.ReadIndex"/>.</summary>
    /// <param name="sequence">The follower's number for it.</param>
    public void WriteReadIndex(ulong sequence) => BeginAnswerable(PeerFrameKind.ReadIndex, 0, sequence);

    /// <summary>Writes <see cref="PeerFrameKind.ReadIndexAnswer"/>.</summary>
    public void WriteReadIndexAnswer(in ReadIndexAnswerFrame answer)
    {
        BeginAnswerable(PeerFrameKind.ReadIndexAnswer, 0, answer.Sequence);
        Put(Extend(8), 0, answer.Index);
    }

    /// <summary>Writes <see cref="PeerFrameKind.LeaseCall"/>.</summary>
    public void WriteLeaseCall(in LeaseCallFrame call)
    {
        BeginAnswerable(PeerFrameKind.LeaseCall, (byte)call.Kind, call.Sequence);
        Put(Extend(8), 0, (ulong)call.Lease);
    }

    /// <summary>Writes <see cref="PeerFrameKind.LeaseAnswer"/>.</summary>
    public void WriteLeaseAnswer(in LeaseAnswerFrame answer)
    {
        BeginAnswerable(PeerFrameKind.LeaseAnswer, 0, answer.Sequence);
        PutTwo((ulong)answer.Seconds, (ulong)answer.GrantedSeconds);
    }

    /// <summary>Writes <see cref="PeerFrameKind.Members"/>.</summary>
    public void WriteMembers(in MembersFrame members)
    {
        BeginAnswerable(PeerFrameKind.Members, 0, members.Through);
        byte[] membership = MembershipCodec.Encode(members.Membership);
        membership.CopyTo(Extend(membership.Length));
    }

    private static void RefuseLocal(byte kind) =>
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(kind, PeerFrameFormat.FirstLocalKind);

    private static void Put(Span<byte> bytes, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[offset..], value);

    private void PutTwo(ulong first, ulong second)
    {
        Span<byte> body = Extend(16);
        Put(body, 0, first);
        Put(body, 8, second);
    }

    private void BeginAnswerable(PeerFrameKind kind, byte detail, ulong sequence) =>
        Put(Begin(kind, detail, PeerFrameFormat.HeaderBytes), 8, sequence);

    private Span<byte> Begin(PeerFrameKind kind, byte detail, int headerBytes)
    {
        if (_buffer.Length > MaxKeptBytes)
        {
            _buffer = new byte[InitialBytes];
        }

        _length = 0;
        Span<byte> header = Extend(headerBytes);
        header.Clear();
        header[0] = PeerFrameFormat.Version;
        header[1] = (byte)kind;
        header[2] = detail;
        return header;
    }

    private Span<byte> Extend(int bytes)
    {
        int start = _length;
        int length = checked(start + bytes);
        if (length > _buffer.Length)
        {
            Array.Resize(ref _buffer, (int)Math.Min(Array.MaxLength, Math.Max(length, 2L * _buffer.Length)));
        }

        _length = length;
        return _buffer.AsSpan(start, bytes);
    }
}
