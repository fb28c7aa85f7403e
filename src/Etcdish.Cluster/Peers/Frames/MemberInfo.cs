using System.Collections.Immutable;
using Etcdish.Consensus;

namespace Etcdish.Cluster.Peers;

/// <summary>What is known of a member beside its part in the consensus.</summary>
/// <param name="Id">Its id, not 0.</param>
/// <param name="Name">Its human name; empty until it has started and told it.</param>
/// <param name="PeerUrls">Where the other members reach it.</param>
/// <param name="ClientUrls">Where clients reach it; empty until it has started and told them.</param>
internal sealed record MemberInfo(ulong Id, string Name, ImmutableArray<string> PeerUrls, ImmutableArray<string> ClientUrls)
{
    /// <inheritdoc/>
    public bool Equals(MemberInfo? other) =>
        other is not null
        && Id == other.Id
        && Name == other.Name
        && PeerUrls.AsSpan().SequenceEqual(other.PeerUrls.AsSpan())
        && ClientUrls.AsSpan().SequenceEqual(other.ClientUrls.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Name, PeerUrls.Length, ClientUrls.Length);
}

/// <summary>A configuration and who its members are: what a configuration entry of the log carries.</summary>
/// <param name="Configuration">Who decides.</param>
/// <param name="Members">What is known of the members, in ascending order of their ids, each a member of the configuration.</param>
internal sealed record Membership(Configuration Configuration, ImmutableArray<MemberInfo> Members)
{
    /// <inheritdoc/>
    public bool Equals(Membership? other) =>
        other is not null && Configuration.Equals(other.Configuration) && Members.AsSpan().SequenceEqual(other.Members.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => Configuration.GetHashCode();
}
