using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>What a replica is made of.</summary>
/// <param name="Log">The log, replayed.</param>
/// <param name="Member">Term and vote beside the log.</param>
/// <param name="Store">The state as of the last entry known to be committed.</param>
/// <param name="Values">Values in that log.</param>
/// <param name="Restored">What recovery found for the core.</param>
/// <param name="Tail">The entries that the core knows.</param>
/// <param name="Members">The members as of the last applied entry.</param>
/// <param name="Watches">Where changes are published.</param>
/// <param name="Leases">Lease time.</param>
/// <param name="LeaseCalls">Questions about leases between members.</param>
/// <param name="Network">The way to other members.</param>
/// <param name="Metrics">What is counted.</param>
internal sealed record ReplicaParts(
    SegmentedLog Log,
    MemberFile Member,
    RevisionStore Store,
    IValueSource Values,
    RestoredState Restored,
    EntryTail Tail,
    MemberTable Members,
    WatchHub Watches,
    LeaseKeeper Leases,
    LeaseCalls LeaseCalls,
    IPeerNetwork Network,
    NodeMetrics Metrics);
