using Etcdish.Kubelet.Cgroups;
using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Images;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Pods;

/// <summary>What <see cref="PodWorkers"/> work with.</summary>
internal sealed record PodWorkersParts
{
    /// <summary>The pods that the API has for this node; followed by somebody else.</summary>
    public required ObjectCache<PodManifest> Pods { get; init; }

    /// <summary>Completes when all pods that the API had at the start are known. Until then nothing is taken for an orphan.</summary>
    public required Task Synced { get; init; }

    public required IContainerRuntime Runtime { get; init; }

    public required IContainerPlanner Planner { get; init; }

    public required IImagePuller Images { get; init; }

    public required IPodVolumes Volumes { get; init; }

    public required IProbes Probes { get; init; }

    public required IHooks Hooks { get; init; }

    public required IPodApi Api { get; init; }

    public required IPodEvents Events { get; init; }

    public required PodFolders Folders { get; init; }

    public required TimeProvider Clock { get; init; }

    public IPodCgroups Cgroups { get; init; } = new NoCgroups();

    /// <summary>The node's name.</summary>
    public required string NodeName { get; init; }

    /// <summary>The runtime's name, the head of containers' ids.</summary>
    public string RuntimeName { get; init; } = "containerd";

    /// <summary>The node's addresses, the first first.</summary>
    public required Func<IReadOnlyList<string>> Addresses { get; init; }

    /// <summary>The node as the API has it, for the admission of pods; null: not known now, and nothing is refused for it.</summary>
    public Func<Node?> Node { get; init; } = () => null;

    /// <summary>The uid of the node's object; empty: it has none yet.</summary>
    public required Func<string> NodeUid { get; init; }

    /// <summary>Whether the node lets a pod in, besides: null, or the reason and message of its failure.</summary>
    public Func<PodManifest, (string Reason, string Message)?> Admit { get; init; } = _ => null;

    /// <summary>Most pods that may run at once.</summary>
    public int MaxPods { get; init; } = 110;

    /// <summary>The folder of static pods; empty: none.</summary>
    public string ManifestFolder { get; init; } = "";

    /// <summary>Is told, a line each, what an operator should know of.</summary>
    public required Action<string> Warn { get; init; }
}
