using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cycle;
using Etcdish.Scheduler.Pods;

namespace Etcdish.Scheduler.Queueing;

/// <summary>Where a pod without a node is.</summary>
internal enum QueuePlace
{
    /// <summary>Nowhere: it is being placed or bound.</summary>
    InFlight,

    /// <summary>To be tried next.</summary>
    Active,

    /// <summary>To be tried when a pause is over.</summary>
    Backoff,

    /// <summary>Waits for something to change.</summary>
    Unschedulable,

    /// <summary>Its gates keep it.</summary>
    Gated,
}

/// <summary>A pod that is to be placed.</summary>
internal sealed class QueuedPod(Pod pod, PodShape shape, DateTimeOffset now)
{
    /// <summary>The pod as it was last seen.</summary>
    public Pod Pod { get; set; } = pod;

    /// <summary>What scheduling depends on.</summary>
    public PodShape Shape { get; set; } = shape;

    public ObjectKey Key { get; } = pod.Key;

    public string Uid { get; } = pod.Metadata.Uid;

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; set; }

    /// <summary>When it came, or was last tried in vain.</summary>
    public DateTimeOffset Since { get; set; } = now;

    /// <summary>When it may be tried again.</summary>
    public DateTimeOffset BackoffUntil { get; set; }

    /// <summary>Whether it pauses for a failure of the API and not for want of a node.</summary>
    public bool HasFailed { get; set; }

    /// <summary>Who kept it from every node it was kept from. None: whatever changes may help.</summary>
    public Plugin RejectedBy { get; set; }

    public QueuePlace Place { get; set; }

    /// <summary>Tells an entry in a heap from older ones of the same pod.</summary>
    public long Ticket { get; set; }

    /// <summary>Its place among those that wait.</summary>
    public LinkedListNode<QueuedPod>? Waiting { get; set; }

    /// <summary>What was last written of why it has no node.</summary>
    public string LastMessage { get; set; } = "";

    public override string ToString() => Key.ToString();
}
