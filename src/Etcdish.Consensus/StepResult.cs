namespace Etcdish.Consensus;

/// <summary>Why a message changed nothing. Counted by the node, see <see cref="RaftNode.IgnoredMessages"/>.</summary>
public enum IgnoredReason : byte
{
    /// <summary>It was heard.</summary>
    None = 0,

    /// <summary>It belongs to another cluster.</summary>
    OtherCluster = 1,

    /// <summary>It was for another member, or claims to come from this one or from nobody.</summary>
    WrongAddress = 2,

    /// <summary>It contradicts itself: unknown type, term 0, or entries that do not follow from its fields.</summary>
    Malformed = 3,

    /// <summary>The sender was removed from the cluster.</summary>
    RemovedMember = 4,

    /// <summary>An answer from somebody that is no member.</summary>
    UnknownMember = 5,

    /// <summary>It belongs to an earlier term.</summary>
    StaleTerm = 6,

    /// <summary>A campaign while a leader is heard from.</summary>
    LeaderAlive = 7,

    /// <summary>An answer that nobody waits for any more.</summary>
    Late = 8,
}

/// <summary>What became of a message.</summary>
/// <param name="Ignored">Why it changed nothing, or <see cref="IgnoredReason.None"/>.</param>
/// <param name="AppendFrom">
/// The first of the message's entries that the log now holds anew: the host keeps the bytes of this one and all after it, in place of
/// whatever it had there. 0 when none was new.
/// </param>
/// <param name="SnapshotExpected">An offered state is needed: receive it and call <see cref="RaftNode.OnSnapshotReceived"/>.</param>
public readonly record struct StepResult(IgnoredReason Ignored, ulong AppendFrom = 0, bool SnapshotExpected = false);
