using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Etcdish.Cluster;
using Etcdish.Rpc;
using Etcdish.Store;

namespace Etcdish.Server.Metrics;

/// <summary>
/// What etcd's dashboards and alerts read of the server, under etcd's names (facts: etcd's metrics list). What a cluster of one has no use
/// for (snapshots between members) is left out.
/// </summary>
internal sealed class ServerMetrics
{
    // Versions come from clients, so their number must be bounded.
    private const int DistinctVersions = 64;
    private const string OtherVersions = "other";

    private readonly ConcurrentDictionary<(string Type, string Version), Counter> _clientRequests = new();
    private readonly Histogram _leaseTtls;

    public ServerMetrics(MetricRegistry registry)
    {
        Ranges = registry.AddCounter("etcd_mvcc_range_total", "Total number of ranges seen by this member.");
        Puts = registry.AddCounter("etcd_mvcc_put_total", "Total number of puts seen by this member.");
        Deletes = registry.AddCounter("etcd_mvcc_delete_total", "Total number of deletes seen by this member.");
        Txns = registry.AddCounter("etcd_mvcc_txn_total", "Total number of txns seen by this member.");
        ProposalsFailed = registry.AddCounter("etcd_server_proposals_failed_total", "The total number of failed proposals seen.");
        LeasesGranted = registry.AddCounter("etcd_debugging_lease_granted_total", "The total number of granted leases.");
        LeasesRevoked = registry.AddCounter("etcd_debugging_lease_revoked_total", "The total number of revoked leases.");
        LeasesRenewed = registry.AddCounter("etcd_debugging_lease_renewed_total", "The number of renewed leases seen by the leader.");
        _leaseTtls = registry.AddHistogram(
            "etcd_debugging_lease_ttl_total", "Bucketed histogram of lease TTLs.", Histogram.ExponentialBounds(1, 2, 24));
        registry.AddFamily(
            "etcd_server_client_requests_total", "counter", "The total number of client requests per client version.", CollectClients);
        registry.AddInfo("etcd_server_version", "Which version is running.", MetricWriter.Labels(("server_version", ServerVersion.Api)));
        registry.AddInfo(
            "etcd_cluster_version", "Which version is running.", MetricWriter.Labels(("cluster_version", ServerVersion.Cluster[..3])));
        registry.AddInfo(
            "etcd_server_go_version",
            "The runtime that the server runs on; .NET here, under the name that dashboards ask for.",
            MetricWriter.Labels(("server_go_version", RuntimeInformation.FrameworkDescription)));
        registry.AddInfo(
            "etcdish_build_info", "This server's own release.", MetricWriter.Labels(("version", ServerVersion.Product)));
    }

    public Counter Ranges { get; }

    public Counter Puts { get; }

    public Counter Deletes { get; }

    public Counter Txns { get; }

    public Counter ProposalsFailed { get; }

    public Counter LeasesGranted { get; }

    public Counter LeasesRevoked { get; }

    public Counter LeasesRenewed { get; }

    public void LeaseGranted(long ttlSeconds)
    {
        LeasesGranted.Increment();
        _leaseTtls.Observe(ttlSeconds);
    }

    /// <summary>Counts a call by the API version that its client names.</summary>
    public void CountClientRequest(RpcMethod method, string? version)
    {
        var key = (method.IsClientStreaming || method.IsServerStreaming ? "stream" : "unary", version ?? "unknown");
        if (!_clientRequests.TryGetValue(key, out Counter? counter))
        {
            key = _clientRequests.Count < DistinctVersions ? key : (key.Item1, OtherVersions);
            counter = _clientRequests.GetOrAdd(key, static _ => new Counter());
        }

        counter.Increment();
    }

    /// <summary>Adds what is read from the node.</summary>
    public static void RegisterNode(MetricRegistry registry, Node node, long quotaBytes)
    {
        RegisterConsensus(registry, node, quotaBytes);
        RegisterStore(registry, node);
        RegisterWatch(registry, node);
        PeerMetrics.Register(registry, node);
        registry.AddFamily("etcd_disk_wal_fsync_duration_seconds", "histogram", "The latency distributions of fsync called by WAL.",
            writer => Syncs(writer, "etcd_disk_wal_fsync_duration_seconds", node));

        // One sync makes log and data durable here, so the second alert that etcd's mixin has reads the same figures.
        registry.AddFamily("etcd_disk_backend_commit_duration_seconds", "histogram", "The latency distributions of commit called by backend.",
            writer => Syncs(writer, "etcd_disk_backend_commit_duration_seconds", node));
        registry.AddCounter("etcdish_disk_full_batches_total", "Batches of writes refused because the disk was full.",
            () => node.Metrics.FullDiskBatches);
        registry.AddCounter("etcdish_collected_bytes_total", "Value bytes that the collector has copied.", () => node.Metrics.CollectedBytes);
        registry.AddCounter("etcdish_checkpoints_total", "Checkpoints written.", () => node.Metrics.Checkpoints);
        registry.AddCounter(
            "etcdish_checkpoint_seconds_total", "Time spent writing checkpoints.", () => node.Metrics.CheckpointSeconds);
    }

    private static void Syncs(MetricWriter writer, string name, Node node) =>
        writer.Buckets(name, "", node.Metrics.Syncs.Bounds, node.Metrics.Syncs.Counts, node.Metrics.Syncs.Seconds);

    private static void RegisterConsensus(MetricRegistry registry, Node node, long quotaBytes)
    {
        string id = node.MemberId.ToString("x", null);
        registry.AddInfo("etcd_server_id", "Server or member ID in hexadecimal format.", MetricWriter.Labels(("server_id", id)));
        registry.AddGauge("etcd_server_has_leader", "Whether or not a leader exists. 1 is existence, 0 is not.", () => node.LeaderId != 0 ? 1 : 0);
        registry.AddGauge("etcd_server_is_leader", "Whether or not this member is a leader. 1 if is, 0 otherwise.",
            () => node.LeaderId == node.MemberId ? 1 : 0);
        registry.AddGauge("etcd_server_is_learner", "Whether or not this member is a learner. 1 if is, 0 otherwise.",
            () => node.IsLearner ? 1 : 0);
        registry.AddGauge("etcdish_quarantined", "Whether this member's data was damaged and is being filled again by its group. 1 if so.",
            () => node.IsQuarantined ? 1 : 0);
        registry.AddCounter("etcdish_snapshots_received_total", "How often a leader's state took the place of this member's own.",
            () => node.SnapshotsReceived);
        registry.AddGauge("etcdish_snapshots_sending", "Followers that are being sent the state.", () => node.SnapshotsSending);
        registry.AddCounter("etcd_server_leader_changes_seen_total", "The number of leader changes seen.", () => node.LeaderChanges);
        registry.AddCounter("etcd_server_heartbeat_send_failures_total", "The total number of leader heartbeat send failures.",
            () => node.Metrics.LateHeartbeats);
        registry.AddCounter("etcd_server_slow_apply_total", "The total number of slow apply requests.", () => 0);
        registry.AddCounter("etcd_server_slow_read_indexes_total", "The total number of pending read indexes not in sync.",
            () => node.Metrics.SlowReadIndexes);
        registry.AddCounter("etcd_server_read_indexes_failed_total", "The total number of failed read indexes seen.",
            () => node.Metrics.FailedReads);
        registry.AddGauge("etcd_server_proposals_committed_total", "The total number of consensus proposals committed.",
            () => node.CommittedIndex);
        registry.AddGauge("etcd_server_proposals_applied_total", "The total number of consensus proposals applied.", () => node.AppliedIndex);
        registry.AddGauge("etcd_server_proposals_pending", "The current number of pending proposals to commit.", () => node.PendingProposals);
        registry.AddGauge("etcd_server_quota_backend_bytes", "Current backend storage quota size in bytes.", () => quotaBytes);
        registry.AddFamily("etcd_debugging_server_alarms", "gauge", "Alarms for every member in cluster.", writer =>
        {
            foreach (AlarmMember alarm in node.Store.Alarms(AlarmType.None))
            {
                string labels = MetricWriter.Labels(
                    ("alarm_type", Services.AlarmNames.Of(alarm.Type)), ("server_id", alarm.MemberId.ToString("x", null)));
                writer.Sample("etcd_debugging_server_alarms", labels, 1);
            }
        });
    }

    private static void RegisterStore(MetricRegistry registry, Node node)
    {
        registry.AddGauge("etcd_mvcc_db_total_size_in_bytes", "Total size of the underlying database physically allocated in bytes.",
            () => node.DataBytes);
        registry.AddGauge("etcd_mvcc_db_total_size_in_use_in_bytes", "Total size of the underlying database logically in use in bytes.",
            () => node.LiveBytes);
        registry.AddGauge("etcd_debugging_mvcc_keys_total", "Total number of keys.", () => node.Store.KeyCount);
        registry.AddGauge("etcd_debugging_mvcc_current_revision", "The current revision of store.", () => node.Store.CurrentRevision);
        registry.AddGauge("etcd_debugging_mvcc_compact_revision", "The revision of the last compaction in store.",
            () => node.Store.CompactedRevision);
        registry.AddGauge("etcdish_leases", "Leases that exist.", () => node.Store.Leases.Count);
        registry.AddCounter("etcd_debugging_server_lease_expired_total", "The total number of expired leases.",
            () => node.Metrics.LeaseExpiries);
    }

    private static void RegisterWatch(MetricRegistry registry, Node node)
    {
        registry.AddGauge("etcd_debugging_mvcc_watch_stream_total", "Total number of watch streams.", () => node.Watches.Statistics.Streams);
        registry.AddGauge("etcd_debugging_mvcc_watcher_total", "Total number of watchers.", () => node.Watches.Statistics.Watchers);
        registry.AddGauge("etcd_debugging_mvcc_slow_watcher_total", "Total number of unsynced slow watchers.",
            () => node.Watches.Statistics.SlowWatchers);
        registry.AddGauge("etcd_debugging_mvcc_pending_events_total", "Total number of pending events to be sent.",
            () => node.Watches.Statistics.PendingEvents);
        registry.AddCounter("etcd_debugging_mvcc_events_total", "Total number of events sent by this member.",
            () => node.Watches.Statistics.DeliveredEvents);
    }

    private void CollectClients(MetricWriter writer)
    {
        // Its own ToArray: sorting would count and copy in two steps, and fail if a version came in between.
        foreach (((string type, string version), Counter counter) in _clientRequests.ToArray().OrderBy(pair => pair.Key))
        {
            string labels = MetricWriter.Labels(("client_api_version", version), ("type", type));
            writer.Sample("etcd_server_client_requests_total", labels, counter.Value);
        }
    }
}
