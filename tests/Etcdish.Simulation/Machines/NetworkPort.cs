using Etcdish.Cluster.Peers;

namespace Etcdish.Simulation;

/// <summary>One process's way to the others: to those whom it knows, and to be refused by those who know that it was removed.</summary>
internal sealed class NetworkPort(World world, NodeProcess process) : IPeerNetwork
{
    private readonly HashSet<ulong> _known = [];
    private readonly HashSet<ulong> _removed = [];

    public bool Refuses(ulong member) => _removed.Contains(member);

    public bool Knows(ulong member) => _known.Contains(member);

    public bool Send(ulong to, ReadOnlySpan<byte> frame) => _known.Contains(to) && world.Network.Send(process, to, frame);

    public void SetMembers(IReadOnlyList<PeerAddress> members, IReadOnlyList<ulong> removed)
    {
        _known.Clear();
        _known.UnionWith(members.Select(member => member.Id));
        _removed.Clear();
        _removed.UnionWith(removed);
    }

    public ValueTask<ReadOnlyMemory<byte>> AskAsync(ulong member, ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
        new(world.Network.Ask(process, member, world.Sabotage.Ask(request.ToArray())));
}
