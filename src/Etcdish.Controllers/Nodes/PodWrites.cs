using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Nodes;

/// <summary>What is written of pods by those who look after nodes. A condition is merged into the others by its type.</summary>
internal static class PodWrites
{
    /// <summary>A condition that says why a pod goes.</summary>
    public static JsonObject Disruption(Pod pod, string reason, string message, DateTimeOffset now) => new()
    {
        ["type"] = "DisruptionTarget",
        ["status"] = "True",
        ["reason"] = reason,
        ["message"] = message,
        ["lastTransitionTime"] = TimeText.Format(
            pod.Status.Find("DisruptionTarget") is { IsTrue: true, LastTransitionTime: { } then } ? then : now),
    };

    /// <summary>Writes a condition and a phase into a pod's status; what is null is left alone.</summary>
    public static async Task WriteStatusAsync(
        KubernetesClient client, Pod pod, JsonObject? condition, string? phase, CancellationToken cancellation)
    {
        var status = new JsonObject();
        if (condition is not null)
        {
            status["conditions"] = new JsonArray(condition);
        }

        if (phase is not null)
        {
            status["phase"] = phase;
        }

        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid }, ["status"] = status };
        await client.PatchAsync(
            Resources.Pods, pod.Metadata.Namespace, pod.Metadata.Name, patch, PatchKind.Strategic, "status", cancellation);
    }

    /// <summary>Deletes a pod, if it still is this one.</summary>
    /// <param name="client">The API.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="isForced">Whether its node has no say.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static Task<bool> DeleteAsync(KubernetesClient client, Pod pod, bool isForced, CancellationToken cancellation) =>
        client.DeleteAsync(
            Resources.Pods,
            pod.Metadata.Namespace,
            pod.Metadata.Name,
            new DeleteOptions { Uid = pod.Metadata.Uid, GracePeriodSeconds = isForced ? 0 : null },
            cancellation);
}
