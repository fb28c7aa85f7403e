namespace Etcdish.Cluster.Peers;

/// <summary>What a frame is. Numbers are part of the format.</summary>
internal enum PeerFrameKind : byte
{
    /// <summary>A Raft message, with its entries if it is an append.</summary>
    Raft = 1,

    /// <summary>To the leader: propose this for me.</summary>
    Forward = 2,

    /// <summary>To a follower: what you forwarded is in my log at this place; it may still be lost with my leadership.</summary>
    Accepted = 3,

    /// <summary>The answer is an error. Answers <see cref="Forward"/>, <see cref="ReadIndex"/> and <see cref="LeaseCall"/>.</summary>
    Refused = 4,

    /// <summary>To the leader: from which index on is a read of mine linearizable?</summary>
    ReadIndex = 5,

    /// <summary>Answers <see cref="ReadIndex"/>.</summary>
    ReadIndexAnswer = 6,

    /// <summary>To the leader, which alone keeps the time of leases: renew one, or tell what is left of it.</summary>
    LeaseCall = 7,

    /// <summary>Answers <see cref="LeaseCall"/>.</summary>
    LeaseAnswer = 8,

    /// <summary>
    /// From a leader to a follower whose log may end before the members came that it has to answer: who they are and where.
    /// </summary>
    Members = 9,
}

/// <summary>What is asked about a lease. Numbers are part of the format.</summary>
internal enum LeaseCallKind : byte
{
    /// <summary>Begin its time to live anew.</summary>
    Renew = 1,

    /// <summary>Tell how much of it is left.</summary>
    TimeToLive = 2,
}
