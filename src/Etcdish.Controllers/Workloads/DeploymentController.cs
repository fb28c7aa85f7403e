using System.Text.Json.Nodes;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>
/// Rolls out deployments: gives every template a replica set, and moves pods from the old ones to the newest within the bounds of the
/// deployment's strategy. It takes one step at a time and looks again when the replica sets have taken it. Nothing is decided by a replica
/// set that is older in the cache than what was written of it.
/// </summary>
internal sealed class DeploymentController : Controller
{
    /// <summary>Its name, also in events.</summary>
    public const string Component = "deployment-controller";

    private readonly Informer<Deployment> _deployments;
    private readonly Informer<ReplicaSet> _sets;
    private readonly OwnedObjects<Pod> _pods;
    private readonly ObjectClaims<ReplicaSet> _claims;
    private readonly OwnerWatch<Deployment> _owners;
    private readonly Expectations _expectations;
    private readonly OwnWrites _writes = new();

    /// <summary>Makes one.</summary>
    public DeploymentController(ControllerContext context)
        : base(Component, context)
    {
        _deployments = context.Informers.Of(Resources.Deployments);
        _sets = context.Informers.Of(Resources.ReplicaSets);
        var pods = context.Informers.Of(Resources.Pods);
        _pods = OwnedObjects<Pod>.In(pods);
        _claims = new ObjectClaims<ReplicaSet>(context.Client, Resources.ReplicaSets, _sets);
        _expectations = new Expectations(context.Clock);
        _owners = new OwnerWatch<Deployment>(Resources.Deployments, _deployments, d => d.Spec.Selector, _expectations, Queue.Add);
        _deployments.Subscribe(OnDeployment);
        _sets.Subscribe(OnSet);
        pods.Subscribe(OnPod);
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_deployments.Find(key) is not { } deployment || !_writes.IsSeen(deployment) || !_expectations.AreMet(key))
        {
            // What was written is on its way here, and brings this deployment back.
            return;
        }

        if (deployment.Spec.Selector.IsEverything)
        {
            await RefuseAsync(deployment, cancellation);
            return;
        }

        var sets = await _claims.ClaimAsync(
            Resources.Deployments, deployment, set => deployment.Spec.Selector.Matches(set.Metadata.Labels), cancellation);
        if (!sets.TrueForAll(_writes.IsSeen))
        {
            return;
        }

        var rollout = new Rollout(deployment, sets);
        var work = new RolloutWork(Context, rollout, _writes, _expectations);
        await RollAsync(work, rollout, cancellation);
        if (await work.WriteStatusAsync(cancellation) is { } delay)
        {
            Queue.AddAfter(key, delay);
        }
    }

    private async Task RefuseAsync(Deployment deployment, CancellationToken cancellation)
    {
        Context.Events.Warning(
            Resources.Deployments,
            deployment,
            "SelectingAll",
            "This deployment is selecting all pods. A non-empty selector is required.",
            Component);
        if (deployment.Status.ObservedGeneration < deployment.Metadata.Generation)
        {
            var status = new JsonObject { ["observedGeneration"] = deployment.Metadata.Generation };
            _writes.Note(await Context.Client.PatchStatusAsync(Resources.Deployments, deployment, status, cancellation));
        }
    }

    private async Task RollAsync(RolloutWork work, Rollout rollout, CancellationToken cancellation)
    {
        if (rollout.Deployment.Metadata.IsBeingDeleted)
        {
            return;
        }

        RolloutProgress.TellPause(rollout.Deployment, work.Conditions);
        if (rollout.Deployment.Spec.Paused || ScalingPlan.IsDue(rollout))
        {
            await ScaleAsync(work, rollout, cancellation);
            return;
        }

        work.EstimatesProgress = true;
        if (rollout.Deployment.Spec.Strategy.Type == "Recreate")
        {
            await RecreateAsync(work, rollout, cancellation);
        }
        else
        {
            await UpdateAsync(work, rollout, cancellation);
        }
    }

    private static async Task ScaleAsync(RolloutWork work, Rollout rollout, CancellationToken cancellation)
    {
        if (rollout.Newest is not null)
        {
            await work.AdjustNewestAsync(cancellation);
        }

        foreach (var step in ScalingPlan.Of(rollout))
        {
            await work.ScaleAsync(step, cancellation);
        }

        if (rollout.Deployment.Spec.Paused)
        {
            await work.CleanUpAsync(cancellation);
        }
    }

    private static async Task UpdateAsync(RolloutWork work, Rollout rollout, CancellationToken cancellation)
    {
        if (!await work.EnsureNewestAsync(cancellation))
        {
            return;
        }

        var size = RollingPlan.NewestSize(rollout);
        if (size != rollout.Newest!.Spec.Replicas)
        {
            await work.ScaleAsync(new ScaleStep(rollout.Newest, size), cancellation);
            return;
        }

        var steps = RollingPlan.ShrinkOld(rollout);
        foreach (var step in steps)
        {
            await work.ScaleAsync(step, cancellation);
        }

        if (steps.Count == 0 && RolloutStatus.Of(rollout).IsComplete(rollout.Deployment))
        {
            await work.CleanUpAsync(cancellation);
        }
    }

    private async Task RecreateAsync(RolloutWork work, Rollout rollout, CancellationToken cancellation)
    {
        if (rollout.Newest is not null)
        {
            await work.AdjustNewestAsync(cancellation);
        }

        var old = rollout.Old.FindAll(set => set.Spec.Replicas > 0);
        foreach (var set in old)
        {
            await work.ScaleAsync(new ScaleStep(set, 0), cancellation);
        }

        if (old.Count > 0 || rollout.Old.Exists(HasPods) || !await work.EnsureNewestAsync(cancellation))
        {
            return;
        }

        if (rollout.Newest!.Spec.Replicas != rollout.Replicas)
        {
            await work.ScaleAsync(new ScaleStep(rollout.Newest, rollout.Replicas), cancellation);
        }

        if (RolloutStatus.Of(rollout).IsComplete(rollout.Deployment))
        {
            await work.CleanUpAsync(cancellation);
        }
    }

    /// <summary>Whether pods of a replica set may still run: those that are ending do.</summary>
    private bool HasPods(ReplicaSet set) => set.Status.Replicas > 0 || _pods.Of(set.Metadata.Uid).Any(pod => !pod.IsFinished);

    private void OnDeployment(Deployment? before, Deployment? now)
    {
        if (before is not null && before.Metadata.Uid != now?.Metadata.Uid)
        {
            _writes.Forget(before.Metadata.Uid);
            _expectations.Forget(before.Key);
        }

        Queue.Add((now ?? before!).Key);
    }

    private void OnSet(ReplicaSet? before, ReplicaSet? now)
    {
        if (before is not null && before.Metadata.Uid != now?.Metadata.Uid)
        {
            _writes.Forget(before.Metadata.Uid);
        }

        _owners.OnChange(before, now);
    }

    /// <summary>A deployment that recreates waits for the last old pod to go; the replica set does not change then.</summary>
    private void OnPod(Pod? before, Pod? now)
    {
        if (before is not null
            && (now is null || (now.IsFinished && !before.IsFinished))
            && Owners.Find(Resources.ReplicaSets, _sets, before.Metadata) is { } set
            && _owners.OwnerOf(set.Metadata) is { Spec.Strategy.Type: "Recreate" } deployment)
        {
            Queue.Add(deployment.Key);
        }
    }
}
