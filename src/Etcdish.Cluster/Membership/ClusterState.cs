using System.Buffers;
using System.Buffers.Binary;
using Etcdish.Cluster.Peers;
using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>
/// What a checkpoint holds of the group, in front of the store's frames: the place in the Raft log that it stands for, and what a replay
/// from there would not meet any more, such as a vote.
/// </summary>
/// <remarks>
/// Little endian.
/// <code>
/// offset  size  field
/// 0       4     length of all that follows
/// 4       4     version, 1
/// 8       8     index of the last entry that the checkpoint contains
/// 16      8     its term
/// 24      24    hard state: term, vote, commit
/// 48            the membership there, with all that is known of the members (MembershipCodec)
/// </code>
/// </remarks>
/// <param name="Index">The last entry contained.</param>
/// <param name="Term">Its term.</param>
/// <param name="HardState">Term, vote and commit when the checkpoint was captured.</param>
/// <param name="Membership">The membership at that entry.</param>
internal sealed record ClusterState(ulong Index, ulong Term, HardState HardState, Membership Membership)
{
    private const uint Version = 1;
    private const int HeaderBytes = 48;

    /// <summary>Before the first entry of a group.</summary>
    public static ClusterState Empty { get; } = new(0, 0, default, new Membership(Configuration.Empty, []));

    /// <summary>Where the core's log begins.</summary>
    public LogBase Base => new(Index, Term, Membership.Configuration);

    /// <summary>Writes the section in one piece.</summary>
    public void WriteTo(IBufferWriter<byte> writer)
    {
        byte[] members = MembershipCodec.Encode(Membership);
        int length = HeaderBytes + members.Length;
        Span<byte> section = writer.GetSpan(length)[..length];
        BinaryPrimitives.WriteInt32LittleEndian(section, length - sizeof(int));
        BinaryPrimitives.WriteUInt32LittleEndian(section[4..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(section[8..], Index);
        BinaryPrimitives.WriteUInt64LittleEndian(section[16..], Term);
        HardStateRecord.Encode(HardState, section[24..]);
        members.CopyTo(section[HeaderBytes..]);
        writer.Advance(length);
    }

    /// <summary>Reads the section at the start of a checkpoint's first block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="length">Bytes that the section takes.</param>
    /// <exception cref="InvalidDataException">There is no such section, or of another version.</exception>
    /// <exception cref="MalformedFrameException">The membership in it is none.</exception>
    public static ClusterState Read(ReadOnlySpan<byte> block, out int length)
    {
        int rest = block.Length < HeaderBytes ? -1 : BinaryPrimitives.ReadInt32LittleEndian(block);
        if (rest < HeaderBytes - sizeof(int) || rest > block.Length - sizeof(int))
        {
            throw new InvalidDataException("the checkpoint does not begin with the state of the group");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        if (version != Version)
        {
            throw new InvalidDataException($"the group's state in the checkpoint has version {version}; this program reads {Version}");
        }

        length = sizeof(int) + rest;
        return new ClusterState(
            BinaryPrimitives.ReadUInt64LittleEndian(block[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(block[16..]),
            HardStateRecord.Decode(block.Slice(24, HardStateRecord.Bytes)),
            MembershipCodec.Decode(block[HeaderBytes..length]));
    }
}
