using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Simulated;

/// <summary>What a simulated pod does.</summary>
internal enum PodStage
{
    /// <summary>It is being started.</summary>
    Starting,

    /// <summary>It cannot be started, as its annotation wants it.</summary>
    Stuck,

    /// <summary>Its containers run.</summary>
    Running,

    /// <summary>Its containers failed and wait to be started again.</summary>
    BackingOff,

    /// <summary>It has succeeded or failed.</summary>
    Ended,

    /// <summary>It was deleted, and its node has nothing more to do with it.</summary>
    Gone,
}

/// <summary>
/// What a node knows of a pod beside what is written. All of it can be told from the pod's status, so that a node that starts again goes
/// on with what runs. Belongs to the worker that has the pod's key.
/// </summary>
internal sealed class PodRecord
{
    public required string Uid { get; init; }

    public required SimulatedNode Node { get; init; }

    /// <summary>When the node first saw the pod.</summary>
    public required DateTimeOffset StartTime { get; init; }

    public PodStage Stage { get; set; }

    /// <summary>Since when it does that.</summary>
    public DateTimeOffset Since { get; set; }

    /// <summary>When its deletion was seen.</summary>
    public DateTimeOffset? StoppingSince { get; set; }

    public string Address { get; set; } = "";

    public int Restarts { get; set; }

    /// <summary>Whether its readiness gates were open when its status was written last.</summary>
    public bool GatesWereOpen { get; set; } = true;

    /// <summary>Takes up a pod that this process has not seen before.</summary>
    public static PodRecord Adopt(Pod pod, SimulatedNode node, DateTimeOffset now)
    {
        var containers = pod.Status.ContainerStatuses;
        var record = new PodRecord { Uid = pod.Metadata.Uid, Node = node, StartTime = pod.Status.StartTime ?? now, Since = now };
        if (pod.IsFinished)
        {
            record.Stage = PodStage.Ended;
        }
        else if (pod.Status.Phase == "Running" && containers.Length > 0)
        {
            var running = containers[0].State.Running;
            record.Stage = running is null ? PodStage.BackingOff : PodStage.Running;
            record.Since = running?.StartedAt ?? now;
            record.Restarts = containers.Max(container => container.RestartCount);
            record.GatesWereOpen = pod.IsReady || PodPlan.GatesAreOpen(pod);
        }

        if (pod.Status.PodIp.Length > 0 && !pod.Spec.HostNetwork)
        {
            record.Address = pod.Status.PodIp;
            node.Keep(record.Address);
        }

        return record;
    }
}
