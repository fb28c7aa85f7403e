using System.Collections.Immutable;
using Etcdish.Consensus;

namespace Etcdish.Cluster.Peers;

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
