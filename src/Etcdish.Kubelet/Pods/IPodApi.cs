using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Pods;

/// <summary>What a kubelet writes of pods to the API. Safe for use by many threads.</summary>
internal interface IPodApi
{
    /// <summary>Merges into a pod's status. False: there is no such pod any more, or another one of its name.</summary>
    Task<bool> PatchStatusAsync(PodManifest pod, JsonObject status, CancellationToken cancellation);

    /// <summary>Removes a pod for good, if it is still this one.</summary>
    Task DeleteAsync(PodManifest pod, CancellationToken cancellation);

    /// <summary>Creates the mirror of a static pod. Null: there is a pod of that name already.</summary>
    Task<PodManifest?> CreateMirrorAsync(string ns, JsonObject pod, CancellationToken cancellation);
}

/// <summary>Tells pods' owners what happens to them. Safe for use by many threads.</summary>
internal interface IPodEvents
{
    /// <summary>Tells of a pod, or of one container of it.</summary>
    void Tell(PodManifest pod, bool isWarning, string reason, string message, ContainerManifest? container = null);
}
