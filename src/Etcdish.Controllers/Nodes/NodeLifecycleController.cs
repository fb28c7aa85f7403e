using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Nodes;

/// <summary>
/// Says of silent nodes that nothing is known of them, and taints nodes by how they are. Its keys are nodes, for taints that follow from
/// conditions, and pods (with a namespace) that came to a node which is not ready. All nodes are looked at every five seconds; between,
/// signs of life (leases) change a cache and nothing else.
/// </summary>
public sealed class NodeLifecycleController : Controller
{
    private const string Component = "node-controller";
    private const string LeaseNamespace = "kube-node-lease";
    private const int Parallel = 8;
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _sweepPeriod = TimeSpan.FromSeconds(5);

    private readonly Informer<Node> _nodes;
    private readonly Informer<Lease> _leases;
    private readonly Informer<Pod> _pods;
    private readonly Index<Pod> _podsByNode;
    private readonly Dictionary<string, Known> _known = [];
    private readonly Dictionary<string, Zone> _zones = [];

    /// <summary>Nodes some of whose pods still say that they are ready, though nobody knows.</summary>
    private readonly ConcurrentDictionary<string, bool> _unmarked = new();
    private int _looks;

    /// <summary>Makes one.</summary>
    public NodeLifecycleController(ControllerContext context)
        : base("node-lifecycle-controller", context)
    {
        _nodes = context.Informers.Of(Resources.Nodes);
        _leases = context.Informers.Of(Resources.Leases);
        _pods = context.Informers.Of(Resources.Pods);
        _podsByNode = _pods.AddIndex(pod => pod.Spec.NodeName.Length == 0 ? [] : [pod.Spec.NodeName]);
        _nodes.Subscribe((_, now) =>
        {
            if (now is not null)
            {
                Queue.Add(now.Key);
            }
        });
        _pods.Subscribe((before, now) =>
        {
            if (now is { Spec.NodeName: { Length: > 0 } name, IsReady: true } && before?.Spec.NodeName != name
                && _nodes.Find("", name)?.Status.Find("Ready") is { IsTrue: false })
            {
                Queue.Add(now.Key);
            }
        });
    }

    /// <summary>How often it has looked at what is due.</summary>
    internal int Looks => Volatile.Read(ref _looks);

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (key.Namespace.Length > 0)
        {
            if (_pods.Find(key) is { } pod && _nodes.Find("", pod.Spec.NodeName)?.Status.Find("Ready") is { IsTrue: false })
            {
                await MarkAsync(pod, cancellation);
            }

            return;
        }

        if (_nodes.Find(key) is { } node && NodeTaints.OfConditions(node, Context.Clock.GetUtcNow()) is { } taints)
        {
            await NodeTaints.WriteAsync(Context.Client, node, taints, cancellation);
        }
    }

    /// <inheritdoc/>
    protected override async Task RunInBackgroundAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(_period, Context.Clock);
        try
        {
            for (var next = Context.Clock.GetUtcNow(); ;)
            {
                var now = Context.Clock.GetUtcNow();
                if (now >= next)
                {
                    next = now + _sweepPeriod;
                    await SweepAsync(now, cancellation);
                }

                await TaintAsync(cancellation);
                _looks++;
                await timer.WaitForNextTickAsync(cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end.
        }
    }

    /// <summary>Looks at all nodes.</summary>
    private async Task SweepAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var nodes = _nodes.All;
        Meet(nodes);
        List<(Node Node, string Ready)> looks = new(nodes.Count);
        List<Func<CancellationToken, Task>> writes = [];
        foreach (var node in nodes)
        {
            var observed = node.Status.Find("Ready")?.Status ?? "Unknown";
            var isSilent = _known[node.Metadata.Name].Health.IsSilent(node, _leases.Find(LeaseNamespace, node.Metadata.Name), now);
            looks.Add((node, isSilent ? "Unknown" : observed));
            if (isSilent && NodeHealth.Silence(node, now) is { } silence)
            {
                writes.Add(token => TellSilenceAsync(node, silence, observed == "True", token));
            }
            else if (node.Status.Find("Ready") is not null && DueTaint(node, observed) is { } taints)
            {
                writes.Add(token => NodeTaints.WriteAsync(Context.Client, node, taints, token));
            }

            if (observed == "True")
            {
                _unmarked.TryRemove(node.Metadata.Name, out _);
            }
            else if (_unmarked.ContainsKey(node.Metadata.Name))
            {
                writes.Add(token => MarkPodsAsync(node.Metadata.Name, token));
            }
        }

        await WriteAllAsync(writes, cancellation);
        await SetZonesAsync(looks, now, cancellation);
    }

    /// <summary>Notes nodes that are new and forgets those that are gone.</summary>
    private void Meet(IReadOnlyList<Node> nodes)
    {
        foreach (var node in nodes)
        {
            if (_known.TryGetValue(node.Metadata.Name, out var known) && known.Node.Metadata.Uid == node.Metadata.Uid)
            {
                known.Node = node;
                continue;
            }

            _known[node.Metadata.Name] = new Known(node);
            Tell(node, "RegisteredNode", $"Node {node} event: Registered Node {node} in Controller");
        }

        if (_known.Count == nodes.Count)
        {
            return;
        }

        foreach (var (name, known) in _known.ToArray())
        {
            if (_nodes.Find("", name) is null)
            {
                _known.Remove(name);
                _unmarked.TryRemove(name, out _);
                Tell(known.Node, "RemovingNode", $"Node {name} event: Removing Node {name} from Controller");
            }
        }
    }

    /// <summary>
    /// The taints that a node must have at once: none that drive pods away if it is ready, and the right one of two. One that has none
    /// yet is put into the queue of its zone.
    /// </summary>
    private Taint[]? DueTaint(Node node, string ready)
    {
        var zone = ZoneOf(node);
        var now = Context.Clock.GetUtcNow();
        if (ready == "True")
        {
            zone.Remove(node.Metadata.Name);
            return NodeTaints.Driving(node, null, now);
        }

        var (wanted, other) = ready == "False"
            ? (NodeTaints.NotReady, NodeTaints.Unreachable)
            : (NodeTaints.Unreachable, NodeTaints.NotReady);
        if (NodeTaints.Drives(node, other))
        {
            return NodeTaints.Driving(node, wanted, now);
        }

        if (!NodeTaints.Drives(node, wanted))
        {
            zone.Add(node.Metadata.Name);
        }

        return null;
    }

    /// <summary>Taints nodes whose turn it is.</summary>
    private async Task TaintAsync(CancellationToken cancellation)
    {
        foreach (var zone in _zones.Values.Where(zone => zone.IsWaiting))
        {
            while (zone.TryTake(out var name))
            {
                if (_nodes.Find("", name) is { } node && !await TryTaintAsync(node, cancellation))
                {
                    zone.Return(name);
                    break;
                }
            }
        }
    }

    /// <summary>Taints a node if it is still not ready; false if it could not be written.</summary>
    private async Task<bool> TryTaintAsync(Node node, CancellationToken cancellation)
    {
        var wanted = node.Status.Find("Ready")?.Status switch
        {
            "False" => NodeTaints.NotReady,
            "Unknown" => NodeTaints.Unreachable,
            _ => null,
        };
        if (wanted is null || NodeTaints.Driving(node, wanted, Context.Clock.GetUtcNow()) is not { } taints)
        {
            return true;
        }

        var isWritten = false;
        await WriteAllAsync([WriteAsync], cancellation);
        return isWritten;

        async Task WriteAsync(CancellationToken token)
        {
            await NodeTaints.WriteAsync(Context.Client, node, taints, token);
            isWritten = true;
        }
    }

    /// <summary>
    /// Finds out how zones are. When no node is ready anywhere, it is we who are cut off: then nothing is driven away, and when it is
    /// over all nodes get new time.
    /// </summary>
    private async Task SetZonesAsync(List<(Node Node, string Ready)> looks, DateTimeOffset now, CancellationToken cancellation)
    {
        var states = looks
            .Where(look => !look.Node.Metadata.Labels.ContainsKey("node.kubernetes.io/exclude-disruption"))
            .GroupBy(look => Zone.KeyOf(look.Node))
            .Select(zone => (Zone: ZoneOf(zone.First().Node), Nodes: zone.Count(), Ready: zone.Count(look => look.Ready == "True")))
            .Select(zone => (zone.Zone, zone.Nodes, State: Zone.StateOf(zone.Ready, zone.Nodes - zone.Ready)))
            .ToArray();
        if (states.Length == 0)
        {
            return;
        }

        var allAre = Array.TrueForAll(states, zone => zone.State == ZoneState.FullDisruption);
        var allWere = Array.TrueForAll(states, zone => zone.Zone.State == ZoneState.FullDisruption);
        if (allAre && !allWere)
        {
            var writes = looks.Select(look => (look.Node, Taints: NodeTaints.Driving(look.Node, null, now)))
                .Where(write => write.Taints is not null)
                .Select(write => (Func<CancellationToken, Task>)(token =>
                    NodeTaints.WriteAsync(Context.Client, write.Node, write.Taints!, token)));
            await WriteAllAsync([.. writes], cancellation);
        }
        else if (allWere && !allAre)
        {
            foreach (var known in _known.Values)
            {
                known.Health.Excuse(now);
            }
        }

        foreach (var (zone, nodes, state) in states)
        {
            zone.Set(state, allAre ? 0 : Zone.RateOf(state, nodes));
        }
    }

    private async Task TellSilenceAsync(Node node, JsonArray conditions, bool wasReady, CancellationToken cancellation)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node.Metadata.ResourceVersion, ["uid"] = node.Metadata.Uid },
            ["status"] = new JsonObject { ["conditions"] = conditions },
        };
        await Context.Client.PatchAsync(Resources.Nodes, "", node.Metadata.Name, patch, PatchKind.Strategic, "status", cancellation);
        if (wasReady)
        {
            Tell(node, "NodeNotReady", $"Node {node} status is now: NodeNotReady");
            _unmarked[node.Metadata.Name] = true;
            await MarkPodsAsync(node.Metadata.Name, cancellation);
        }
    }

    /// <summary>Says of a node's pods that they are not ready.</summary>
    private async Task MarkPodsAsync(string node, CancellationToken cancellation)
    {
        foreach (var pod in _podsByNode[node])
        {
            await MarkAsync(pod, cancellation);
        }

        _unmarked.TryRemove(node, out _);
    }

    private async Task MarkAsync(Pod pod, CancellationToken cancellation)
    {
        if (!pod.IsReady)
        {
            return;
        }

        var condition = new JsonObject
        {
            ["type"] = "Ready",
            ["status"] = "False",
            ["lastTransitionTime"] = TimeText.Format(Context.Clock.GetUtcNow()),
        };
        try
        {
            await PodWrites.WriteStatusAsync(Context.Client, pod, condition, null, cancellation);
            Context.Events.Warning(Resources.Pods, pod, "NodeNotReady", "Node is not ready", Component);
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            // It is gone.
        }
    }

    /// <summary>Writes, several at once. What fails is found again by the next sweep.</summary>
    private async Task WriteAllAsync(IReadOnlyCollection<Func<CancellationToken, Task>> writes, CancellationToken cancellation)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellation };
        await System.Threading.Tasks.Parallel.ForEachAsync(writes, options, async (write, token) =>
        {
            try
            {
                await write(token);
            }
            catch (ApiStatusException e) when (e.IsConflict || e.IsNotFound)
            {
                // Somebody was faster.
            }
            catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException)
            {
                Context.Warn($"{Name}: {e.Message}");
            }
        });
    }

    private Zone ZoneOf(Node node)
    {
        var key = Zone.KeyOf(node);
        if (!_zones.TryGetValue(key, out var zone))
        {
            _zones[key] = zone = new Zone(Context.Clock);
        }

        return zone;
    }

    private void Tell(Node node, string reason, string message) => Context.Events.Normal(Resources.Nodes, node, reason, message, Component);

    private sealed class Known(Node node)
    {
        public Node Node { get; set; } = node;

        public NodeHealth Health { get; } = new();
    }
}
