using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Nodes;

/// <summary>The conditions of a node, in Kubernetes' words.</summary>
internal static class NodeConditions
{
    /// <summary>The conditions that follow from a report. What the API has of a condition whose status stays keeps its time of change.</summary>
    /// <param name="report">The report.</param>
    /// <param name="known">The conditions that the API has; null: none.</param>
    /// <param name="now">The time.</param>
    /// <param name="changed">Is told of each whose status has changed: its type and its new status.</param>
    public static JsonArray Make(NodeReport report, JsonArray? known, DateTimeOffset now, Action<string, bool>? changed = null)
    {
        var conditions = new JsonArray();
        foreach (var (type, isTrue, reason, message) in Wanted(report))
        {
            var status = isTrue ? "True" : "False";
            var before = known?.OfType<JsonObject>().FirstOrDefault(condition => (string?)condition["type"] == type);
            var isSame = (string?)before?["status"] == status;
            if (!isSame)
            {
                changed?.Invoke(type, isTrue);
            }

            conditions.Add(new JsonObject
            {
                ["type"] = type,
                ["status"] = status,
                ["reason"] = reason,
                ["message"] = message,
                ["lastHeartbeatTime"] = TimeText.Format(now),
                ["lastTransitionTime"] = isSame ? (string?)before!["lastTransitionTime"] : TimeText.Format(now),
            });
        }

        return conditions;
    }

    /// <summary>What is told of a change, as an event's reason.</summary>
    public static string EventOf(string type, bool isTrue) => (type, isTrue) switch
    {
        ("MemoryPressure", true) => "NodeHasInsufficientMemory",
        ("MemoryPressure", false) => "NodeHasSufficientMemory",
        ("DiskPressure", true) => "NodeHasDiskPressure",
        ("DiskPressure", false) => "NodeHasNoDiskPressure",
        ("PIDPressure", true) => "NodeHasInsufficientPID",
        ("PIDPressure", false) => "NodeHasSufficientPID",
        (_, true) => "NodeReady",
        _ => "NodeNotReady",
    };

    // Ready stands last, since there are clients that take the last one for it.
    private static (string Type, bool IsTrue, string Reason, string Message)[] Wanted(NodeReport report) =>
    [
        report.Pressures.Memory
            ? ("MemoryPressure", true, "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
            : ("MemoryPressure", false, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        report.Pressures.Disk
            ? ("DiskPressure", true, "KubeletHasDiskPressure", "kubelet has disk pressure")
            : ("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        report.Pressures.Processes
            ? ("PIDPressure", true, "KubeletHasInsufficientPID", "kubelet has insufficient PID available")
            : ("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        report.Faults.Count > 0
            ? ("Ready", false, "KubeletNotReady", string.Join(",", report.Faults))
            : ("Ready", true, "KubeletReady", "kubelet is posting ready status"),
    ];
}
