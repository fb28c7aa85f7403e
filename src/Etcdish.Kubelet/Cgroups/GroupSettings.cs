using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Cgroups;

/// <summary>What a control group is given.</summary>
/// <param name="CpuShares">The weight of its processor time, 2 to 262144.</param>
/// <param name="CpuQuota">Microseconds of processor time in each <see cref="Period"/>; -1: not bounded.</param>
/// <param name="MemoryBytes">Most memory; -1: not bounded.</param>
internal readonly record struct GroupSettings(long CpuShares, long CpuQuota, long MemoryBytes)
{
    /// <summary>The period of quotas, in microseconds.</summary>
    public const long Period = 100_000;

    private const long LeastShares = 2;
    internal const long MostShares = 262_144;
    private const long LeastQuota = 1_000;
    private const long SharesOfProcessor = 1_024;
    private const long MilliOfProcessor = 1_000;

    /// <summary>No more than the least weight, and no bounds.</summary>
    public static GroupSettings Least => new(LeastShares, -1, -1);

    /// <summary>What a pod's group is given.</summary>
    public static GroupSettings Of(PodManifest pod)
    {
        var cpu = PodResources.Limit(pod, "cpu");
        var request = PodResources.Request(pod, "cpu").MilliValue;
        var memory = PodResources.Limit(pod, "memory");

        // What has a limit and no request asks for its limit.
        request = request == 0 && cpu is { } limit ? limit.MilliValue : request;
        return new GroupSettings(Shares(request), cpu is { } most ? Quota(most.MilliValue) : -1, memory?.Value ?? -1);
    }

    /// <summary>The weight that goes with so many thousandths of a processor.</summary>
    public static long Shares(long milli) => Math.Clamp(milli * SharesOfProcessor / MilliOfProcessor, LeastShares, MostShares);

    /// <summary>A weight of cgroup v1 as one of v2, 1 to 10000 (KEP-2254).</summary>
    public static long Weight(long shares) => 1 + ((shares - LeastShares) * 9_999 / (MostShares - LeastShares));

    /// <summary>Microseconds in each <see cref="Period"/> for a limit of so many thousandths of a processor.</summary>
    public static long Quota(long milli) => Math.Max(milli * Period / MilliOfProcessor, LeastQuota);
}
