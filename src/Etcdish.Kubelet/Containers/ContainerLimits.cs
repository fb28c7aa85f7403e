using Etcdish.Kubelet.Cgroups;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Containers;

/// <summary>What of processors and memory a container gets, in the terms of the kernel.</summary>
internal static class ContainerLimits
{
    private const long ProtectedScore = -997;
    private const long MostScore = 1000;
    private static readonly Quantity _mostProcessors = new(1_000_000);

    /// <summary>The limits of a container.</summary>
    /// <param name="pod">Its pod.</param>
    /// <param name="container">The container.</param>
    /// <param name="memoryCapacity">The memory of the machine, in bytes; 0: not known.</param>
    public static ResourceSettings Of(PodManifest pod, ContainerManifest container, long memoryCapacity)
    {
        var (requests, limits) = (container.Resources.Requests, container.Resources.Limits);
        var limit = Amount(limits, "cpu");
        var asked = requests?.ContainsKey("cpu") == true ? Amount(requests, "cpu") : limit;
        return new ResourceSettings
        {
            CpuShares = GroupSettings.Shares(MilliOf(asked)),
            CpuQuota = limit.IsZero ? 0 : GroupSettings.Quota(MilliOf(limit)),
            CpuPeriod = limit.IsZero ? 0 : GroupSettings.Period,
            MemoryLimitBytes = Amount(limits, "memory").Value,
            OomScoreAdjustment = OomScoreOf(pod, container, memoryCapacity),
        };
    }

    /// <summary>
    /// How soon the kernel kills a container when the machine has no memory left: what uses more than it asked for goes first, what nothing
    /// was promised before all others. A sidecar goes no sooner than the pod's main containers.
    /// </summary>
    public static long OomScoreOf(PodManifest pod, ContainerManifest container, long memoryCapacity)
    {
        if (pod.Spec.PriorityClassName == "system-node-critical")
        {
            return ProtectedScore;
        }

        switch (PodResources.QosClass(pod))
        {
            case "Guaranteed":
                return ProtectedScore;
            case "BestEffort":
                return MostScore;
            default:
                var score = BurstableScore(container, memoryCapacity);
                if (container.IsSidecar && pod.Spec.InitContainers.Contains(container))
                {
                    score = pod.Spec.Containers.Select(main => BurstableScore(main, memoryCapacity)).Append(score).Min();
                }

                return Math.Clamp(score, MostScore + ProtectedScore, MostScore - 1);
        }
    }

    private static long BurstableScore(ContainerManifest container, long memoryCapacity) => memoryCapacity == 0
        ? MostScore
        : MostScore - (long)((Int128)MostScore * Amount(container.Resources.Requests, "memory").Value / memoryCapacity);

    /// <summary>Thousandths of a processor; of more than any machine has, as many as that.</summary>
    private static long MilliOf(Quantity amount) => amount > _mostProcessors ? _mostProcessors.MilliValue : amount.MilliValue;

    private static Quantity Amount(Dictionary<string, Quantity>? amounts, string resource) =>
        amounts?.GetValueOrDefault(resource) ?? default;
}
