using System.Runtime.ExceptionServices;
using Etcdish.Controllers.History;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.StatefulSets;

/// <summary>
/// Keeps the pods of stateful sets, each with its name and claims. That there are never two of one name is the API server's doing; what is
/// done here relies on names and uids alone, so that a cache that lags delays, and does no harm.
/// </summary>
internal sealed class StatefulSetController : Controller
{
    private const string HashLabel = "controller.kubernetes.io/hash";
    private readonly Informer<StatefulSet> _sets;
    private readonly Index<StatefulSet> _byClaim;
    private readonly ObjectClaims<Pod> _claims;
    private readonly StatefulPodControl _pods;
    private readonly RevisionControl<StatefulSet> _revisions;

    public StatefulSetController(ControllerContext context)
        : base("stateful sets", context)
    {
        _sets = context.Informers.Of(Resources.StatefulSets);
        _byClaim = _sets.AddIndex(ClaimPrefixes);
        var pods = context.Informers.Of(Resources.Pods);
        _claims = new ObjectClaims<Pod>(context.Client, Resources.Pods, pods);
        _pods = new StatefulPodControl(context);
        _revisions = new RevisionControl<StatefulSet>(context, Resources.StatefulSets, HashLabel);
        _sets.Subscribe(OnSetChanged);
        pods.Subscribe(new OwnerWatch<StatefulSet>(Resources.StatefulSets, _sets, SelectorOf, _pods.Expectations, Queue.Add).OnChange);
        _revisions.Informer.Subscribe(new OwnerWatch<StatefulSet>(Resources.StatefulSets, _sets, SelectorOf, null, Queue.Add).OnChange);
        _pods.Claims.Subscribe(OnClaimChanged);
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_sets.Find(key) is not { } set)
        {
            _pods.Expectations.Forget(key);
            return;
        }

        // Asked before pods are read: what is seen from here on is in the cache.
        var isSettled = _pods.Expectations.AreMet(key);
        var pods = await _claims.ClaimAsync(Resources.StatefulSets, set, pod => IsMember(set, pod), cancellation);
        if (set.Metadata.IsBeingDeleted)
        {
            // Nothing is done about it any more, and its revisions may be gone.
            await WriteStatusAsync(set, Plan(set, pods, set.Status.CurrentRevision, set.Status.UpdateRevision), 0, cancellation);
            return;
        }

        var revisions = await _revisions.ListAsync(set, set.Spec.Selector, cancellation);
        var (update, collisions) = await _revisions.CurrentAsync(
            set, set.Spec.Template, revisions, set.Status.CollisionCount ?? 0, cancellation);
        var current = revisions.Find(revision => revision.Metadata.Name == set.Status.CurrentRevision) ?? update;
        var plan = Plan(set, pods, current.Metadata.Name, update.Metadata.Name);
        var failure = isSettled ? await ActAsync(set, plan, current, cancellation) : null;
        await WriteStatusAsync(set, plan, collisions, cancellation);
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        var live = pods.Select(StatefulIdentity.Revision).Append(current.Metadata.Name).Append(update.Metadata.Name).ToHashSet();
        await _revisions.TruncateAsync(
            revisions, revision => live.Contains(revision.Metadata.Name), set.Spec.RevisionHistoryLimit, cancellation);
    }

    private static LabelSelector SelectorOf(StatefulSet set) => set.Spec.Selector;

    private static bool IsMember(StatefulSet set, Pod pod) =>
        set.Spec.Selector.Matches(pod.Metadata.Labels) && StatefulIdentity.Ordinal(set, pod.Metadata.Name) >= 0;

    private static IEnumerable<string> ClaimPrefixes(StatefulSet set) => set.Spec.VolumeClaimTemplates.Select(
        template => $"{set.Metadata.Namespace}/{StatefulPods.TemplateName(template)}-{set.Metadata.Name}");

    private StatefulPlan Plan(StatefulSet set, List<Pod> pods, string currentRevision, string updateRevision) => StatefulPlanner.Plan(
        set, pods, currentRevision, updateRevision, Context.Clock.GetUtcNow(), ordinal => _pods.AreClaimsGoing(set, ordinal));

    /// <summary>
    /// One step after the other. In parallel, pods are created many at a time, a few at first: what one is refused for, others will be.
    /// Deletions come last in any case: the claims of a pod must be its own before it goes.
    /// </summary>
    private async Task<ApiStatusException?> ActAsync(
        StatefulSet set, StatefulPlan plan, ControllerRevision current, CancellationToken cancellation)
    {
        var former = RevisionData.TemplateOf(current);
        var isParallel = set.Spec.PodManagementPolicy == "Parallel";
        try
        {
            foreach (var step in plan.Steps)
            {
                if (!isParallel || step.Action is not (StatefulAction.Create or StatefulAction.Delete))
                {
                    await StepAsync(step, cancellation);
                }
            }

            var failure = isParallel ? await AllAsync(StatefulAction.Create) ?? await AllAsync(StatefulAction.Delete) : null;
            return failure is { IsNamespaceTerminating: true } ? null : failure;
        }
        catch (ApiStatusException e)
        {
            return e.IsNamespaceTerminating ? null : e;
        }

        async Task<ApiStatusException?> AllAsync(StatefulAction action)
        {
            var steps = plan.Steps.FindAll(step => step.Action == action);
            return (await SlowStart.RunAsync(steps.Count, (number, stop) => StepAsync(steps[number], stop), cancellation)).Failure;
        }

        Task StepAsync(StatefulStep step, CancellationToken stop) =>
            _pods.ActAsync(set, step, step.Revision == current.Metadata.Name ? former : set.Spec.Template, stop);
    }

    private async Task WriteStatusAsync(StatefulSet set, StatefulPlan plan, int collisions, CancellationToken cancellation)
    {
        plan.Status.CollisionCount = collisions == 0 ? set.Status.CollisionCount ?? 0 : collisions;
        if (StatefulStatus.Difference(set.Status, plan.Status) is { } difference)
        {
            await Context.Client.PatchStatusAsync(Resources.StatefulSets, set, difference, cancellation);
        }

        if (plan.LookAgainAfter is { } delay)
        {
            Queue.AddAfter(set.Key, delay);
        }
    }

    private void OnSetChanged(StatefulSet? before, StatefulSet? now)
    {
        if (before is not null && before.Metadata.Uid != now?.Metadata.Uid)
        {
            _pods.Expectations.Forget(before.Key);
        }

        Queue.Add((now ?? before)!.Key);
    }

    /// <summary>A pod may have waited until the claim of its former self was gone.</summary>
    private void OnClaimChanged(PersistentVolumeClaim? before, PersistentVolumeClaim? now)
    {
        if (before is null || now is not null || before.Metadata.Name.LastIndexOf('-') is not (> 0 and var dash))
        {
            return;
        }

        foreach (var set in _byClaim[$"{before.Metadata.Namespace}/{before.Metadata.Name[..dash]}"])
        {
            Queue.Add(set.Key);
        }
    }
}
