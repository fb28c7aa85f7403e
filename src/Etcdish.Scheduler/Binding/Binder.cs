using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Cluster;
using Etcdish.Scheduler.Queueing;
using Etcdish.Scheduler.Volumes;

namespace Etcdish.Scheduler.Binding;

/// <summary>A pod with the node that was chosen for it.</summary>
/// <param name="Queued">The pod as it was queued.</param>
/// <param name="State">The pod as it is assumed to be.</param>
/// <param name="Node">The node.</param>
/// <param name="Volumes">What is to be written first for its volumes, if anything.</param>
internal sealed record Decision(QueuedPod Queued, PodState State, string Node, VolumeChoices? Volumes);

/// <summary>What became of a decision.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="Problem">Why it could not be written; null: it was.</param>
internal sealed record BindOutcome(Decision Decision, Exception? Problem);

/// <summary>
/// Writes decisions, several at once, while the loop goes on to decide. What comes of it is told to the loop.
/// </summary>
/// <param name="context">The API.</param>
/// <param name="claims">Waits for volumes.</param>
/// <param name="options">How many at once.</param>
/// <param name="done">Is told what came of each.</param>
internal sealed class Binder(ControllerContext context, ClaimWaits claims, SchedulerOptions options, Action<BindOutcome> done)
{
    private const string SelectedNode = "volume.kubernetes.io/selected-node";
    private const string BoundByController = "pv.kubernetes.io/bound-by-controller";
    private readonly Channel<Decision> _decisions = Channel.CreateUnbounded<Decision>(new UnboundedChannelOptions { SingleWriter = true });

    /// <summary>Writes a decision, soon.</summary>
    public void Bind(Decision decision) => _decisions.Writer.TryWrite(decision);

    /// <summary>Works until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) =>
        Task.WhenAll(Enumerable.Range(0, options.ConcurrentBindings)
            .Select(_ => Task.Run(() => WorkAsync(cancellation), CancellationToken.None)));

    private async Task WorkAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var decision in _decisions.Reader.ReadAllAsync(cancellation))
            {
                await WriteAsync(decision, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end: what was not written is decided again by whoever comes next.
        }
    }

    private async Task WriteAsync(Decision decision, CancellationToken cancellation)
    {
        try
        {
            if (decision.Volumes is { } volumes)
            {
                await BindVolumesAsync(volumes, cancellation);
            }

            var key = decision.State.Key;
            await context.Client.PostAsync(Resources.Pods.Path(key.Namespace, key.Name, "binding"), ToJson(decision), cancellation);
            context.Events.Normal(
                Resources.Pods, decision.State.Pod, "Scheduled", $"Successfully assigned {key} to {decision.Node}", options.SchedulerName);
            done(new BindOutcome(decision, null));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e) when (e
            is ApiStatusException or HttpRequestException or IOException or JsonException or TimeoutException or OperationCanceledException)
        {
            done(new BindOutcome(decision, e));
        }
    }

    private async Task BindVolumesAsync(VolumeChoices volumes, CancellationToken cancellation)
    {
        var bound = claims.WaitAsync(volumes.Claims, options.VolumeBindTimeout, cancellation);
        foreach (var (claim, volume) in volumes.Matched)
        {
            await context.Client.PatchAsync((ApiResource)Kinds.SchedulerKinds.Volumes, "", volume.Metadata.Name, new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["resourceVersion"] = volume.Metadata.ResourceVersion,
                    ["annotations"] = new JsonObject { [BoundByController] = "yes" },
                },
                ["spec"] = new JsonObject
                {
                    ["claimRef"] = new JsonObject
                    {
                        ["apiVersion"] = "v1",
                        ["kind"] = "PersistentVolumeClaim",
                        ["namespace"] = claim.Metadata.Namespace,
                        ["name"] = claim.Metadata.Name,
                        ["uid"] = claim.Metadata.Uid,
                        ["resourceVersion"] = claim.Metadata.ResourceVersion,
                    },
                },
            }, PatchKind.Merge, "", cancellation);
        }

        foreach (var claim in volumes.Provisioned)
        {
            var patch = new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["uid"] = claim.Metadata.Uid,
                    ["annotations"] = new JsonObject { [SelectedNode] = volumes.Node },
                },
            };
            await context.Client.PatchAsync(
                (ApiResource)Kinds.SchedulerKinds.Claims,
                claim.Metadata.Namespace,
                claim.Metadata.Name,
                patch,
                PatchKind.Merge,
                "",
                cancellation);
        }

        await bound;
    }

    private static byte[] ToJson(Decision decision)
    {
        // A name is at most 253 bytes, a namespace's 63, a uid 36.
        const int Enough = 768;
        var output = new ArrayBufferWriter<byte>(Enough);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("apiVersion", "v1");
            json.WriteString("kind", "Binding");
            json.WriteStartObject("metadata");
            json.WriteString("namespace", decision.State.Key.Namespace);
            json.WriteString("name", decision.State.Key.Name);
            json.WriteString("uid", decision.State.Uid);
            json.WriteEndObject();
            json.WriteStartObject("target");
            json.WriteString("kind", "Node");
            json.WriteString("name", decision.Node);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }
}
