using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Containers;

/// <summary>What of processors and memory a container gets, in the terms of the kernel.</summary>
internal static class ContainerLimits
{
    /// <summary>The time over which a quota of processor time is counted, in microseconds.</summary>
    public const long PeriodMicroseconds = 100_000;

    /// <summary>The least weight, for what asks for nothing.</summary>
    public const long LeastShares = 2;

    private const long MostShares = 262_144;
    private const long LeastQuotaMicroseconds = 1000;
    private const long ProtectedScore = -997;
    private const long MostScore = 1000;

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
            CpuShares = SharesOf(asked.MilliValue),
            CpuQuota = QuotaOf(limit.MilliValue),
            CpuPeriod = limit.IsZero ? 0 : PeriodMicroseconds,
            MemoryLimitBytes = Amount(limits, "memory").Value,
            OomScoreAdjustment = OomScoreOf(pod, container, memoryCapacity),
        };
    }

    /// <summary>The weight for a request in thousandths of a processor.</summary>
    public static long SharesOf(long milli) => Math.Clamp(Math.Min(milli, MostShares) * 1024 / 1000, LeastShares, MostShares);

    /// <summary>The time in each period for a limit in thousandths of a processor; 0: no limit.</summary>
    public static long QuotaOf(long milli) =>
        milli <= 0 ? 0 : Math.Max(Math.Min(milli, long.MaxValue / PeriodMicroseconds) * PeriodMicroseconds / 1000, LeastQuotaMicroseconds);

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

        switch (Qos.ClassOf(pod))
        {
            case Qos.Guaranteed:
                return ProtectedScore;
            case Qos.BestEffort:
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

    private static Quantity Amount(Dictionary<string, Quantity>? amounts, string resource) =>
        amounts?.GetValueOrDefault(resource) ?? default;
}
