using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>
/// Keeps as many equal pods as are wanted. What has been asked for and is not in the cache yet is expected, and while it is, nothing is
/// created or deleted; so a cache that lags never makes a pod twice.
/// </summary>
internal abstract class ReplicaController<TSet> : Controller
    where TSet : KubernetesObject, IReplicated
{
    /// <summary>How many pods are created or deleted at most until the next look at what is wanted.</summary>
    private const int Burst = 500;

    /// <summary>Up to so many pods, a set is looked at with every change; a larger one sees changes gathered for a moment.</summary>
    private const int MaxPodsAtOnce = 200;

    private static readonly TimeSpan _gatherPerPod = TimeSpan.FromMicroseconds(10);

    private readonly ApiResource<TSet> _resource;
    private readonly Informer<TSet> _sets;
    private readonly OwnedObjects<Pod> _owned;
    private readonly ObjectClaims<Pod> _claims;
    private readonly PodControl<TSet> _pods;
    private readonly OwnerWatch<TSet> _owners;

    /// <summary>Makes one.</summary>
    /// <param name="component">Its name, also in events.</param>
    /// <param name="context">What all controllers share.</param>
    /// <param name="resource">What it keeps.</param>
    protected ReplicaController(string component, ControllerContext context, ApiResource<TSet> resource)
        : base(component, context)
    {
        _resource = resource;
        _sets = context.Informers.Of(resource);
        var pods = context.Informers.Of(Resources.Pods);
        _owned = OwnedObjects<Pod>.In(pods);
        _claims = new ObjectClaims<Pod>(context.Client, Resources.Pods, pods);
        _pods = new PodControl<TSet>(context, resource, component);
        _owners = new OwnerWatch<TSet>(resource, _sets, set => set.Selector, _pods.Expectations, EnqueueGathered);
        _sets.Subscribe(OnSet);
        pods.Subscribe(OnPod);
    }

    /// <summary>Whether the kind tells in its status how many pods are ending.</summary>
    protected abstract bool TellsTerminating { get; }

    /// <summary>Pods of the same purpose, which should not all be on one node.</summary>
    protected abstract IEnumerable<Pod> Related(TSet set, IReadOnlyList<Pod> own);

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_sets.Find(key) is not { } set)
        {
            _pods.Expectations.Forget(key);
            return;
        }

        // Asked before the cache is read: what is seen in between is then in the cache.
        var mayChange = _pods.Expectations.AreMet(key) && !set.Metadata.IsBeingDeleted;
        var pods = await _claims.ClaimAsync(_resource, set, pod => IsOwn(set, pod), cancellation);
        var now = Context.Clock.GetUtcNow();
        var failure = mayChange ? await ScaleAsync(set, pods, now, cancellation) : null;

        // A generation counts as observed when it has been acted on: deployments take their next step by that.
        var generation = mayChange || set.Metadata.IsBeingDeleted ? set.Metadata.Generation : set.Status.ObservedGeneration;
        var problem = mayChange ? failure?.Message : StandingFailure(set);
        await WriteStatusAsync(set, generation, PodCounts.Of(pods, set.Template.Labels, set.MinReadySeconds, now), problem, now, cancellation);
        if (failure is not null)
        {
            throw failure;
        }
    }

    /// <summary>Whether a change of a pod can change what is to be done or told.</summary>
    private static bool Matters(Pod before, Pod now) =>
        before.Metadata.Uid != now.Metadata.Uid
        || before.Status.Phase != now.Status.Phase
        || before.IsReady != now.IsReady
        || before.Status.Find("Ready")?.LastTransitionTime != now.Status.Find("Ready")?.LastTransitionTime
        || before.Metadata.IsBeingDeleted != now.Metadata.IsBeingDeleted
        || before.Metadata.Controller?.Uid != now.Metadata.Controller?.Uid
        || !LabelSets.AreEqual(before.Metadata, now.Metadata);

    /// <summary>A pod that has ended or is ending stays whose it is; it is neither taken up nor let go.</summary>
    private static bool IsOwn(TSet set, Pod pod) =>
        pod.IsActive ? set.Selector.Matches(pod.Metadata.Labels) : pod.Metadata.IsControlledBy(set.Metadata.Uid);

    private static string? StandingFailure(TSet set) =>
        Array.Find(set.Status.Conditions, condition => condition.Type == "ReplicaFailure")?.Message;

    private void OnSet(TSet? before, TSet? now)
    {
        if (before is not null && before.Metadata.Uid != now?.Metadata.Uid)
        {
            _pods.Expectations.Forget(before.Key);
        }

        if (before is not null && now is not null && before.Metadata.Generation == now.Metadata.Generation)
        {
            // Most likely the controller's own status.
            EnqueueGathered(now.Key);
        }
        else
        {
            Queue.Add((now ?? before!).Key);
        }
    }

    private void OnPod(Pod? before, Pod? now)
    {
        if (before is null || now is null || Matters(before, now))
        {
            _owners.OnChange(before, now);
        }
    }

    private void EnqueueGathered(ObjectKey key)
    {
        var count = _sets.Find(key) is { } set ? _owned.CountOf(set.Metadata.Uid) : 0;
        Queue.AddAfter(key, count <= MaxPodsAtOnce ? TimeSpan.Zero : _gatherPerPod * count);
    }

    private async Task<ApiStatusException?> ScaleAsync(TSet set, IReadOnlyList<Pod> pods, DateTimeOffset now, CancellationToken cancellation)
    {
        var active = pods.Where(pod => pod.IsActive).ToList();
        var surplus = active.Count - set.Replicas;
        if (surplus < 0)
        {
            return await _pods.CreateManyAsync(
                set, Math.Min(-surplus, Burst), _ => set.Template.MakePod(_resource, set), cancellation);
        }

        return surplus == 0
            ? null
            : await _pods.DeleteManyAsync(
                set, new DeletionOrder(Related(set, active), now).First(active, Math.Min(surplus, Burst)), cancellation);
    }

    private async Task WriteStatusAsync(
        TSet set, long generation, PodCounts counts, string? failure, DateTimeOffset now, CancellationToken cancellation)
    {
        if (ReplicaStatus.Of(set, generation, counts, failure, TellsTerminating, now) is { } status)
        {
            await Context.Client.PatchStatusAsync(_resource, set, status, cancellation);
        }

        if (counts.NextAvailable is { } next)
        {
            Queue.AddAfter(set.Key, next - now);
        }
    }
}
