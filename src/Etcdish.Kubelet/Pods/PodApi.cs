using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Kubelet.Pods;

/// <summary>Writes through a client of the API.</summary>
internal sealed class PodApi(KubernetesClient client) : IPodApi
{
    /// <inheritdoc/>
    public async Task<bool> PatchStatusAsync(PodManifest pod, JsonObject status, CancellationToken cancellation)
    {
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Uid }, ["status"] = status };
        try
        {
            await client.PatchAsync(
                (ApiResource)KubeletKinds.Pods,
                pod.Metadata.Namespace,
                pod.Metadata.Name,
                patch,
                PatchKind.Strategic,
                "status",
                cancellation);
            return true;
        }
        catch (ApiStatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // No revision is named, so a conflict can only be about the uid.
            return false;
        }
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(PodManifest pod, CancellationToken cancellation)
    {
        try
        {
            var options = new DeleteOptions { GracePeriodSeconds = 0, Uid = pod.Uid };
            await client.DeleteAsync(KubeletKinds.Pods, pod.Metadata.Namespace, pod.Metadata.Name, options, cancellation);
        }
        catch (ApiStatusException e) when (e.IsConflict)
        {
            // Another pod has its name by now: this one is gone.
        }
    }

    /// <inheritdoc/>
    public async Task<PodManifest?> CreateMirrorAsync(string ns, JsonObject pod, CancellationToken cancellation)
    {
        try
        {
            return await client.CreateAsync(KubeletKinds.Pods, ns, pod, cancellation);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            return null;
        }
    }
}

/// <summary>Writes events of pods.</summary>
internal sealed class PodEvents(EventRecorder recorder) : IPodEvents
{
    /// <inheritdoc/>
    public void Tell(PodManifest pod, bool isWarning, string reason, string message, ContainerManifest? container = null)
    {
        var path = container is null ? "" : pod.FieldPath(container);
        if (isWarning)
        {
            recorder.Warning(KubeletKinds.Pods, pod, reason, message, fieldPath: path);
        }
        else
        {
            recorder.Normal(KubeletKinds.Pods, pod, reason, message, fieldPath: path);
        }
    }
}
