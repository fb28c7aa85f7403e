namespace Etcdish.Consensus;

/// <summary>What a leader knows of one follower, for metrics and operators.</summary>
/// <param name="Member">Its id.</param>
/// <param name="State">How it is being sent to.</param>
/// <param name="Match">Up to here its durable log agrees with the leader's.</param>
/// <param name="Next">The first entry not sent to it.</param>
/// <param name="InflightBytes">Bytes of entries on the way to it.</param>
/// <param name="IsHeard">It answered within the election timeout.</param>
/// <param name="IsQuarantined">It lost part of its log and is being refilled.</param>
public readonly record struct MemberStatus(
    ulong Member, ProgressState State, ulong Match, ulong Next, long InflightBytes, bool IsHeard, bool IsQuarantined);
