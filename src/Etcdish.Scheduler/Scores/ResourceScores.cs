using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Scores;

/// <summary>How good a node is by what is taken of it. Scores are 0 to 100.</summary>
internal static class ResourceScores
{
    private const int Max = 100;

    /// <summary>
    /// The more cpu and memory is left, the better; where a pod does not say what it needs, it is taken to need a little.
    /// </summary>
    public static int LeastAllocated(PodShape pod, NodeState node)
    {
        long sum = 0, weight = 0;
        Add(node.Allocatable(ResourceNames.Cpu), node.NonZeroCpu + pod.NonZeroCpu);
        Add(node.Allocatable(ResourceNames.Memory), node.NonZeroMemory + pod.NonZeroMemory);
        return weight == 0 ? 0 : (int)(sum / weight);

        void Add(long allocatable, long requested)
        {
            if (allocatable > 0)
            {
                weight++;
                sum += requested > allocatable ? 0 : (allocatable - requested) * Max / allocatable;
            }
        }
    }

    /// <summary>
    /// The more alike the shares of cpu and memory that are taken, the better. A pod that asks for neither does not mind.
    /// </summary>
    public static int Balanced(PodShape pod, NodeState node)
    {
        var cpu = pod.Request(ResourceNames.Cpu);
        var memory = pod.Request(ResourceNames.Memory);
        if (cpu == 0 && memory == 0)
        {
            return 0;
        }

        var allocatableCpu = node.Allocatable(ResourceNames.Cpu);
        var allocatableMemory = node.Allocatable(ResourceNames.Memory);
        if (allocatableCpu == 0 || allocatableMemory == 0)
        {
            return Max;
        }

        var first = Math.Min(1, (double)(node.Requested(ResourceNames.Cpu) + cpu) / allocatableCpu);
        var second = Math.Min(1, (double)(node.Requested(ResourceNames.Memory) + memory) / allocatableMemory);
        return (int)((1 - Math.Abs((first - second) / 2)) * Max);
    }
}
