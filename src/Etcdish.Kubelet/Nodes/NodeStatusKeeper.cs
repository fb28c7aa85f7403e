using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Nodes;

/// <summary>
/// Registers the node, and keeps its object true: every 10 s it looks at what there is, and writes what has changed, or after 5 minutes
/// that nothing has. It writes its own fields only, by patches. A node that somebody deletes while its kubelet runs registers again.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="options">The kubelet's options.</param>
/// <param name="report">Looks at what there is.</param>
/// <param name="events">Tells of changes.</param>
/// <param name="clock">The clock.</param>
/// <param name="warn">Is told, a line each, what goes wrong.</param>
internal sealed class NodeStatusKeeper(
    KubernetesClient client,
    KubeletOptions options,
    Func<CancellationToken, Task<NodeReport>> report,
    EventRecorder events,
    TimeProvider clock,
    Action<string> warn) : IDisposable
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _periodUntilReady = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _longestSilence = TimeSpan.FromMinutes(5);
    private static readonly string[] _ownFields = ["capacity", "allocatable", "addresses", "daemonEndpoints", "nodeInfo", "images"];

    private readonly TaskCompletionSource _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _turn = new(1);
    private DateTimeOffset _writtenAt;
    private volatile JsonObject? _node;

    /// <summary>Completes when the node has registered.</summary>
    public Task Registered => _registered.Task;

    /// <summary>Completes when the API has it that the node is ready.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The uid of its object; empty: there is none yet.</summary>
    public string Uid => (string?)_node?["metadata"]?["uid"] ?? "";

    /// <summary>The node's object as it was last seen; null: not yet. Must not be changed.</summary>
    public JsonObject? Node => _node;

    /// <summary>The node, as the subject of events.</summary>
    public Node Subject { get; } = new() { Metadata = new() { Name = options.NodeName, Uid = options.NodeName } };

    /// <summary>Registers and writes until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await UpdateAsync(cancellation);
            await Task.Delay(_ready.Task.IsCompleted ? _period : _periodUntilReady, clock, cancellation);
        }
    }

    /// <summary>Looks and writes once, at once; false if that failed.</summary>
    public async Task<bool> UpdateAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var now = await report(cancellation);
            await WriteAsync(now, cancellation);
            if (now.Faults.Count == 0)
            {
                _ready.TrySetResult();
            }

            return true;
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or JsonException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            warn($"node {options.NodeName}: {e.Message}");
            return false;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async Task WriteAsync(NodeReport now, CancellationToken cancellation)
    {
        _node = await FindAsync(cancellation);
        if (_node is null)
        {
            await RegisterAsync(now, cancellation);
            return;
        }

        if (!_registered.Task.IsCompleted)
        {
            await LabelAsync(now, cancellation);
            _registered.TrySetResult();
            _writtenAt = default;
        }

        var known = _node["status"] as JsonObject;
        List<(string Type, bool IsTrue)> changes = [];
        var status = now.Status(known);
        status["conditions"] = NodeConditions.Make(
            now, known?["conditions"] as JsonArray, clock.GetUtcNow(), (type, isTrue) => changes.Add((type, isTrue)));
        if (clock.GetUtcNow() - _writtenAt < _longestSilence && !Differs(status, known))
        {
            return;
        }

        NoteReboot(now, known);
        ReplaceAddresses(status);
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = Uid }, ["status"] = status };
        Take(await client.PatchAsync(
            (ApiResource)Resources.Nodes, "", options.NodeName, patch, PatchKind.Strategic, "status", cancellation));
        changes.ForEach(change => Tell(NodeConditions.EventOf(change.Type, change.IsTrue)));
    }

    private async Task<JsonObject?> FindAsync(CancellationToken cancellation)
    {
        try
        {
            var path = Resources.Nodes.Path("", options.NodeName);
            return JsonTree.ParseObject(await client.SendAsync(HttpMethod.Get, path, null, null, cancellation));
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    private async Task RegisterAsync(NodeReport now, CancellationToken cancellation)
    {
        if (_registered.Task.IsCompleted)
        {
            warn($"somebody deleted node {options.NodeName}; it registers again");
        }

        var labels = now.Labels();
        foreach (var (key, value) in options.NodeLabels)
        {
            labels[key] = value;
        }

        var status = now.Status(null);
        status["conditions"] = NodeConditions.Make(now, null, clock.GetUtcNow());
        var node = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject
            {
                ["name"] = options.NodeName,
                ["labels"] = labels,
                ["annotations"] = new JsonObject { ["volumes.kubernetes.io/controller-managed-attach-detach"] = "true" },
            },
            ["status"] = status,
        };
        Take(await client.SendAsync(HttpMethod.Post, Resources.Nodes.Path(""), node, null, cancellation));
        _registered.TrySetResult();
    }

    /// <summary>A node that was here before gets the labels that it would get today; those that users gave it stay.</summary>
    private async Task LabelAsync(NodeReport now, CancellationToken cancellation)
    {
        var labels = now.Labels();
        foreach (var (key, value) in options.NodeLabels)
        {
            labels[key] = value;
        }

        var known = _node!["metadata"]?["labels"] as JsonObject;
        if (labels.Any(label => (string?)known?[label.Key] != (string?)label.Value))
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = labels } };
            Take(await client.PatchAsync((ApiResource)Resources.Nodes, "", options.NodeName, patch, PatchKind.Merge, "", cancellation));
        }
    }

    private void Take(byte[] answer)
    {
        _node = JsonTree.ParseObject(answer);
        _writtenAt = clock.GetUtcNow();
    }

    private static bool Differs(JsonObject status, JsonObject? known) => known is null
        || _ownFields.Any(field => !Covers(status[field], known[field]))
        || !status["conditions"]!.AsArray().All(own => HasCondition(known["conditions"] as JsonArray, own!.AsObject()));

    /// <summary>Whether what the API has says all that is to be said; of objects it may say more.</summary>
    private static bool Covers(JsonNode? own, JsonNode? known) => own is JsonObject fields
        ? fields.All(field => Covers(field.Value, known?[field.Key]))
        : own is JsonArray { Count: 0 } ? known is null or JsonArray { Count: 0 } : JsonNode.DeepEquals(own, known) || IsEmptyText(own, known);

    private static bool IsEmptyText(JsonNode? own, JsonNode? known) => known is null && own is JsonValue value
        && value.GetValueKind() == JsonValueKind.String && value.GetValue<string>().Length == 0;

    private static bool HasCondition(JsonArray? known, JsonObject own) => known?.OfType<JsonObject>().Any(
        condition => Array.TrueForAll(
            ["type", "status", "reason", "message"], field => (string?)condition[field] == (string?)own[field])) == true;

    /// <summary>The list is merged by type; what is no longer an address must go.</summary>
    private static void ReplaceAddresses(JsonObject status) =>
        status["addresses"]!.AsArray().Add(new JsonObject { ["$patch"] = "replace" });

    private void NoteReboot(NodeReport now, JsonObject? known)
    {
        if ((string?)known?["nodeInfo"]?["bootID"] is { Length: > 0 } before && before != now.Machine.BootId)
        {
            events.Warning(
                Resources.Nodes, Subject, "Rebooted", $"Node {options.NodeName} has been rebooted, boot id: {now.Machine.BootId}");
        }
    }

    private void Tell(string reason) =>
        events.Normal(Resources.Nodes, Subject, reason, $"Node {options.NodeName} status is now: {reason}");
}
