using System.Buffers;
using System.Buffers.Binary;

namespace Etcdish.Cluster;

/// <summary>First byte of a question to another member, see <see cref="Peers.IPeerNetwork.AskAsync"/>.</summary>
internal enum PeerQuestionKind : byte
{
    /// <summary>Asks for the state that was offered.</summary>
    SnapshotOpen = 1,

    /// <summary>Asks for one part of it.</summary>
    SnapshotPart = 2,

    /// <summary>Says that it arrived, or is not wanted any more. Has an empty answer.</summary>
    SnapshotEnd = 3,
}

/// <summary>A leader has state for this member: what its core's message said.</summary>
/// <param name="From">The leader.</param>
/// <param name="Index">The last entry in the state.</param>
/// <param name="Term">Its term.</param>
internal readonly record struct SnapshotOffer(ulong From, ulong Index, ulong Term);

/// <summary>A question about a snapshot.</summary>
/// <remarks>
/// Little endian. Open: kind (1), version (1), most bytes of a part (4), index (8), term (8). Part: kind (1), session (8), number (8). End:
/// kind (1), session (8), installed (1).
/// </remarks>
/// <param name="Kind">What is asked.</param>
/// <param name="Session">Of a part or an end: the session.</param>
/// <param name="Number">Of a part: its number, from 0; of an open: the index.</param>
/// <param name="Term">Of an open: the term of that entry.</param>
/// <param name="MaxPartBytes">Of an open: most bytes of a part's payload that this member's log can hold.</param>
/// <param name="Installed">Of an end: whether the state took the place of the asker's.</param>
internal readonly record struct SnapshotQuestion(
    PeerQuestionKind Kind, ulong Session = 0, ulong Number = 0, ulong Term = 0, int MaxPartBytes = 0, bool Installed = false)
{
    private const byte Version = 1;
    private const int OpenBytes = 22;
    private const int PartBytes = 17;
    private const int EndBytes = 10;

    public byte[] Encode()
    {
        byte[] bytes = new byte[Kind switch
        {
            PeerQuestionKind.SnapshotOpen => OpenBytes,
            PeerQuestionKind.SnapshotPart => PartBytes,
            _ => EndBytes,
        }];
        bytes[0] = (byte)Kind;
        if (Kind == PeerQuestionKind.SnapshotOpen)
        {
            bytes[1] = Version;
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(2), MaxPartBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(6), Number);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(14), Term);
            return bytes;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), Session);
        if (Kind == PeerQuestionKind.SnapshotPart)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(9), Number);
        }
        else
        {
            bytes[9] = Installed ? (byte)1 : (byte)0;
        }

        return bytes;
    }

    /// <exception cref="InvalidDataException">The bytes are no such question.</exception>
    public static SnapshotQuestion Decode(ReadOnlySpan<byte> bytes)
    {
        PeerQuestionKind kind = bytes.IsEmpty ? 0 : (PeerQuestionKind)bytes[0];
        switch (kind)
        {
            case PeerQuestionKind.SnapshotOpen when bytes.Length == OpenBytes && bytes[1] == Version:
                return new SnapshotQuestion(
                    kind,
                    Number: BinaryPrimitives.ReadUInt64LittleEndian(bytes[6..]),
                    Term: BinaryPrimitives.ReadUInt64LittleEndian(bytes[14..]),
                    MaxPartBytes: BinaryPrimitives.ReadInt32LittleEndian(bytes[2..]));
            case PeerQuestionKind.SnapshotPart when bytes.Length == PartBytes:
                return new SnapshotQuestion(
                    kind, BinaryPrimitives.ReadUInt64LittleEndian(bytes[1..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[9..]));
            case PeerQuestionKind.SnapshotEnd when bytes.Length == EndBytes:
                return new SnapshotQuestion(kind, BinaryPrimitives.ReadUInt64LittleEndian(bytes[1..]), Installed: bytes[9] != 0);
            default:
                throw new InvalidDataException($"a question of kind {(byte)kind} and {bytes.Length} bytes about a snapshot");
        }
    }
}

/// <summary>Answer to an open: session (8), then the group's state at that entry (<see cref="ClusterState"/>). Empty: there is none.</summary>
/// <param name="Session">The session; 0: none.</param>
/// <param name="State">What the parts together stand for.</param>
internal readonly record struct OpenedSnapshot(ulong Session, ClusterState State)
{
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> output = new(512);
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(sizeof(ulong)), Session);
        output.Advance(sizeof(ulong));
        State.WriteTo(output);
        return output.WrittenSpan.ToArray();
    }

    /// <exception cref="InvalidDataException">The bytes are no such answer.</exception>
    /// <exception cref="Peers.MalformedFrameException">The membership in it is none.</exception>
    public static OpenedSnapshot Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < sizeof(ulong))
        {
            return bytes.IsEmpty ? default : throw new InvalidDataException("the answer to a snapshot's opening ends early");
        }

        return new OpenedSnapshot(BinaryPrimitives.ReadUInt64LittleEndian(bytes), ClusterState.Read(bytes[sizeof(ulong)..], out _));
    }
}

/// <summary>
/// Answer to a question for a part. Empty: the session is gone. Else last (1), checksum (4), number (8), payload: that of an import's
/// entry.
/// </summary>
/// <param name="IsLast">Nothing follows.</param>
/// <param name="Number">The part's number.</param>
/// <param name="Checksum">CRC-32C of the payloads of all parts up to this one.</param>
/// <param name="Payload">The part.</param>
internal readonly record struct SnapshotPart(bool IsLast, ulong Number, uint Checksum, ReadOnlyMemory<byte> Payload)
{
    public const int HeaderBytes = 13;

    /// <summary>Writes what stands before the payload.</summary>
    public static void WriteHeader(Span<byte> answer, bool isLast, ulong number, uint checksum)
    {
        answer[0] = isLast ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32LittleEndian(answer[1..], checksum);
        BinaryPrimitives.WriteUInt64LittleEndian(answer[5..], number);
    }

    /// <exception cref="InvalidDataException">The bytes are no such answer.</exception>
    public static SnapshotPart Decode(ReadOnlyMemory<byte> answer) => answer.Length > HeaderBytes
        ? new SnapshotPart(
            answer.Span[0] != 0,
            BinaryPrimitives.ReadUInt64LittleEndian(answer.Span[5..]),
            BinaryPrimitives.ReadUInt32LittleEndian(answer.Span[1..]),
            answer[HeaderBytes..])
        : throw new InvalidDataException("a part of a snapshot ends early");
}
