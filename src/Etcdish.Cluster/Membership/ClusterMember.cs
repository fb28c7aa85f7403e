using Etcdish.Cluster.Peers;
using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>A member of the group.</summary>
/// <param name="Id">Its id; see <see cref="MemberIdentity"/>.</param>
/// <param name="Name">Its human name; empty until it has started for the first time.</param>
/// <param name="PeerUrls">Where other members reach it.</param>
/// <param name="ClientUrls">Where clients reach it; empty until it has told them.</param>
public sealed record ClusterMember(ulong Id, string Name, IReadOnlyList<string> PeerUrls, IReadOnlyList<string> ClientUrls)
{
    /// <summary>Whether it receives all writes without having a vote, until it is promoted.</summary>
    public bool IsLearner { get; init; }

    internal static ClusterMember Of(MemberInfo member, Configuration configuration) =>
        new(member.Id, member.Name, member.PeerUrls, member.ClientUrls) { IsLearner = configuration.IsLearner(member.Id) };

    internal MemberInfo ToInfo() => new(Id, Name, [.. PeerUrls], [.. ClientUrls]);
}
