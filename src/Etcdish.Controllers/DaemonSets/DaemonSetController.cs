using System.Runtime.ExceptionServices;
using Etcdish.Controllers.History;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.DaemonSets;

/// <summary>
/// Keeps a pod of each daemon set on every node that is to have one. Each look goes over all nodes and all pods of a set, so that what
/// happens to many nodes at once is gathered for a moment that grows with their number.
/// </summary>
internal sealed class DaemonSetController : Controller
{
    private const string Component = "daemonset-controller";
    private readonly Informer<DaemonSet> _sets;
    private readonly Informer<Node> _nodes;
    private readonly ObjectClaims<Pod> _claims;
    private readonly PodControl<DaemonSet> _pods;
    private readonly RevisionControl<DaemonSet> _revisions;
    private readonly FailedPodBackoff _backoff = new();

    public DaemonSetController(ControllerContext context)
        : base("daemon sets", context)
    {
        _sets = context.Informers.Of(Resources.DaemonSets);
        _nodes = context.Informers.Of(Resources.Nodes);
        var pods = context.Informers.Of(Resources.Pods);
        _claims = new ObjectClaims<Pod>(context.Client, Resources.Pods, pods);
        _pods = new PodControl<DaemonSet>(context, Resources.DaemonSets, Component);
        _revisions = new RevisionControl<DaemonSet>(context, Resources.DaemonSets, DaemonPods.RevisionLabel);
        _sets.Subscribe(OnSetChanged);
        _nodes.Subscribe(OnNodeChanged);
        var watch = new OwnerWatch<DaemonSet>(Resources.DaemonSets, _sets, set => set.Spec.Selector, _pods.Expectations, EnqueueSoon);
        pods.Subscribe(watch.OnChange);
        var revisions = new OwnerWatch<DaemonSet>(Resources.DaemonSets, _sets, set => set.Spec.Selector, null, EnqueueSoon);
        _revisions.Informer.Subscribe(revisions.OnChange);
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_sets.Find(key) is not { } set)
        {
            _pods.Expectations.Forget(key);
            return;
        }

        if (set.Metadata.IsBeingDeleted)
        {
            // Its revisions may be gone before its pods are: nothing can be said of it any more.
            return;
        }

        if (set.Spec.Selector.IsEverything)
        {
            const string Message = "This daemon set is selecting all pods. A non-empty selector is required.";
            Context.Events.Warning(Resources.DaemonSets, set, "SelectingAll", Message, Component);
            return;
        }

        var revisions = await _revisions.ListAsync(set, set.Spec.Selector, cancellation);
        var (revision, collisions) = await _revisions.CurrentAsync(
            set, set.Spec.Template, revisions, set.Status.CollisionCount ?? 0, cancellation);

        // Asked before pods are read: what is seen from here on is in the cache.
        var isSettled = _pods.Expectations.AreMet(key);
        var pods = await _claims.ClaimAsync(Resources.DaemonSets, set, pod => set.Spec.Selector.Matches(pod.Metadata.Labels), cancellation);
        var hash = revision.Metadata.Labels.GetValueOrDefault(DaemonPods.RevisionLabel, revision.Metadata.Name);
        var view = new DaemonView(set, hash, _nodes.All, pods, Context.Clock.GetUtcNow());
        var failure = isSettled ? await ActAsync(view, cancellation) : null;
        await WriteStatusAsync(view, collisions, isSettled, cancellation);
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        await TruncateAsync(set, revisions, revision, pods, cancellation);
    }

    private async Task<ApiStatusException?> ActAsync(DaemonView view, CancellationToken cancellation)
    {
        var plan = new DaemonPlanner(view, _backoff).Plan();
        if (plan.LookAgainAfter is { } delay)
        {
            Queue.AddAfter(view.Set.Key, delay);
        }

        foreach (var (pod, node) in plan.Ended)
        {
            Tell(view.Set, pod, node);
        }

        if (plan.IsEmpty && view.Set.Spec.UpdateStrategy.Type == "RollingUpdate")
        {
            plan = DaemonRollout.Plan(view);
        }

        var failure = plan.CreateOn.Count == 0 ? null : await _pods.CreateManyAsync(
            view.Set, plan.CreateOn.Count, number => DaemonPods.Make(view.Set, view.Hash, plan.CreateOn[number]), cancellation);
        return plan.Delete.Count == 0 ? failure : await _pods.DeleteManyAsync(view.Set, plan.Delete, cancellation) ?? failure;
    }

    private void Tell(DaemonSet set, Pod pod, string node)
    {
        if (pod.Status.Phase == "Failed")
        {
            var message = $"Found failed daemon pod {pod.Key} on node {node}, will try to kill it";
            Context.Events.Warning(Resources.DaemonSets, set, "FailedDaemonPod", message, Component);
        }
        else
        {
            var message = $"Found succeeded daemon pod {pod.Key} on node {node}, will try to delete it";
            Context.Events.Normal(Resources.DaemonSets, set, "SucceededDaemonPod", message, Component);
        }
    }

    private async Task WriteStatusAsync(DaemonView view, int collisions, bool isProcessed, CancellationToken cancellation)
    {
        var status = DaemonStatus.Of(view, collisions, isProcessed);
        if (DaemonStatus.Difference(view.Set.Status, status) is { } difference)
        {
            await Context.Client.PatchStatusAsync(Resources.DaemonSets, view.Set, difference, cancellation);
        }

        if (view.NextAvailable is { } delay)
        {
            Queue.AddAfter(view.Set.Key, delay);
        }
    }

    private async Task TruncateAsync(
        DaemonSet set, List<ControllerRevision> revisions, ControllerRevision current, List<Pod> pods, CancellationToken cancellation)
    {
        if (revisions.Count <= set.Spec.RevisionHistoryLimit)
        {
            return;
        }

        var live = pods.Select(HashOf).ToHashSet();
        await _revisions.TruncateAsync(
            revisions,
            revision => revision.Metadata.Name == current.Metadata.Name || live.Contains(HashOf(revision)),
            set.Spec.RevisionHistoryLimit,
            cancellation);

        static string HashOf(KubernetesObject value) => value.Metadata.Labels.GetValueOrDefault(DaemonPods.RevisionLabel, "");
    }

    private void OnSetChanged(DaemonSet? before, DaemonSet? now)
    {
        if (before is not null && before.Metadata.Uid != now?.Metadata.Uid)
        {
            _pods.Expectations.Forget(before.Key);
            _backoff.Forget(before.Metadata.Uid);
        }

        if (before is not null && now is not null && before.Metadata.Generation == now.Metadata.Generation)
        {
            // Most likely the status that was written here.
            EnqueueSoon(now.Key);
        }
        else
        {
            Queue.Add((now ?? before)!.Key);
        }
    }

    /// <summary>Of a node's many changes few matter to any set: it reports its state all the time.</summary>
    private void OnNodeChanged(Node? before, Node? now)
    {
        if (before is not null && now is not null && !DaemonPlacement.IsAffected(before, now))
        {
            return;
        }

        foreach (var set in _sets.All)
        {
            var placement = DaemonPlacement.Of(set.Spec.Template);
            if ((before is null ? default : placement.Judge(before)) != (now is null ? default : placement.Judge(now)))
            {
                EnqueueSoon(set.Key);
            }
        }
    }

    private void EnqueueSoon(ObjectKey key) => Queue.AddAfter(key, TimeSpan.FromMilliseconds(_nodes.Count / 50));
}
