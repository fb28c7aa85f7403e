using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler.Binding;

/// <summary>Tells users what became of pods that found no node, and evicts those that give way to them; in the background.</summary>
/// <param name="context">The API.</param>
/// <param name="options">The scheduler's name.</param>
internal sealed class StatusWriter(ControllerContext context, SchedulerOptions options)
{
    private const int Workers = 8;
    private const int Attempts = 5;

    /// <summary>Writes of a pod are in one of these, so that they are written in order.</summary>
    private readonly Channel<Func<CancellationToken, Task>>[] _writes =
        [.. Enumerable.Range(0, Workers).Select(_ => Channel.CreateUnbounded<Func<CancellationToken, Task>>())];

    /// <summary>Works until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) =>
        Task.WhenAll(_writes.Select(writes => Task.Run(() => WorkAsync(writes.Reader, cancellation), CancellationToken.None)));

    /// <summary>Writes why a pod has no node, as condition and event.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="reason">Unschedulable, SchedulingGated or SchedulerError.</param>
    /// <param name="message">Why, in a sentence.</param>
    /// <param name="nominatedNode">The node where room is being made, or empty; null: as it was.</param>
    /// <param name="hasEvent">Whether an event tells of it too.</param>
    public void Reject(Pod pod, string reason, string message, string? nominatedNode, bool hasEvent)
    {
        if (hasEvent)
        {
            context.Events.Warning(Resources.Pods, pod, "FailedScheduling", message, options.SchedulerName);
        }

        var known = pod.Status.Find("PodScheduled");
        var isSame = known is { Status: "False" } && known.Reason == reason && known.Message == message;
        if (isSame && (nominatedNode ?? pod.Status.NominatedNodeName) == pod.Status.NominatedNodeName)
        {
            return;
        }

        var status = new JsonObject { ["conditions"] = new JsonArray(Condition(pod, known, "PodScheduled", "False", reason, message)) };
        if (nominatedNode is not null)
        {
            status["nominatedNodeName"] = nominatedNode.Length == 0 ? null : nominatedNode;
        }

        Write(pod, cancellation => PatchUnboundAsync(pod, status, cancellation));
    }

    /// <summary>Takes back the nomination of a node for a pod.</summary>
    public void ClearNomination(Pod pod)
    {
        if (pod.Status.NominatedNodeName.Length > 0)
        {
            Write(pod, cancellation => PatchUnboundAsync(pod, new JsonObject { ["nominatedNodeName"] = null }, cancellation));
        }
    }

    /// <summary>Evicts a pod that gives way to another.</summary>
    /// <param name="victim">Who goes.</param>
    /// <param name="preemptor">For whom.</param>
    /// <param name="node">Where.</param>
    public void Evict(Pod victim, Pod preemptor, string node) =>
        Write(victim, cancellation => EvictAsync(victim, preemptor, node, cancellation));

    private void Write(Pod pod, Func<CancellationToken, Task> write) =>
        _writes[(int)((uint)pod.Key.GetHashCode() % Workers)].Writer.TryWrite(write);

    private async Task WorkAsync(ChannelReader<Func<CancellationToken, Task>> writes, CancellationToken cancellation)
    {
        try
        {
            await foreach (var write in writes.ReadAllAsync(cancellation))
            {
                await TryAsync(write, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end: whoever comes next finds the pods as they are.
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> write, CancellationToken cancellation)
    {
        try
        {
            await write(cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // The pod is gone, or is another one by now: nobody needs to be told.
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or JsonException)
        {
            context.Warn($"scheduler: {e.Message}");
        }
    }

    private async Task EvictAsync(Pod victim, Pod preemptor, string node, CancellationToken cancellation)
    {
        var message = $"{preemptor.Spec.SchedulerName}: preempting to accommodate a higher priority pod";
        var known = victim.Status.Find("DisruptionTarget");
        await PatchAsync(victim, new JsonObject
        {
            ["conditions"] = new JsonArray(Condition(victim, known, "DisruptionTarget", "True", "PreemptionByScheduler", message)),
        }, cancellation);
        var options = new DeleteOptions { Uid = victim.Metadata.Uid };
        if (await context.Client.DeleteAsync(Resources.Pods, victim.Metadata.Namespace, victim.Metadata.Name, options, cancellation))
        {
            context.Events.Normal(
                Resources.Pods,
                victim,
                "Preempted",
                $"Preempted by pod {preemptor.Metadata.Uid} on node {node}",
                preemptor.Spec.SchedulerName);
        }
    }

    /// <summary>Writes status of a pod, unless it has got a node meanwhile: then it would be told wrong things of it.</summary>
    private async Task PatchUnboundAsync(Pod pod, JsonObject status, CancellationToken cancellation)
    {
        var read = pod;
        for (var attempt = 1; read is { Spec.NodeName.Length: 0 } && read.Metadata.Uid == pod.Metadata.Uid; attempt++)
        {
            var patch = new JsonObject
            {
                ["metadata"] = new JsonObject { ["uid"] = read.Metadata.Uid, ["resourceVersion"] = read.Metadata.ResourceVersion },
                ["status"] = status.DeepClone(),
            };
            try
            {
                await context.Client.PatchAsync(
                    (ApiResource)Resources.Pods,
                    pod.Metadata.Namespace,
                    pod.Metadata.Name,
                    patch,
                    PatchKind.Strategic,
                    "status",
                    cancellation);
                return;
            }
            catch (ApiStatusException e) when (e.IsConflict && attempt < Attempts)
            {
                read = await context.Client.FindAsync(Resources.Pods, pod.Metadata.Namespace, pod.Metadata.Name, cancellation);
            }
        }
    }

    private Task<byte[]> PatchAsync(Pod pod, JsonObject status, CancellationToken cancellation)
    {
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid }, ["status"] = status };
        return context.Client.PatchAsync(
            (ApiResource)Resources.Pods, pod.Metadata.Namespace, pod.Metadata.Name, patch, PatchKind.Strategic, "status", cancellation);
    }

    private JsonObject Condition(Pod pod, Condition? known, string type, string status, string reason, string message)
    {
        var condition = new JsonObject
        {
            ["type"] = type,
            ["status"] = status,
            ["reason"] = reason,
            ["message"] = message,
            ["observedGeneration"] = pod.Metadata.Generation,
            ["lastProbeTime"] = null,
        };
        if (known?.Status != status)
        {
            condition["lastTransitionTime"] = TimeText.Format(context.Clock.GetUtcNow());
        }

        return condition;
    }
}
