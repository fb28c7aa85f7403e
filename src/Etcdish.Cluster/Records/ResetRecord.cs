using System.Buffers;
using System.Buffers.Binary;

namespace Etcdish.Cluster;

/// <summary>
/// Payload of a <see cref="LocalRecordKind.Reset"/> record: session (8, little endian), then the group's state at the entry that the
/// received state stands for (<see cref="ClusterState"/>). The term and vote in that count for nothing: the member's own stand in a record
/// before.
/// </summary>
internal static class ResetRecord
{
    public static byte[] Encode(ulong session, ClusterState state)
    {
        ArrayBufferWriter<byte> output = new(512);
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(sizeof(ulong)), session);
        output.Advance(sizeof(ulong));
        state.WriteTo(output);
        return output.WrittenSpan.ToArray();
    }

    /// <exception cref="InvalidDataException">The record is none: an impossible state behind a valid checksum.</exception>
    /// <exception cref="Peers.MalformedFrameException">The membership in it is none.</exception>
    public static (ulong Session, ClusterState State) Decode(ReadOnlySpan<byte> record) => record.Length >= sizeof(ulong)
        ? (BinaryPrimitives.ReadUInt64LittleEndian(record), ClusterState.Read(record[sizeof(ulong)..], out _))
        : throw new InvalidDataException($"a reset record of {record.Length} bytes");
}
