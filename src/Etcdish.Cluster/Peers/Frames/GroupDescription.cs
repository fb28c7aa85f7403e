using System.Buffers.Binary;

namespace Etcdish.Cluster.Peers;

/// <summary>A group as it tells of itself to somebody who wants to join: cluster id (8 bytes, little-endian) and membership.</summary>
/// <param name="ClusterId">The cluster's id.</param>
/// <param name="Membership">The members of the configuration in force.</param>
internal sealed record GroupDescription(ulong ClusterId, Membership Membership)
{
    public byte[] Encode()
    {
        byte[] membership = MembershipCodec.Encode(Membership);
        byte[] bytes = new byte[sizeof(ulong) + membership.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, ClusterId);
        membership.CopyTo(bytes, sizeof(ulong));
        return bytes;
    }

    /// <exception cref="MalformedFrameException">The bytes are no description.</exception>
    public static GroupDescription Decode(ReadOnlySpan<byte> bytes) => bytes.Length >= sizeof(ulong)
        ? new GroupDescription(BinaryPrimitives.ReadUInt64LittleEndian(bytes), MembershipCodec.Decode(bytes[sizeof(ulong)..]))
        : throw new MalformedFrameException("the bytes end early");
}
