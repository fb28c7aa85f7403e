using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Nodes;

/// <summary>
/// When a node gave its last sign of life, by the clock here: clocks of nodes may be wrong, so that a sign counts from when it was seen.
/// Used by one thread.
/// </summary>
internal sealed class NodeHealth
{
    /// <summary>How long a node may be silent.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(50);

    /// <summary>How long a node may be silent that has never said how it is.</summary>
    public static readonly TimeSpan StartupGrace = TimeSpan.FromSeconds(60);

    private static readonly string[] _conditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    private DateTimeOffset? _lastSign;
    private DateTimeOffset? _heartbeat;
    private DateTimeOffset? _renewal;
    private bool _hasReady;

    /// <summary>Notes what is seen; whether the node has been silent for too long.</summary>
    /// <param name="node">The node.</param>
    /// <param name="lease">Its lease, or null.</param>
    /// <param name="now">The time.</param>
    public bool IsSilent(Node node, Lease? lease, DateTimeOffset now)
    {
        var ready = node.Status.Find("Ready");
        if (ready is null)
        {
            _lastSign = _hasReady ? now : _lastSign ?? node.Metadata.CreationTimestamp ?? now;
        }
        else if (_lastSign is null || !_hasReady || _heartbeat != ready.LastHeartbeatTime)
        {
            _lastSign = now;
        }

        (_hasReady, _heartbeat) = (ready is not null, ready?.LastHeartbeatTime);
        if (lease?.Spec.RenewTime is { } renewal && (_renewal is null || renewal > _renewal))
        {
            (_renewal, _lastSign) = (renewal, now);
        }

        return now > _lastSign + (ready is null ? StartupGrace : Grace);
    }

    /// <summary>Counts everything before as if it had been seen now: after a time in which nothing could be seen.</summary>
    public void Excuse(DateTimeOffset now) => _lastSign = now;

    /// <summary>What is to be written into the conditions of a node that is silent; null for nothing.</summary>
    public static JsonArray? Silence(Node node, DateTimeOffset now)
    {
        var result = new JsonArray();
        foreach (var type in _conditions)
        {
            var found = node.Status.Find(type);
            if (found is { Status: "Unknown" })
            {
                continue;
            }

            var condition = new JsonObject
            {
                ["type"] = type,
                ["status"] = "Unknown",
                ["reason"] = found is null ? "NodeStatusNeverUpdated" : "NodeStatusUnknown",
                ["message"] = found is null ? "Kubelet never posted node status." : "Kubelet stopped posting node status.",
                ["lastTransitionTime"] = TimeText.Format(now),
            };
            if (found is null && node.Metadata.CreationTimestamp is { } created)
            {
                condition["lastHeartbeatTime"] = TimeText.Format(created);
            }

            result.Add(condition);
        }

        return result.Count == 0 ? null : result;
    }
}
