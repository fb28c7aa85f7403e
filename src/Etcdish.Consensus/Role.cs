namespace Etcdish.Consensus;

/// <summary>What a member is doing.</summary>
public enum Role : byte
{
    /// <summary>It follows a leader, or waits for one. Learners and quarantined members are never anything else.</summary>
    Follower = 0,

    /// <summary>It asks whether a campaign would succeed.</summary>
    PreCandidate = 1,

    /// <summary>It campaigns in its term.</summary>
    Candidate = 2,

    /// <summary>It leads its term.</summary>
    Leader = 3,
}
