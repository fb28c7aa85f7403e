using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;

namespace Etcdish.Scheduler.Pods;

/// <summary>
/// What a pod asks for as a whole: the larger of its containers together and of any moment of its start. Init containers run one after the
/// other, each beside the sidecars begun before it; sidecars stay. What the pod says for itself replaces what its containers say, and the
/// overhead of its runtime comes on top.
/// </summary>
internal static class PodRequests
{
    private const long DefaultMilliCpu = 100;
    private const long DefaultMemory = 200 * 1024 * 1024;

    /// <summary>What is asked for, without what is zero.</summary>
    public static ResourceAmount[] Of(PodSpec spec, ResourceNames names) =>
    [
        .. Sum(spec, withDefaults: false).Where(r => r.Value > 0 && r.Key != "pods")
            .Select(r => new ResourceAmount(names.Of(r.Key), r.Value)).OrderBy(r => r.Resource),
    ];

    /// <summary>
    /// cpu and memory, where a container that does not say is taken to need a little: so many such pods do not meet on one node.
    /// </summary>
    public static (long MilliCpu, long Memory) NonZero(PodSpec spec)
    {
        var sum = Sum(spec, withDefaults: true);
        return (sum.GetValueOrDefault("cpu"), sum.GetValueOrDefault("memory"));
    }

    public static long Amount(string resource, Quantity amount) => resource == "cpu" ? amount.MilliValue : amount.Value;

    private static Dictionary<string, long> Sum(PodSpec spec, bool withDefaults)
    {
        Dictionary<string, long> total = [], sidecars = [], start = [];
        foreach (var container in spec.Containers)
        {
            Add(total, Of(container, withDefaults));
        }

        foreach (var container in spec.InitContainers)
        {
            var own = Of(container, withDefaults);
            if (container.RestartPolicy == "Always")
            {
                Add(total, own);
                Add(sidecars, own);
                own = sidecars;
            }
            else
            {
                Add(own, sidecars);
            }

            foreach (var (resource, amount) in own)
            {
                start[resource] = Math.Max(amount, start.GetValueOrDefault(resource));
            }
        }

        foreach (var (resource, amount) in start)
        {
            total[resource] = Math.Max(amount, total.GetValueOrDefault(resource));
        }

        foreach (var (resource, amount) in spec.Resources?.Requests ?? [])
        {
            if (resource is "cpu" or "memory" || resource.StartsWith("hugepages-", StringComparison.Ordinal))
            {
                total[resource] = Amount(resource, amount);
            }
        }

        foreach (var (resource, amount) in spec.Overhead ?? [])
        {
            total[resource] = total.GetValueOrDefault(resource) + Amount(resource, amount);
        }

        return total;
    }

    private static Dictionary<string, long> Of(Container container, bool withDefaults)
    {
        Dictionary<string, long> amounts = [];
        foreach (var (resource, amount) in container.Resources.Requests ?? [])
        {
            amounts[resource] = Amount(resource, amount);
        }

        if (withDefaults)
        {
            amounts.TryAdd("cpu", DefaultMilliCpu);
            amounts.TryAdd("memory", DefaultMemory);
        }

        return amounts;
    }

    private static void Add(Dictionary<string, long> sum, Dictionary<string, long> more)
    {
        foreach (var (resource, amount) in more)
        {
            sum[resource] = sum.GetValueOrDefault(resource) + amount;
        }
    }
}
