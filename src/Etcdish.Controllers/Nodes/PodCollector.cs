using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Nodes;

/// <summary>
/// Deletes pods that nobody else does: of nodes that are gone, of nodes that were said to be out of service, such as were never on a node,
/// and ended ones when they are too many. It looks every 20 seconds; its keys are the pods that must go.
/// </summary>
public sealed class PodCollector : Controller
{
    private const string Deleted = "deleted";
    private const string Finished = "finished";

    private static readonly TimeSpan _period = TimeSpan.FromSeconds(20);

    /// <summary>How long a node must have been missing before it is asked for.</summary>
    private static readonly TimeSpan _quarantine = TimeSpan.FromSeconds(40);

    private readonly Informer<Node> _nodes;
    private readonly Informer<Pod> _pods;
    private readonly int _maxFinished;
    private readonly NodeNames _named = new();
    private readonly Index<Pod> _ending;
    private readonly Dictionary<string, DateTimeOffset> _missing = [];
    private volatile HashSet<string> _gone = [];
    private volatile HashSet<ObjectKey> _tooMany = [];
    private int _looks;

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="maxFinished">How many pods that have ended are kept; 0: all.</param>
    public PodCollector(ControllerContext context, int maxFinished)
        : base("pod-garbage-collector-controller", context)
    {
        _maxFinished = maxFinished;
        _nodes = context.Informers.Of(Resources.Nodes);
        _pods = context.Informers.Of(Resources.Pods);
        _pods.Subscribe(_named.Observe);
        _ending = _pods.AddIndex(pod => pod switch
        {
            { Metadata.IsBeingDeleted: true, IsFinished: true } => [Deleted, Finished],
            { Metadata.IsBeingDeleted: true } => [Deleted],
            { IsFinished: true } => [Finished],
            _ => [],
        });
    }

    /// <summary>How often it has looked at all pods.</summary>
    internal int Looks => Volatile.Read(ref _looks);

    /// <summary>The ended pods that are too many: evicted ones first, then the oldest.</summary>
    internal static IEnumerable<Pod> TooMany(IEnumerable<Pod> pods, int max)
    {
        var finished = pods.Where(pod => pod.IsFinished).ToList();
        return max <= 0 || finished.Count <= max ? [] : finished
            .OrderBy(pod => pod.Status is { Phase: "Failed", Reason: "Evicted" } ? 0 : 1)
            .ThenBy(pod => pod.Metadata.CreationTimestamp)
            .ThenBy(pod => pod.Metadata.Name, StringComparer.Ordinal)
            .Take(finished.Count - max);
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_pods.Find(key) is not { } pod)
        {
            return;
        }

        if (_gone.Contains(pod.Spec.NodeName))
        {
            await RemoveAsync(pod, isOrphan: true, cancellation);
        }
        else if (MustGo(pod) || _tooMany.Contains(key))
        {
            await RemoveAsync(pod, isOrphan: false, cancellation);
        }
    }

    /// <inheritdoc/>
    protected override async Task RunInBackgroundAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(_period, Context.Clock);
        try
        {
            do
            {
                await LookAsync(cancellation);
                _looks++;
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end.
        }
    }

    /// <summary>Looks at the pods that may have to go: nearly always few of very many.</summary>
    private async Task LookAsync(CancellationToken cancellation)
    {
        _gone = await FindGoneAsync(cancellation);
        _tooMany = [.. TooMany(_ending[Finished], _maxFinished).Select(pod => pod.Key)];
        var orphans = _gone.Count == 0 ? [] : _pods.All.Where(pod => _gone.Contains(pod.Spec.NodeName));
        foreach (var pod in _ending[Deleted].Where(MustGo).Concat(orphans))
        {
            Queue.Add(pod.Key);
        }

        foreach (var key in _tooMany)
        {
            Queue.Add(key);
        }
    }

    /// <summary>Whether a pod that is being deleted has nobody who would end it.</summary>
    private bool MustGo(Pod pod)
    {
        if (!pod.Metadata.IsBeingDeleted)
        {
            return false;
        }

        return pod.Spec.NodeName.Length == 0
            || (_nodes.Find("", pod.Spec.NodeName) is { } node && node.Status.Find("Ready") is not { IsTrue: true }
                && Array.Exists(node.Spec.Taints, taint => taint.Key == NodeTaints.OutOfService));
    }

    /// <summary>The nodes that pods name and that have been missing for long enough, also for the API itself.</summary>
    private async Task<HashSet<string>> FindGoneAsync(CancellationToken cancellation)
    {
        var now = Context.Clock.GetUtcNow();
        var missing = _named.All.Where(name => _nodes.Find("", name) is null).ToHashSet();
        foreach (var back in _missing.Keys.Where(name => !missing.Contains(name)).ToArray())
        {
            _missing.Remove(back);
        }

        HashSet<string> gone = [];
        foreach (var name in missing)
        {
            if (!_missing.TryAdd(name, now) && now - _missing[name] >= _quarantine && await IsGoneAsync(name, cancellation))
            {
                gone.Add(name);
            }
        }

        return gone;
    }

    private async Task<bool> IsGoneAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return await Context.Client.FindAsync(Resources.Nodes, "", name, cancellation) is null;
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException)
        {
            Context.Warn($"{Name}: node {name} could not be asked for: {e.Message}");
            return false;
        }
    }

    private async Task RemoveAsync(Pod pod, bool isOrphan, CancellationToken cancellation)
    {
        try
        {
            if (!pod.IsFinished)
            {
                var condition = isOrphan
                    ? PodWrites.Disruption(pod, "DeletionByPodGC", "PodGC: node no longer exists", Context.Clock.GetUtcNow())
                    : null;
                await PodWrites.WriteStatusAsync(Context.Client, pod, condition, "Failed", cancellation);
            }

            await PodWrites.DeleteAsync(Context.Client, pod, isForced: true, cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            // It is gone.
        }
    }
}
