using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster;

/// <summary>The network of a member that has no way to others.</summary>
internal sealed class NoPeers : IPeerNetwork
{
    public bool Send(ulong to, ReadOnlySpan<byte> frame) => false;

    public void SetMembers(IReadOnlyList<PeerAddress> members, IReadOnlyList<ulong> removed)
    {
    }

    public ValueTask<ReadOnlyMemory<byte>> AskAsync(ulong member, ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
        throw new PeerAskException($"this member has no way to member {member:x}");
}
