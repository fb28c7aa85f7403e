namespace Etcdish.Cluster;

/// <summary>What a <see cref="Replica"/> needs of whoever drives it. Called on the driver's own thread, within a round.</summary>
internal interface IReplicaHost
{
    /// <summary>Makes the log's batch durable, taking the time.</summary>
    void CommitLog();

    /// <summary>Changes were published that some watcher wants.</summary>
    void WakeWatchers();

    /// <summary>
    /// A leader has state for this member, which lacks more entries than the leader has: a <see cref="SnapshotReceiver"/> is to fetch it.
    /// </summary>
    void SnapshotOffered(SnapshotOffer offer);
}
