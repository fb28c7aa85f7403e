namespace Etcdish.Cluster;

/// <summary>What a <see cref="Replica"/> needs of whoever drives it. Called on the driver's own thread, within a round.</summary>
internal interface IReplicaHost
{
    /// <summary>Makes the log's batch durable, taking the time.</summary>
    void CommitLog();

    /// <summary>Changes were published that some watcher wants.</summary>
    void WakeWatchers();

    /// <summary>A follower lacks entries that this member does not have any more: it needs the state itself.</summary>
    void SnapshotWanted(ulong member);
}
