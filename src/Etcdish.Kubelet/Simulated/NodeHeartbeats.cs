using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Simulated;

/// <summary>
/// Registers simulated nodes and keeps saying that they are there. One loop does it for all of them, a few at a time, so that thousands of
/// nodes neither write all at once nor need a timer each. A node that is there already, and well, as it should be, has nothing to write
/// before its turn comes: a cluster that starts again has other things to do.
/// </summary>
internal sealed class NodeHeartbeats(ControllerContext context, SimulatedNodesOptions options, IReadOnlyList<SimulatedNode> nodes)
{
    private const string LeaseNamespace = "kube-node-lease";

    // A round is cut into so many steps that one step's nodes are few.
    private static readonly TimeSpan _leastStep = TimeSpan.FromMilliseconds(100);

    private readonly KubernetesClient _client = context.Client;
    private readonly Informer<Node> _known = context.Informers.Of(Resources.Nodes);
    private readonly NodeResources _resources = new(options);

    /// <summary>Registers all nodes; who is there already stays what it is, and says that it is well unless that is known.</summary>
    public Task RegisterAsync(CancellationToken cancellation) => Parallel.ForEachAsync(
        nodes.Where(node => !TryAdopt(node)),
        new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = cancellation },
        async (node, token) => await RegisterAsync(node, token));

    /// <summary>Renews leases and status until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var clock = context.Clock;
        var step = options.LeaseRenewal / nodes.Count > _leastStep ? options.LeaseRenewal / nodes.Count : _leastStep;
        var began = clock.GetTimestamp();
        var done = 0L;
        while (true)
        {
            await Task.Delay(step, clock, cancellation);

            // By the time that has passed, not by steps: a machine that was busy catches up, but renews nobody twice.
            var due = (long)(clock.GetElapsedTime(began) / options.LeaseRenewal * nodes.Count);
            done = Math.Max(done, due - nodes.Count);
            var turn = new List<(SimulatedNode Node, long Round)>();
            for (; done < due; done++)
            {
                turn.Add((nodes[(int)(done % nodes.Count)], done / nodes.Count));
            }

            await Parallel.ForEachAsync(
                turn.Where(item => item.Node.IsUp),
                new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = cancellation },
                async (item, token) => await BeatAsync(item.Node, item.Round, token));
        }
    }

    /// <summary>Takes up a node of which all that it would say is known already.</summary>
    private bool TryAdopt(SimulatedNode node)
    {
        if (_known.Find("", node.Name) is not { } known || !IsWell(known) || !_resources.AreOf(known)
            || !Array.Exists(known.Status.Addresses, address => address.Address == node.Address))
        {
            return false;
        }

        node.Uid = known.Metadata.Uid;
        return true;
    }

    private static bool IsWell(Node node) => node.Status.Find("Ready") is { IsTrue: true };

    private async Task RegisterAsync(SimulatedNode node, CancellationToken cancellation)
    {
        while (!await TryAsync(node, () => RegisterOnceAsync(node, cancellation), cancellation))
        {
            await Task.Delay(TimeSpan.FromSeconds(1), context.Clock, cancellation);
        }
    }

    private async Task RegisterOnceAsync(SimulatedNode node, CancellationToken cancellation)
    {
        var now = context.Clock.GetUtcNow();
        var known = await _client.FindAsync(Resources.Nodes, "", node.Name, cancellation);
        if (known is null)
        {
            known = await _client.CreateAsync(Resources.Nodes, "", NodeObjects.Node(node, options, now), cancellation);
        }
        else
        {
            await _client.PatchStatusAsync(Resources.Nodes, known, NodeObjects.Status(node, options, now), cancellation);
        }

        node.Uid = known.Metadata.Uid;
        await RenewAsync(node, now, cancellation);
    }

    private async Task BeatAsync(SimulatedNode node, long round, CancellationToken cancellation)
    {
        var now = context.Clock.GetUtcNow();
        var statusRounds = Math.Max(1, (long)(options.StatusPeriod / options.LeaseRenewal));
        await TryAsync(
            node,
            async () =>
            {
                await RenewAsync(node, now, cancellation);

                // One that others took for dead says at once that it is not.
                if ((round + node.Index) % statusRounds == 0 || (_known.Find("", node.Name) is { } known && !IsWell(known)))
                {
                    var beat = NodeObjects.Heartbeat(now);
                    await _client.PatchAsync((ApiResource)Resources.Nodes, "", node.Name, beat, PatchKind.Strategic, "status", cancellation);
                }
            },
            cancellation);
    }

    private async Task RenewAsync(SimulatedNode node, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            await _client.PatchAsync(
                Resources.Leases, LeaseNamespace, node.Name, NodeObjects.Renewal(now).AsMemory(), PatchKind.Merge, "", cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            var lease = NodeObjects.Lease(node, options.LeaseRenewal, now);
            await _client.SendAsync(HttpMethod.Post, Resources.Leases.Path(LeaseNamespace), lease, null, cancellation);
        }
    }

    private async Task<bool> TryAsync(SimulatedNode node, Func<Task> write, CancellationToken cancellation)
    {
        try
        {
            await write();
            return true;
        }
        catch (ApiStatusException e) when (e.IsNotFound && node.Uid.Length > 0)
        {
            // Somebody removed the node: it stays away, as a machine that was switched off.
            node.Uid = "";
            return true;
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or System.Text.Json.JsonException
            && !cancellation.IsCancellationRequested)
        {
            context.Warn($"simulated node {node.Name}: {e.Message}");
            return false;
        }
    }
}
