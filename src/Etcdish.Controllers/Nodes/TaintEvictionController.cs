using System.Collections.Concurrent;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Nodes;

/// <summary>
/// Deletes pods that do not tolerate a taint of their node with the effect NoExecute, or have tolerated it for as long as they said. Its
/// keys are pods.
/// </summary>
public sealed class TaintEvictionController : Controller
{
    private const string Component = "taint-eviction-controller";
    private readonly Informer<Node> _nodes;
    private readonly Informer<Pod> _pods;
    private readonly Index<Pod> _byNode;

    /// <summary>Since when pods have been tolerating, of those whose time is limited.</summary>
    private readonly ConcurrentDictionary<ObjectKey, (string Uid, DateTimeOffset Since)> _tolerating = new();

    /// <summary>Makes one.</summary>
    public TaintEvictionController(ControllerContext context)
        : base(Component, context)
    {
        _nodes = context.Informers.Of(Resources.Nodes);
        _pods = context.Informers.Of(Resources.Pods);
        _byNode = _pods.AddIndex(pod => pod.Spec.NodeName.Length == 0 ? [] : [pod.Spec.NodeName]);
        _nodes.Subscribe(HearNode);
        _pods.Subscribe(HearPod);
    }

    /// <summary>Whether a pod's time is running.</summary>
    internal bool IsTolerating(ObjectKey pod) => _tolerating.ContainsKey(pod);

    /// <summary>How long a pod may stay on a node with these taints; null: for ever; zero: no longer.</summary>
    internal static TimeSpan? StayOf(Pod pod, Taint[] taints)
    {
        long? least = null;
        foreach (var taint in taints)
        {
            if (taint.Effect != NodeTaints.NoExecute)
            {
                continue;
            }

            var toleration = Array.Find(pod.Spec.Tolerations, t => t.Tolerates(taint));
            if (toleration is null)
            {
                return TimeSpan.Zero;
            }

            if (toleration.TolerationSeconds is { } seconds && (least is null || seconds < least))
            {
                least = Math.Max(seconds, 0);
            }
        }

        return least is { } stay ? TimeSpan.FromSeconds(Math.Min(stay, int.MaxValue)) : null;
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        var pod = _pods.Find(key);
        if (pod is null || pod.Metadata.IsBeingDeleted || _nodes.Find("", pod.Spec.NodeName) is not { } node)
        {
            _tolerating.TryRemove(key, out _);
            return;
        }

        if (StayOf(pod, node.Spec.Taints) is not { } stay)
        {
            Cancel(pod);
            return;
        }

        var now = Context.Clock.GetUtcNow();
        var (_, since) = _tolerating.AddOrUpdate(
            key,
            _ => (pod.Metadata.Uid, now),
            (_, known) => known.Uid == pod.Metadata.Uid ? known : (pod.Metadata.Uid, now));
        if (since + stay > now)
        {
            Queue.AddAfter(key, since + stay - now);
            return;
        }

        await EvictAsync(pod, now, cancellation);
        _tolerating.TryRemove(key, out _);
    }

    private async Task EvictAsync(Pod pod, DateTimeOffset now, CancellationToken cancellation)
    {
        Tell(pod, $"Marking for deletion Pod {pod}");
        var condition = PodWrites.Disruption(pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", now);
        try
        {
            await PodWrites.WriteStatusAsync(Context.Client, pod, condition, null, cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            return;
        }

        await PodWrites.DeleteAsync(Context.Client, pod, isForced: false, cancellation);
    }

    private void Cancel(Pod pod)
    {
        if (_tolerating.TryRemove(pod.Key, out _))
        {
            Tell(pod, $"Cancelling deletion of Pod {pod}");
        }
    }

    private void Tell(Pod pod, string message) => Context.Events.Normal(Resources.Pods, pod, "TaintManagerEviction", message, Component);

    private void HearNode(Node? before, Node? now)
    {
        if (now is null || HaveSameTaints(before, now))
        {
            return;
        }

        foreach (var pod in _byNode[now.Metadata.Name])
        {
            Queue.Add(pod.Key);
        }
    }

    private void HearPod(Pod? before, Pod? now)
    {
        if (now is null)
        {
            if (_tolerating.ContainsKey(before!.Key))
            {
                Queue.Add(before.Key);
            }

            return;
        }

        // A node that comes to be known later, or gets a taint, brings its pods.
        var concerns = before is null || before.Spec.NodeName != now.Spec.NodeName || before.Metadata.Uid != now.Metadata.Uid
            || before.Spec.Tolerations.Length != now.Spec.Tolerations.Length;
        if (concerns && now.Spec.NodeName.Length > 0 && _nodes.Find("", now.Spec.NodeName) is { } node && IsDriving(node))
        {
            Queue.Add(now.Key);
        }
    }

    private static bool IsDriving(Node node) => Array.Exists(node.Spec.Taints, taint => taint.Effect == NodeTaints.NoExecute);

    private static bool HaveSameTaints(Node? before, Node now)
    {
        if (before is null)
        {
            return !IsDriving(now);
        }

        return Names(before).SequenceEqual(Names(now));

        static IEnumerable<(string, string)> Names(Node node) =>
            node.Spec.Taints.Where(taint => taint.Effect == NodeTaints.NoExecute).Select(taint => (taint.Key, taint.Value));
    }
}
