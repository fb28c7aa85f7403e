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

    /// <summary>A proposal is dropped and answered as if it had been applied.</summary>
    AnswerWithoutProposing,

    /// <summary>A started member believes in a lower term than it had.</summary>
    ForgetTerm,
}
