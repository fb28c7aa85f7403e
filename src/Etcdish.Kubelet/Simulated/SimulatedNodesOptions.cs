namespace Etcdish.Kubelet.Simulated;

/// <summary>How many simulated nodes there are, what they have, and how long what they do takes.</summary>
public sealed record SimulatedNodesOptions
{
    /// <summary>How many nodes; 1 to 30000.</summary>
    public int Count { get; init; } = 1;

    /// <summary>What their names begin with; a number follows.</summary>
    public string NamePrefix { get; init; } = "node-";

    /// <summary>In how many zones they are, in turn; 0: in none.</summary>
    public int Zones { get; init; }

    /// <summary>Processors of each, as a quantity.</summary>
    public string Cpu { get; init; } = "32";

    /// <summary>Memory of each, as a quantity.</summary>
    public string Memory { get; init; } = "256Gi";

    /// <summary>Most pods of each; 1 to 250.</summary>
    public int Pods { get; init; } = 110;

    /// <summary>From when a node sees a pod until the pod is ready.</summary>
    public TimeSpan PodStartLatency { get; init; }

    /// <summary>From when a node sees that a pod is deleted until it is gone.</summary>
    public TimeSpan PodStopLatency { get; init; }

    /// <summary>How long pods run that are to end (restartPolicy Never or OnFailure) and do not say it themselves.</summary>
    public TimeSpan RunTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a node renews its lease, which lasts four times as long.</summary>
    public TimeSpan LeaseRenewal { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a node writes its status although nothing has changed.</summary>
    public TimeSpan StatusPeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many writes are under way at once.</summary>
    public int Parallelism { get; init; } = 128;

    /// <exception cref="ArgumentException">A value is wrong.</exception>
    internal void Validate()
    {
        const int MostNodes = 30000, MostPods = 250;
        if (Count is < 1 or > MostNodes)
        {
            throw new ArgumentException($"there can be 1 to {MostNodes} simulated nodes, not {Count}");
        }

        if (Pods is < 1 or > MostPods)
        {
            throw new ArgumentException($"a simulated node has 1 to {MostPods} pods, not {Pods}");
        }

        Check("cpu", Cpu);
        Check("memory", Memory);
        if (PodStartLatency < TimeSpan.Zero || PodStopLatency < TimeSpan.Zero || RunTime < TimeSpan.Zero || LeaseRenewal <= TimeSpan.Zero
            || Zones < 0 || Parallelism < 1)
        {
            throw new ArgumentException("latencies and numbers of simulated nodes are not negative");
        }
    }

    private static void Check(string name, string text)
    {
        if (!Kubernetes.Quantity.TryParse(text, out _))
        {
            throw new ArgumentException($"{name} \"{text}\" of simulated nodes is no quantity");
        }
    }
}
