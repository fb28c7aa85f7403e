using System.Text.Json;
using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Preempting;
using Etcdish.Scheduler.Queueing;

namespace Etcdish.Scheduler.Tests;

/// <summary>Objects from JSON in which single quotes stand for double ones.</summary>
internal static class Make
{
    public static Pod Pod(string name, string spec = "", string labels = "", string status = "", string more = "", string ns = "default") => Read(
        $$"""
        {'metadata':{'name':'{{name}}','namespace':'{{ns}}','uid':'{{ns}}-{{name}}','labels':{ {{labels}} }{{more}} },
        'spec':{'schedulerName':'default-scheduler'{{Rest(spec)}} },'status':{ {{status}} } }
        """,
        Resources.Pods.Form);

    public static string Requests(string amounts) => "'containers':[{'name':'c','image':'i','resources':{'requests':{" + amounts + "}}}]";

    public static Node Node(string name, string labels = "", string spec = "", string allocatable = "'cpu':'4','memory':'16Gi','pods':'110'", string status = "") => Read(
        $$"""
        {'metadata':{'name':'{{name}}','labels':{'kubernetes.io/hostname':'{{name}}'{{Rest(labels)}} } },
        'spec':{ {{spec}} },'status':{'allocatable':{ {{allocatable}} }{{Rest(status)}} } }
        """,
        Resources.Nodes.Form);

    public static T Read<T>(string json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> form) =>
        JsonSerializer.Deserialize(json.Replace('\'', '"'), form)!;

    private static string Rest(string text) => text.Length == 0 ? "" : "," + text;
}

/// <summary>A cluster without an API, in which pods are placed at once.</summary>
internal sealed class Ground
{
    private readonly SchedulerOptions _options;

    public Ground(SchedulerOptions? options = null)
    {
        _options = options ?? new SchedulerOptions { Seed = 1 };
        Cycle = new SchedulingCycle(Cluster, _options);
        Preemption = new Preemption(Cluster, Cycle, Budgets, new Random(1));
    }

    public ClusterState Cluster { get; } = new();

    public SchedulingCycle Cycle { get; }

    public DisruptionBudgets Budgets { get; } = new();

    public Preemption Preemption { get; }

    public Ground With(params Node[] nodes)
    {
        foreach (var node in nodes)
        {
            Cluster.SetNode(node.Metadata.Name, node);
        }

        return this;
    }

    /// <summary>Pods that are on a node.</summary>
    public Ground On(string node, params Pod[] pods)
    {
        foreach (var pod in pods)
        {
            pod.Spec.NodeName = node;
            Cluster.SetPod(pod);
        }

        return this;
    }

    public QueuedPod Queue(Pod pod) => new(pod, Cluster.Shapes.Take(pod), DateTimeOffset.UnixEpoch);

    public Placement Find(Pod pod) => Cycle.Find(Queue(pod));

    /// <summary>Where a pod would go, or why nowhere.</summary>
    public string Answer(Pod pod)
    {
        var placement = Find(pod);
        return placement.Node?.Name ?? placement.Diagnosis!.Message();
    }

    /// <summary>Places a pod; null: it found no node.</summary>
    public NodeState? Place(Pod pod)
    {
        var placement = Find(pod);
        if (placement.Node is { } node)
        {
            pod.Spec.NodeName = node.Name;
            Cluster.SetPod(pod);
        }

        return placement.Node;
    }

    /// <summary>The nodes that could take a pod.</summary>
    public string[] Fitting(Pod pod)
    {
        var queued = Queue(pod);
        var plan = Cycle.PlanOf(queued.Shape);
        var volumes = Volumes.VolumeFilter.Of(pod, queued.Shape, Cluster, out _);
        return [.. Cluster.Nodes.Order.Where(n => Cycle.Check(plan, queued, n, volumes) is null).Select(n => n.Name).Order(StringComparer.Ordinal)];
    }
}
