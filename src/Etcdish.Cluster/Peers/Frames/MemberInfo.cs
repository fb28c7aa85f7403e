using System.Collections.Immutable;

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
