using Etcdish.Cluster.Peers;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>What a node is and how much it may use. Values are checked by <see cref="Validate"/> when the node opens.</summary>
public sealed record NodeOptions
{
    /// <summary>Folder of the log and the checkpoints; made (mode 0700) when missing.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Human name of the member.</summary>
    public string Name { get; init; } = "default";

    /// <summary>This member's id; see <see cref="MemberIdentity"/>.</summary>
    public ulong MemberId { get; init; } = MemberIdentity.MemberId(["http://localhost:2380"], "etcd-cluster");

    /// <summary>The cluster's id; see <see cref="MemberIdentity"/>.</summary>
    public ulong ClusterId { get; init; } =
        MemberIdentity.ClusterId([MemberIdentity.MemberId(["http://localhost:2380"], "etcd-cluster")]);

    /// <summary>Where other members reach this one; goes into the first entry of a group of one.</summary>
    public IReadOnlyList<string> PeerUrls { get; init; } = ["http://localhost:2380"];

    /// <summary>Where clients reach this member; it tells the group once it serves.</summary>
    public IReadOnlyList<string> ClientUrls { get; init; } = [];

    /// <summary>
    /// All members that a new group starts with, this one among them; alike on each of them, as its ids are made of it. Empty: this one
    /// alone. Ignored when the directory holds a group already.
    /// </summary>
    public IReadOnlyList<ClusterMember> InitialMembers { get; init; } = [];

    /// <summary>Where to listen for other members (http://address:port); empty for a group of one that is to stay one.</summary>
    public IReadOnlyList<string> PeerListenUrls { get; init; } = [];

    /// <summary>Certificates between members; needed to listen on https. Null: none.</summary>
    public PeerTlsOptions? PeerTls { get; init; }

    /// <summary>Time between a leader's heartbeats, and the unit of the election timeout. From 1 ms.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Time without a leader after which a member campaigns (up to twice as long, at random). At least two heartbeats.</summary>
    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether the group runs already and awaits this member, which was announced to it by <see cref="Node.AddMemberAsync"/>:
    /// <see cref="InitialMembers"/> then name all members that it has, and who they are is asked of them. Ignored when the directory
    /// belongs to a member already.
    /// </summary>
    public bool JoinsExistingGroup { get; init; }

    /// <summary>
    /// Whether this member goes on alone with its data, as the only member of its group: the last resort when the quorum is lost for
    /// good. The others are removed; what was acknowledged and never came here is lost. Set for one start.
    /// </summary>
    public bool ForcesNewGroup { get; init; }

    /// <summary>
    /// Whether changes of the membership that are asked for here are refused when they could cost the group its quorum. Default true.
    /// </summary>
    public bool StrictMemberChanges { get; init; } = true;

    /// <summary>Members without a vote that the group may have while this member leads. At least 0.</summary>
    public int MaxLearners { get; init; } = 1;

    /// <summary>Settings of the log: segment size, disk.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>Settings of watch streams.</summary>
    public WatchOptions Watch { get; init; } = new();

    /// <summary>Most bytes of writes that may wait for the disk; past it they are refused as too many. At least 1 MiB.</summary>
    public long MaxQueuedBytes { get; init; } = 64 << 20;

    /// <summary>Longest time a write may wait in the queue before it is refused as timed out.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>Least lease TTL in seconds; shorter ones are raised to it (etcd: 1.5 election timeouts, rounded up).</summary>
    public long MinLeaseTtl { get; init; } = 2;

    /// <summary>
    /// Whether the code after an await of <see cref="Node.ProposeAsync"/> runs at once where the answer is given, between the answers of
    /// others. Cheaper by a visit to the thread pool, and right only when that code is short and never blocks. Default false.
    /// </summary>
    public bool CompletesInline { get; init; }

    /// <summary>Log bytes after the last checkpoint that make the next one due. At least 64 KiB.</summary>
    public long CheckpointBytes { get; init; } = 32 << 20;

    /// <summary>Share of dead bytes from which the collector rewrites a segment, above 0 and up to 1.</summary>
    public double CollectDeadShare { get; init; } = 0.5;

    /// <summary>Most bytes a second that the collector copies. At least 1 MiB.</summary>
    public long CollectBytesPerSecond { get; init; } = 64 << 20;

    /// <summary>
    /// The clock. Only its monotonic timestamps are used, but for the id of a new member, which is made of its URLs and the time.
    /// </summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Draws lease ids. Not for secrets.</summary>
    public Random Random { get; init; } = Random.Shared;

    /// <summary>Receives one line for each event an operator should know of (a torn tail cut, a damaged checkpoint passed over).</summary>
    public Action<NodeNotice>? OnNotice { get; init; }

    internal IReadOnlyList<ClusterMember> EffectiveInitialMembers =>
        InitialMembers.Count > 0 ? InitialMembers : [new ClusterMember(MemberId, Name, PeerUrls, [])];

    /// <summary>
    /// Makes the way to other members, given where to bring what comes, in place of the one that <see cref="PeerListenUrls"/> asks for.
    /// Closed with the node.
    /// </summary>
    internal Func<IPeerInbox, IPeerNetwork>? ConnectPeers { get; init; }

    /// <summary>Applied entries whose places are kept for followers that lag.</summary>
    internal ulong KeptEntries { get; init; } = 1 << 20;

    /// <summary>Throws when a value is out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the property.</exception>
    public void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(DataDirectory);
        ArgumentOutOfRangeException.ThrowIfLessThan(HeartbeatInterval, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(ElectionTimeout, 2 * HeartbeatInterval);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxLearners);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxQueuedBytes, 1 << 20);
        ArgumentOutOfRangeException.ThrowIfLessThan(RequestTimeout, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(MinLeaseTtl, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(CheckpointBytes, 64 << 10);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(CollectDeadShare);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(CollectDeadShare, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(CollectBytesPerSecond, 1 << 20);
    }
}

/// <summary>Something an operator should know of.</summary>
/// <param name="IsWarning">Whether it asks for attention, rather than just informing.</param>
/// <param name="Message">One line.</param>
public readonly record struct NodeNotice(bool IsWarning, string Message);
