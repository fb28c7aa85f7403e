using System.Collections.Immutable;
using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster;

/// <summary>What is wished of the membership. Numbers are part of the format.</summary>
internal enum MemberOperation : byte
{
    /// <summary>A new member with a vote.</summary>
    Add = 1,

    /// <summary>A new member without one.</summary>
    AddLearner = 2,

    /// <summary>A vote for a member without one.</summary>
    Promote = 3,

    /// <summary>A member goes for good.</summary>
    Remove = 4,

    /// <summary>A member is reached elsewhere.</summary>
    Update = 5,
}

/// <summary>
/// A wish for another membership, as it goes from the member that was asked to the leader.
/// <code>
/// offset  size  field
/// 0       1     operation
/// 1       1     1: refuse what could cost the group its quorum
/// 2             the member: id and peer URLs (MembershipCodec, one member)
/// </code>
/// </summary>
/// <param name="Operation">What is wished.</param>
/// <param name="IsStrict">Whether what could cost the group its quorum is refused; the asked member's setting.</param>
/// <param name="Member">The member's id.</param>
/// <param name="PeerUrls">Where the member is reached; empty when that does not matter.</param>
internal sealed record MemberRequest(MemberOperation Operation, bool IsStrict, ulong Member, ImmutableArray<string> PeerUrls)
{
    private const int HeaderBytes = 2;

    /// <summary>As <see cref="Decode"/> reads it.</summary>
    /// <exception cref="ArgumentException">Too many URLs, too long ones, or the member is 0.</exception>
    public byte[] Encode() =>
        [(byte)Operation, (byte)(IsStrict ? 1 : 0), .. MembershipCodec.EncodeAttributes(new MemberInfo(Member, "", PeerUrls, []))];

    /// <summary>Reads one.</summary>
    /// <exception cref="MalformedFrameException">It is none.</exception>
    public static MemberRequest Decode(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < HeaderBytes || (MemberOperation)payload[0] is < MemberOperation.Add or > MemberOperation.Update || payload[1] > 1)
        {
            throw new MalformedFrameException("an unknown wish for another membership");
        }

        MemberInfo member = MembershipCodec.DecodeAttributes(payload[HeaderBytes..]);
        return new MemberRequest((MemberOperation)payload[0], payload[1] == 1, member.Id, member.PeerUrls);
    }
}
