using System.Buffers.Binary;
using Etcdish.Log;

namespace Etcdish.Cluster.Peers;

/// <summary>What a connection is for. Numbers are part of the handshake.</summary>
internal enum ConnectionKind : byte
{
    /// <summary>Frames, from the dialler to the member that it dialled.</summary>
    Log = 1,

    /// <summary>Questions of the dialler, and the answers.</summary>
    Bulk = 2,

    /// <summary>
    /// Somebody who has no identity yet wants to know who the members are. The three ids of the introduction do not matter; the other
    /// side answers with one envelope (<see cref="GroupDescription"/>), and that is all.
    /// </summary>
    Members = 3,
}

/// <summary>How a dialler introduces itself.</summary>
/// <param name="Version">The version that it speaks.</param>
/// <param name="Kind">What the connection is for.</param>
/// <param name="ClusterId">Its cluster.</param>
/// <param name="From">Its id.</param>
/// <param name="To">The member that it means.</param>
internal readonly record struct PeerHello(ushort Version, ConnectionKind Kind, ulong ClusterId, ulong From, ulong To);

/// <summary>
/// The first bytes of a connection. The dialler speaks first, the other answers, and frames follow only a welcome. Numbers are
/// little-endian; reserved bytes are zero. The hello keeps its size and its first ten bytes in every version, and the answer all of its.
/// <code>
/// hello                                        answer
/// offset size                                  offset size
///      0    8  "etcdpeer"                           0    8  "etcdpeer"
///      8    2  version, 1                           8    2  version, 1
///     10    1  kind of connection                  10    1  0 welcome, else the reason (PeerRefusal)
///     11    5  reserved                            11    1  reserved
///     16    8  cluster id                          12    4  CRC-32C of all before
///     24    8  from
///     32    8  to
///     40    4  reserved
///     44    4  CRC-32C of all before
/// </code>
/// </summary>
internal static class PeerHandshake
{
    /// <summary>The version that this program speaks.</summary>
    internal const ushort Version = 1;

    /// <summary>Length of a hello.</summary>
    internal const int HelloBytes = 48;

    /// <summary>Length of an answer.</summary>
    internal const int AnswerBytes = 16;

    private static ReadOnlySpan<byte> Magic => "etcdpeer"u8;

    /// <summary>Encodes a hello.</summary>
    internal static byte[] Encode(in PeerHello hello)
    {
        var bytes = new byte[HelloBytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), hello.Version);
        bytes[10] = (byte)hello.Kind;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), hello.ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), hello.From);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(32), hello.To);
        SealEnd(bytes);
        return bytes;
    }

    /// <summary>Decodes a hello; of another version only that is known of it.</summary>
    /// <exception cref="MalformedFrameException">It is none.</exception>
    internal static PeerHello DecodeHello(ReadOnlySpan<byte> bytes)
    {
        ushort version = CheckStart(bytes);
        if (version != Version)
        {
            return new PeerHello(version, default, 0, 0, 0);
        }

        var kind = (ConnectionKind)bytes[10];
        if (kind is < ConnectionKind.Log or > ConnectionKind.Members
            || bytes[11..16].IndexOfAnyExcept((byte)0) >= 0
            || bytes[40..44].IndexOfAnyExcept((byte)0) >= 0
            || !IsEndSealed(bytes))
        {
            throw new MalformedFrameException("the introduction is damaged");
        }

        return new PeerHello(
            version,
            kind,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]));
    }

    /// <summary>Encodes an answer.</summary>
    internal static byte[] Encode(PeerRefusal answer)
    {
        var bytes = new byte[AnswerBytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Version);
        bytes[10] = (byte)answer;
        SealEnd(bytes);
        return bytes;
    }

    /// <summary>Decodes an answer.</summary>
    /// <exception cref="MalformedFrameException">It is none.</exception>
    internal static PeerRefusal DecodeAnswer(ReadOnlySpan<byte> bytes)
    {
        ushort version = CheckStart(bytes);
        if (!IsEndSealed(bytes))
        {
            throw new MalformedFrameException("the answer to the introduction is damaged");
        }

        return version == Version ? (PeerRefusal)bytes[10] : PeerRefusal.OtherVersion;
    }

    private static ushort CheckStart(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Magic)
        ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..])
        : throw new MalformedFrameException("the other side is no peer of this program");

    private static void SealEnd(Span<byte> bytes) =>
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[^4..], Crc32C.Compute(bytes[..^4]));

    private static bool IsEndSealed(ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]) == Crc32C.Compute(bytes[..^4]);
}
