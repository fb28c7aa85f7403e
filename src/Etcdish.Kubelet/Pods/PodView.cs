using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Pods;

/// <summary>Where a pod is on its way. Its table is in the README of this room.</summary>
internal enum PodStage
{
    /// <summary>It has no sandbox that is ready: volumes and sandbox are being made.</summary>
    Preparing,

    /// <summary>Its init containers are on their way.</summary>
    Initializing,

    /// <summary>Its containers run, or are started again and again.</summary>
    Running,

    /// <summary>It ends, and something of it may still run.</summary>
    Stopping,

    /// <summary>Nothing of it runs. Network, volumes and control groups are being given back.</summary>
    Releasing,

    /// <summary>All is given back; what is left are dead containers, for their logs, and the object.</summary>
    Ended,

    /// <summary>It is to vanish: dead containers and sandboxes are removed, then the object.</summary>
    Removing,

    /// <summary>Nothing is left to be done.</summary>
    Gone,
}

/// <summary>Why a pod ends.</summary>
internal enum EndingCause
{
    /// <summary>Its containers have ended, as its restart policy wants.</summary>
    Completed,

    /// <summary>Its object was deleted, or is gone.</summary>
    Deleted,

    /// <summary>Its node ends it: eviction, deadline, or it was never let in. It fails, with a reason.</summary>
    Failed,
}

/// <summary>The end of a pod.</summary>
/// <param name="Cause">Why.</param>
/// <param name="Until">When its containers are killed that have not ended by themselves.</param>
/// <param name="Reason">Of <see cref="EndingCause.Failed"/>: the reason of its status.</param>
/// <param name="Message">Of <see cref="EndingCause.Failed"/>: the message of its status.</param>
internal sealed record PodEnding(EndingCause Cause, DateTimeOffset Until, string Reason = "", string Message = "")
{
    /// <summary>Whether somebody else than its owner wanted it: shown by the condition DisruptionTarget.</summary>
    public bool IsDisruption { get; init; }
}

/// <summary>Why a container is not there yet.</summary>
internal readonly record struct ContainerWait(string Reason, string Message);

/// <summary>
/// All that is decided by, of one pod at one moment: what is wanted, what its runtime has, what is being done, and what is remembered. Never
/// changed.
/// </summary>
internal sealed record PodView
{
    public required PodManifest Pod { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>Its sandboxes, the newest first.</summary>
    public IReadOnlyList<SandboxState> Sandboxes { get; init; } = [];

    /// <summary>Its containers in full, the newest first.</summary>
    public IReadOnlyList<ContainerState> Containers { get; init; } = [];

    /// <summary>What was last made known of it, by this kubelet or one before; null: nothing.</summary>
    public JsonObject? LastStatus { get; init; }

    /// <summary>Its end, as far as somebody wants it; null: it is to run.</summary>
    public PodEnding? Ending { get; init; }

    /// <summary>Whether it is to vanish from the node: its object was deleted or is gone.</summary>
    public bool IsToVanish { get; init; }

    /// <summary>Whether its object is gone already, so that nothing can be told of it any more.</summary>
    public bool IsVanished { get; init; }

    /// <summary>Whether its volumes and control group are made.</summary>
    public bool IsPrepared { get; init; }

    /// <summary>Whether its volumes and control group are taken away.</summary>
    public bool IsReleased { get; init; }

    /// <summary>Whether the API knows how it ended.</summary>
    public bool IsFinalKnown { get; init; }

    /// <summary>Whether the API was told to delete it.</summary>
    public bool IsDeleted { get; init; }

    /// <summary>What is being done, by key.</summary>
    public IReadOnlyDictionary<string, PodAction> Running { get; init; } = new Dictionary<string, PodAction>();

    /// <summary>Sandboxes that were stopped, with their network taken away.</summary>
    public IReadOnlySet<string> StoppedSandboxes { get; init; } = new HashSet<string>();

    /// <summary>What failed and when it is tried again, by the key of the action.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Retries { get; init; } = new Dictionary<string, DateTimeOffset>();

    /// <summary>Why containers are not there, by name.</summary>
    public IReadOnlyDictionary<string, ContainerWait> Waits { get; init; } = new Dictionary<string, ContainerWait>();

    /// <summary>Containers that crash, by name.</summary>
    public IReadOnlyDictionary<string, CrashBackOff> BackOffs { get; init; } = new Dictionary<string, CrashBackOff>();

    /// <summary>Resources that containers were given, by name; what is missing has those of the pod.</summary>
    public IReadOnlyDictionary<string, AllocatedResources> Allocated { get; init; } = new Dictionary<string, AllocatedResources>();

    /// <summary>What probes say of a container, by its id.</summary>
    public Func<string, ProbeResults> Probe { get; init; } = _ => new ProbeResults(true, true, null);

    /// <summary>The sandbox in which containers are started; null: none is ready.</summary>
    public SandboxState? Sandbox
    {
        get
        {
            foreach (var sandbox in Sandboxes)
            {
                if (sandbox.IsReady)
                {
                    return sandbox;
                }
            }

            return null;
        }
    }
}
