using System.Collections.Frozen;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// Who is known: the links to the other members, and the ids that may never speak again. Read on any thread without a lock.
/// </summary>
/// <param name="context">The network.</param>
internal sealed class PeerDirectory(PeerContext context)
{
    private readonly PeerCounters _strangers = new();
    private FrozenDictionary<ulong, PeerLink> _links = FrozenDictionary<ulong, PeerLink>.Empty;
    private FrozenSet<ulong> _removed = FrozenSet<ulong>.Empty;

    /// <summary>The links by member.</summary>
    public FrozenDictionary<ulong, PeerLink> Links => Volatile.Read(ref _links);

    /// <summary>Puts others in the place of those who were known.</summary>
    public void Replace(FrozenDictionary<ulong, PeerLink> links, FrozenSet<ulong> removed)
    {
        Volatile.Write(ref _removed, removed);
        Volatile.Write(ref _links, links);
    }

    /// <summary>Whether an id may never speak again.</summary>
    public bool IsRemoved(ulong member) => Volatile.Read(ref _removed).Contains(member);

    /// <summary>
    /// Whether a dialler may speak. An unknown member may: it can have joined by an entry that has not come here yet, and the consensus
    /// core knows what to make of its words.
    /// </summary>
    public PeerRefusal Judge(in PeerHello hello)
    {
        if (hello.Version != PeerHandshake.Version)
        {
            return PeerRefusal.OtherVersion;
        }

        if (hello.Kind == ConnectionKind.Members)
        {
            return PeerRefusal.None;
        }

        if (hello.ClusterId != context.Options.ClusterId)
        {
            return PeerRefusal.OtherCluster;
        }

        if (hello.To != context.Options.MemberId)
        {
            return PeerRefusal.OtherMember;
        }

        if (hello.From == 0 || hello.From == hello.To)
        {
            return PeerRefusal.BadIdentity;
        }

        return IsRemoved(hello.From) ? PeerRefusal.Removed : PeerRefusal.None;
    }

    /// <summary>Where to count what a member sends; unknown ones share a place.</summary>
    public PeerCounters CountersOf(ulong member) => Links.TryGetValue(member, out PeerLink? link) ? link.Counters : _strangers;

    /// <summary>A member has made a connection, so it can probably be dialled.</summary>
    public void HeardOf(ulong member)
    {
        if (Links.TryGetValue(member, out PeerLink? link))
        {
            link.HeardOf();
        }
    }
}
