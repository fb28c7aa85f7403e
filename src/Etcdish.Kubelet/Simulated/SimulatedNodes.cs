using Etcdish.Kubernetes.Control;

namespace Etcdish.Kubelet.Simulated;

/// <summary>
/// Any number of nodes that are only simulated: they register, say that they are well, and run the pods that are bound to them in memory.
/// For tests, benchmarks, and to try a cluster without machines. One object runs all of them.
/// </summary>
public sealed class SimulatedNodes : IDisposable
{
    private readonly ControllerContext _context;
    private readonly SimulatedNodesOptions _options;
    private readonly Dictionary<string, SimulatedNode> _nodes = new(StringComparer.Ordinal);
    private readonly NodeHeartbeats _heartbeats;
    private readonly SimulatedPods _pods;
    private readonly TaskCompletionSource _registered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes them; they ask for their informer.</summary>
    /// <param name="context">What they work with; may be shared with controllers.</param>
    /// <param name="options">How many there are, and what they have.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public SimulatedNodes(ControllerContext context, SimulatedNodesOptions options)
    {
        options.Validate();
        _context = context;
        _options = options;
        var nodes = Enumerable.Range(0, options.Count).Select(index => new SimulatedNode(options, index)).ToArray();
        foreach (var node in nodes)
        {
            _nodes.Add(node.Name, node);
        }

        _heartbeats = new NodeHeartbeats(context, options, nodes);
        _pods = new SimulatedPods(context, options, _nodes);
    }

    /// <summary>Completes when all nodes have registered.</summary>
    public Task Registered => _registered.Task;

    /// <summary>Registers the nodes and runs them until it is cancelled. What runs then is taken up by whoever runs them next.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await _context.Informers.StartAsync(cancellation);
            await _heartbeats.RegisterAsync(cancellation);
            _registered.TrySetResult();
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var beating = _heartbeats.RunAsync(stop.Token);
            var running = _pods.RunAsync(_options.Parallelism, stop.Token);
            await Task.WhenAny(beating, running);
            await stop.CancelAsync();
            await Task.WhenAll(beating, running);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _registered.TrySetCanceled(cancellation);
        }
    }

    /// <summary>
    /// Cuts a node off, as if it had lost its network, or gives it back: then it goes on with what has happened meanwhile.
    /// </summary>
    /// <exception cref="KeyNotFoundException">There is no such node.</exception>
    public void SetSilent(string node, bool isSilent)
    {
        _nodes[node].IsSilent = isSilent;
        if (!isSilent)
        {
            _pods.LookAgain(node);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _pods.Dispose();
}
