using System.Buffers;
using System.Buffers.Binary;
using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>
/// What a checkpoint holds of the group, in front of the store's frames: the place in the Raft log that it stands for, and what a replay
/// from there would not meet any more, such as a vote.
/// </summary>
/// <remarks>
/// <code>
/// offset  size  field
/// 0       4     length of the rest, little endian
/// 4       4     version, 1
/// 8       8     index of the last entry that the checkpoint contains
/// 16      8     its term
/// 24      24    hard state: term, vote, commit
/// 48            the membership at that entry, and the records of its members (MemberCodec)
/// </code>
/// </remarks>
/// <param name="Base">The place, with the membership in force there.</param>
/// <param name="HardState">Term, vote and commit when the checkpoint was captured.</param>
/// <param name="Members">The members.</param>
internal sealed record ClusterState(LogBase Base, HardState HardState, IReadOnlyList<MemberRecord> Members)
{
    private const uint Version = 1;

    /// <summary>Writes the section in one piece.</summary>
    public void WriteTo(IBufferWriter<byte> writer)
    {
        byte[] content = MemberCodec.Encode(Write);
        Span<byte> section = writer.GetSpan(sizeof(int) + content.Length);
        BinaryPrimitives.WriteInt32LittleEndian(section, content.Length);
        content.CopyTo(section[sizeof(int)..]);
        writer.Advance(sizeof(int) + content.Length);
    }

    /// <summary>Reads the section at the start of a checkpoint's first block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="length">Bytes that the section takes.</param>
    /// <exception cref="InvalidDataException">There is no such section, or of another version.</exception>
    public static ClusterState Read(ReadOnlySpan<byte> block, out int length)
    {
        int content = block.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(block);
        if (content < 0 || content > block.Length - sizeof(int))
        {
            throw new InvalidDataException("the checkpoint does not begin with the state of the group");
        }

        length = sizeof(int) + content;
        return MemberCodec.Decode(block[sizeof(int)..length], "the group's state in the checkpoint", Read);
    }

    private void Write(BinaryWriter writer)
    {
        writer.Write(Version);
        writer.Write(Base.Index);
        writer.Write(Base.Term);
        writer.Write(HardState.Term);
        writer.Write(HardState.Vote);
        writer.Write(HardState.Commit);
        MemberCodec.Write(writer, Base.Configuration);
        MemberCodec.Write(writer, Members);
    }

    private static ClusterState Read(BinaryReader reader)
    {
        uint version = reader.ReadUInt32();
        if (version != Version)
        {
            throw new InvalidDataException($"the group's state in the checkpoint has version {version}; this program reads {Version}");
        }

        ulong index = reader.ReadUInt64();
        ulong term = reader.ReadUInt64();
        HardState hardState = new(reader.ReadUInt64(), reader.ReadUInt64(), reader.ReadUInt64());
        Configuration configuration = MemberCodec.ReadConfiguration(reader);
        return new ClusterState(new LogBase(index, term, configuration), hardState, MemberCodec.ReadMembers(reader));
    }
}
