using System.Buffers.Binary;
using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>
/// Payload of a <see cref="LocalRecordKind.HardState"/> record: term, vote and commit index, eight bytes each, little endian. It stands in
/// front of what else its batch holds, so that a batch that was torn never holds an entry of a term that the record does not know; and its
/// commit index lies within what was durable before the batch.
/// </summary>
internal static class HardStateRecord
{
    public const int Bytes = 24;

    public static void Encode(in HardState state, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, state.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], state.Vote);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], state.Commit);
    }

    /// <exception cref="InvalidDataException">The payload has another length: an impossible state behind a valid checksum.</exception>
    public static HardState Decode(ReadOnlySpan<byte> payload) => payload.Length == Bytes
        ? new HardState(
            BinaryPrimitives.ReadUInt64LittleEndian(payload),
            BinaryPrimitives.ReadUInt64LittleEndian(payload[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(payload[16..]))
        : throw new InvalidDataException($"a hard state record of {payload.Length} bytes");
}
