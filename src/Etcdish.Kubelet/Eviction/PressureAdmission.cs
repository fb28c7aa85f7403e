using Etcdish.Kubelet.Cgroups;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Nodes;

namespace Etcdish.Kubelet.Eviction;

/// <summary>Which new pods a node refuses because it is short of something.</summary>
internal static class PressureAdmission
{
    private const string MemoryTaint = "node.kubernetes.io/memory-pressure";

    /// <summary>Why a pod is refused: reason and message; null: it is not.</summary>
    public static (string Reason, string Message)? Check(PodManifest pod, NodePressures pressures)
    {
        if (pressures == default || !EvictionRanking.MayEvict(pod))
        {
            return null;
        }

        // Who asks for memory is not the one to suffer for its lack.
        var isMemoryAlone = pressures is { Memory: true, Disk: false, Processes: false };
        if (isMemoryAlone && (PodResources.QosClass(pod) != "BestEffort" || Tolerates(pod)))
        {
            return null;
        }

        string[] names = [.. Names(pressures)];
        return ("Evicted", $"The node had condition: [{string.Join(' ', names)}]. ");
    }

    private static IEnumerable<string> Names(NodePressures pressures)
    {
        if (pressures.Memory)
        {
            yield return "MemoryPressure";
        }

        if (pressures.Disk)
        {
            yield return "DiskPressure";
        }

        if (pressures.Processes)
        {
            yield return "PIDPressure";
        }
    }

    private static bool Tolerates(PodManifest pod) => Array.Exists(
        pod.Spec.Tolerations,
        toleration => toleration.Effect is "" or "NoSchedule"
            && (toleration.Key == MemoryTaint || (toleration.Key.Length == 0 && toleration.Operator == "Exists")));
}
