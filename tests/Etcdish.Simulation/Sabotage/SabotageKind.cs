namespace Etcdish.Simulation;

/// <summary>Deliberate bugs, each of which the simulation must find. <see cref="Saboteur"/> builds them in.</summary>
internal enum SabotageKind
{
    None,

    /// <summary>The disk says that a file is synced, and is not.</summary>
    SkipSync,

    /// <summary>The disk says that a folder is synced, and is not.</summary>
    SkipDirectorySync,

    /// <summary>Writes are answered before the log is committed; that is done a round later.</summary>
    AnswerBeforeDurable,

    /// <summary>A crash also takes the newest sector that was synced.</summary>
    LoseSyncedSector,

    /// <summary>The leases' clock runs at twice the speed.</summary>
    FastLeaseClock,

    /// <summary>A put is proposed twice, as a client that retries blindly would do.</summary>
    ProposeTwice,

    /// <summary>Linearizable reads are served without a barrier.</summary>
    SkipReadBarrier,

    /// <summary>A response to a watcher lacks its last event.</summary>
    DropWatchEvent,

    /// <summary>A response to a watcher has its last event twice.</summary>
    RepeatWatchEvent,

    /// <summary>A response to a watcher has its events in the wrong order.</summary>
    SwapWatchEvents,

    /// <summary>A started member believes in a lower term than it had.</summary>
    ForgetTerm,

    /// <summary>A started member does not know for whom it voted.</summary>
    ForgetVote,

    /// <summary>Answers of earlier terms count as if they were of this one.</summary>
    TakeStaleTerms,

    /// <summary>A follower's refusal of an append counts as an acknowledgement.</summary>
    TakeRefusalForAck,

    /// <summary>A refused vote counts as a granted one.</summary>
    TakeRefusalForVote,

    /// <summary>A follower applies all that it is sent, committed or not.</summary>
    CommitAllThatIsSent,

    /// <summary>An entry's bytes change on their way.</summary>
    ChangeEntry,

    /// <summary>An acknowledgement says one entry more than there is.</summary>
    AcknowledgeOneMore,

    /// <summary>A leader confirms a read at an index of long ago.</summary>
    ConfirmOldReadIndex,

    /// <summary>A forwarded write is promised the place after its own.</summary>
    PromiseWrongPlace,

    /// <summary>A member that starts again numbers its requests to others as it did before.</summary>
    ReuseRequestNumbers,

    /// <summary>A forwarded write arrives twice.</summary>
    ForwardTwice,

    /// <summary>A watcher that lost its stream goes on one revision too late.</summary>
    SkipRevisionOnResume,

    /// <summary>A renewal of a lease is answered, and not done.</summary>
    PretendRenewal,

    /// <summary>State that is sent to a follower stands for one entry more than is in it.</summary>
    SendStateOneShort,

    /// <summary>A member whose log was damaged and given up votes and counts at once.</summary>
    SkipQuarantine,

    /// <summary>A member that lost power finds an empty disk.</summary>
    LoseDisk,
}
