namespace Etcdish.Consensus;

/// <summary>What happens to one member.</summary>
public enum MemberChangeKind : byte
{
    /// <summary>A new id joins and receives entries without a vote.</summary>
    AddLearner = 1,

    /// <summary>
    /// A new id joins with a vote. It counts at once, empty as its log is; prefer a learner, promoted when it has caught up.
    /// </summary>
    AddVoter = 2,

    /// <summary>A learner that has caught up receives a vote.</summary>
    Promote = 3,

    /// <summary>A voter becomes a learner.</summary>
    Demote = 4,

    /// <summary>A member leaves for good; its id is never used again.</summary>
    Remove = 5,
}

/// <summary>One step of a configuration change.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Member">To whom.</param>
public readonly record struct MemberChange(MemberChangeKind Kind, ulong Member);
