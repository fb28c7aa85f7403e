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
        List<Func<CancellationToken, Task>> writes = [];
        foreach (var node in nodes)
        {
            Judge(_known[node.Metadata.Name], now, writes);
        }

        await WriteAllAsync(writes, cancellation);
        await SetZonesAsync(now, cancellation);
    }

    /// <summary>Looks at a node; what is to be written is added. Nearly always nothing is, so nothing may be made for it either.</summary>
    private void Judge(Known known, DateTimeOffset now, List<Func<CancellationToken, Task>> writes)
    {
        var node = known.Node;
        var name = node.Metadata.Name;
        var ready = node.Status.Find("Ready");
        var observed = ready?.Status ?? "Unknown";
        var isSilent = known.Health.IsSilent(node, _leases.Find(LeaseNamespace, name), now);
        known.IsReady = !isSilent && observed == "True";
        if (isSilent && NodeHealth.Silence(node, now) is { } silence)
        {
            writes.Add(SilenceOf(node, silence, observed == "True"));
        }
        else if (ready is not null && DueTaint(known, observed, now) is { } taints)
        {
            writes.Add(TaintsOf(node, taints));
        }

        if (observed == "True")
        {
            _unmarked.TryRemove(name, out _);
        }
        else if (_unmarked.ContainsKey(name))
        {
            writes.Add(MarksOf(name));
        }
    }

    private Func<CancellationToken, Task> SilenceOf(Node node, JsonArray conditions, bool wasReady) =>
        token => TellSilenceAsync(node, conditions, wasReady, token);

    private Func<CancellationToken, Task> TaintsOf(Node node, Taint[] taints) =>
        token => NodeTaints.WriteAsync(Context.Client, node, taints, token);

    private Func<CancellationToken, Task> MarksOf(string node) => token => MarkPodsAsync(node, token);

    /// <summary>Notes nodes that are new and forgets those that are gone.</summary>
    private void Meet(IReadOnlyList<Node> nodes)
    {
        foreach (var node in nodes)
        {
            if (_known.TryGetValue(node.Metadata.Name, out var known) && known.Node.Metadata.Uid == node.Metadata.Uid)
            {
                known.See(node, this);
                continue;
            }

            (_known[node.Metadata.Name] = new Known()).See(node, this);
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
    private static Taint[]? DueTaint(Known known, string ready, DateTimeOffset now)
    {
        var (node, zone) = (known.Node, known.Zone);
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
    private async Task SetZonesAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        foreach (var zone in _zones.Values)
        {
            zone.BeginCount();
        }

        foreach (var known in _known.Values)
        {
            known.Count();
        }

        var states = _zones.Values.Where(zone => zone.Nodes > 0)
            .Select(zone => (Zone: zone, State: Zone.StateOf(zone.ReadyNodes, zone.Nodes - zone.ReadyNodes)))
            .ToArray();
        if (states.Length == 0)
        {
            return;
        }

        var allAre = Array.TrueForAll(states, zone => zone.State == ZoneState.FullDisruption);
        var allWere = Array.TrueForAll(states, zone => zone.Zone.State == ZoneState.FullDisruption);
        if (allAre && !allWere)
        {
            var writes = _known.Values.Select(known => (known.Node, Taints: NodeTaints.Driving(known.Node, null, now)))
                .Where(write => write.Taints is not null)
                .Select(write => TaintsOf(write.Node, write.Taints!));
            await WriteAllAsync([.. writes], cancellation);
        }
        else if (allWere && !allAre)
        {
            foreach (var known in _known.Values)
            {
                known.Health.Excuse(now);
            }
        }

        foreach (var (zone, state) in states)
        {
            zone.Set(state, allAre ? 0 : Zone.RateOf(state, zone.Nodes));
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

    /// <summary>What is known of a node; what only follows from the object is found out once for each that comes.</summary>
    private sealed class Known
    {
        private bool _counts;

        public Node Node { get; private set; } = null!;

        public Zone Zone { get; private set; } = null!;

        public NodeHealth Health { get; } = new();

        public bool IsReady { get; set; }

        public void See(Node node, NodeLifecycleController controller)
        {
            if (!ReferenceEquals(node, Node))
            {
                Node = node;
                Zone = controller.ZoneOf(node);
                _counts = !node.Metadata.Labels.ContainsKey("node.kubernetes.io/exclude-disruption");
            }
        }

        public void Count()
        {
            if (_counts)
            {
                Zone.Count(IsReady);
            }
        }
    }
}
