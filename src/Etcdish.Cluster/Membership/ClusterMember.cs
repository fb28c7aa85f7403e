using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster;

/// <summary>A member of the group.</summary>
/// <param name="Id">Its id; see <see cref="MemberIdentity"/>.</param>
/// <param name="Name">Its human name; empty until it has started for the first time.</param>
/// <param name="PeerUrls">Where other members reach it.</param>
/// <param name="ClientUrls">Where clients reach it; empty until it has told them.</param>
public sealed record ClusterMember(ulong Id, string Name, IReadOnlyList<string> PeerUrls, IReadOnlyList<string> ClientUrls)
{
    internal static ClusterMember Of(MemberInfo member) => new(member.Id, member.Name, member.PeerUrls, member.ClientUrls);

    internal MemberInfo ToInfo() => new(Id, Name, [.. PeerUrls], [.. ClientUrls]);
}
