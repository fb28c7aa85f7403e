using System.Text.Json.Nodes;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>
/// What is written during one look at a deployment: its replica sets, at once; its status, once in the end. All writes are on the condition
/// that nobody has changed the object since it was read.
/// </summary>
internal sealed class RolloutWork
{
    private readonly ControllerContext _context;
    private readonly Rollout _rollout;
    private readonly OwnWrites _writes;
    private readonly Expectations _expectations;
    private readonly Condition[] _conditionsBefore;
    private readonly DateTimeOffset _now;

    /// <summary>Begins a look.</summary>
    public RolloutWork(ControllerContext context, Rollout rollout, OwnWrites writes, Expectations expectations)
    {
        _context = context;
        _rollout = rollout;
        _writes = writes;
        _expectations = expectations;
        _conditionsBefore = rollout.Deployment.Status.Conditions;
        _now = context.Clock.GetUtcNow();
        Conditions = new ConditionSet(_conditionsBefore, _now);
    }

    /// <summary>The conditions as they will be.</summary>
    public ConditionSet Conditions { get; }

    /// <summary>Whether it matters now if the roll-out gets on.</summary>
    public bool EstimatesProgress { get; set; }

    /// <summary>Creates the replica set of the present template, or brings the one that is there up to date.</summary>
    /// <returns>False if it cannot be created since the namespace is on its way out.</returns>
    /// <exception cref="ApiStatusException">It cannot be created, which the status tells.</exception>
    public async Task<bool> EnsureNewestAsync(CancellationToken cancellation)
    {
        if (_rollout.Newest is null)
        {
            return await CreateNewestAsync(cancellation);
        }

        await AdjustNewestAsync(cancellation);
        return true;
    }

    /// <summary>Gives the newest replica set the deployment's annotations and the highest revision.</summary>
    public async Task AdjustNewestAsync(CancellationToken cancellation)
    {
        var (deployment, newest) = (_rollout.Deployment, _rollout.Newest!);
        var annotations = Revisions.Missing(deployment, newest, Revisions.Highest(_rollout.Old) + 1);
        if (annotations.Count > 0 || newest.Spec.MinReadySeconds != deployment.Spec.MinReadySeconds)
        {
            await PatchSetAsync(
                newest, annotations, new JsonObject { ["minReadySeconds"] = deployment.Spec.MinReadySeconds }, cancellation);
        }

        if (RolloutProgress.HasDeadline(deployment) && Conditions.Find(RolloutProgress.Progressing) is null)
        {
            Conditions.Set(RolloutProgress.Progressing, "True", "FoundNewReplicaSet", $"Found new replica set \"{newest.Metadata.Name}\"");
        }
    }

    /// <summary>Gives a replica set a size, and notes what it was sized by.</summary>
    public async Task ScaleAsync(ScaleStep step, CancellationToken cancellation)
    {
        var (set, before) = (step.Set, step.Set.Spec.Replicas);
        var annotations = Revisions.MissingSizes(_rollout.Deployment.Spec, set);
        if (before == step.Replicas && annotations.Count == 0)
        {
            return;
        }

        await PatchSetAsync(set, annotations, new JsonObject { ["replicas"] = step.Replicas }, cancellation);
        if (before != step.Replicas)
        {
            TellScaled(before < step.Replicas ? "up" : "down", set, before, step.Replicas);
        }
    }

    /// <summary>Deletes the oldest of the old replica sets without pods, as far as there are more than the deployment keeps.</summary>
    public async Task CleanUpAsync(CancellationToken cancellation)
    {
        if (_rollout.Deployment.Spec.RevisionHistoryLimit is not { } limit)
        {
            return;
        }

        var old = _rollout.Old.FindAll(set => !set.Metadata.IsBeingDeleted);
        foreach (var set in old.OrderBy(Revisions.Of).Take(Math.Max(old.Count - limit, 0)))
        {
            if (set is { Spec.Replicas: 0, Status.Replicas: 0 } && set.Metadata.Generation <= set.Status.ObservedGeneration)
            {
                var options = new DeleteOptions { Uid = set.Metadata.Uid, ResourceVersion = set.Metadata.ResourceVersion };
                await _context.Client.DeleteAsync(
                    Resources.ReplicaSets, set.Metadata.Namespace, set.Metadata.Name, options, cancellation);
                _rollout.Old.Remove(set);
            }
        }
    }

    /// <summary>Writes the status if it is another one now.</summary>
    /// <returns>When to look again though nothing changes; null: not at all.</returns>
    public async Task<TimeSpan?> WriteStatusAsync(CancellationToken cancellation)
    {
        var deployment = _rollout.Deployment;
        var status = RolloutStatus.Of(_rollout);
        RolloutProgress.TellAvailable(_rollout, status, Conditions);
        if (EstimatesProgress)
        {
            RolloutProgress.TellProgress(_rollout, status, Conditions, _now);
        }

        if (MissingNumber() is not null
            || status != RolloutStatus.Of(deployment.Status)
            || !Conditions.All.SequenceEqual(_conditionsBefore))
        {
            await PatchStatusAsync(status, cancellation);
        }

        return RolloutProgress.NextLook(deployment, status, Conditions, _now);
    }

    private async Task<bool> CreateNewestAsync(CancellationToken cancellation)
    {
        var deployment = _rollout.Deployment;
        var size = deployment.Spec.Strategy.Type == "Recreate" ? _rollout.Replicas : RollingPlan.NewestSize(_rollout);
        var wanted = NewReplicaSet.Make(deployment, size, Revisions.Highest(_rollout.Old) + 1);
        try
        {
            var created = await CreateExpectedAsync(wanted, cancellation);
            TakeNewest(created);
            if (size > 0)
            {
                TellScaled("up", created, 0, size);
            }
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            await TakeExistingAsync(wanted["metadata"]!["name"]!.GetValue<string>(), cancellation);
        }
        catch (ApiStatusException e) when (e.IsNamespaceTerminating)
        {
            return false;
        }
        catch (ApiStatusException e) when (_rollout.Newest is null)
        {
            await TellCreationFailedAsync(wanted["metadata"]!["name"]!.GetValue<string>(), e, cancellation);
            throw;
        }

        return true;
    }

    /// <summary>
    /// Creates a replica set, and expects to see it: nothing is decided before, since its pods would not be counted if the template changed
    /// again meanwhile.
    /// </summary>
    private async Task<ReplicaSet> CreateExpectedAsync(JsonObject wanted, CancellationToken cancellation)
    {
        var deployment = _rollout.Deployment;
        var writes = new SureWrites(_context.Client, _context.Clock);
        _expectations.ExpectCreations(deployment.Key, 1);
        try
        {
            return await writes.CreateAsync(Resources.ReplicaSets, deployment.Metadata.Namespace, wanted, cancellation);
        }
        catch
        {
            _expectations.CreationSeen(deployment.Key);
            throw;
        }
    }

    private void TakeNewest(ReplicaSet created)
    {
        _writes.Note(created);
        _rollout.Newest = created;
        if (RolloutProgress.HasDeadline(_rollout.Deployment))
        {
            Conditions.Set(RolloutProgress.Progressing, "True", "NewReplicaSetCreated", $"Created new replica set \"{created.Metadata.Name}\"");
        }
    }

    /// <summary>
    /// The name of the new replica set is taken: by the very replica set, which the cache does not hold yet; or by another, and then the next
    /// one is tried under another name.
    /// </summary>
    private async Task TakeExistingAsync(string name, CancellationToken cancellation)
    {
        var deployment = _rollout.Deployment;
        var there = await _context.Client.FindAsync(Resources.ReplicaSets, deployment.Metadata.Namespace, name, cancellation);
        if (there is not null && there.Metadata.IsControlledBy(deployment.Metadata.Uid) && Rollout.IsOfTemplate(deployment, there))
        {
            _writes.Note(there);
            _rollout.Newest = there;
            return;
        }

        var collisions = new JsonObject { ["collisionCount"] = (deployment.Status.CollisionCount ?? 0) + 1 };
        _writes.Note(await _context.Client.PatchStatusAsync(Resources.Deployments, deployment, collisions, cancellation));
        throw new ApiStatusException(409, "AlreadyExists", $"the name of the new replica set \"{name}\" is taken by another");
    }

    private async Task TellCreationFailedAsync(string name, ApiStatusException failure, CancellationToken cancellation)
    {
        var message = $"Failed to create new replica set \"{name}\": {failure.Message}";
        _context.Events.Warning(
            Resources.Deployments, _rollout.Deployment, "ReplicaSetCreateError", message, DeploymentController.Component);
        if (RolloutProgress.HasDeadline(_rollout.Deployment))
        {
            Conditions.Set(RolloutProgress.Progressing, "False", "ReplicaSetCreateError", message);
            if (!Conditions.All.SequenceEqual(_conditionsBefore))
            {
                await PatchStatusAsync(RolloutStatus.Of(_rollout), cancellation);
            }
        }
    }

    /// <summary>The number of the newest replica set, if the deployment does not have it yet.</summary>
    private string? MissingNumber() =>
        _rollout.Newest?.Metadata.Annotations.GetValueOrDefault(Revisions.Revision) is { } number
        && _rollout.Deployment.Metadata.Annotations.GetValueOrDefault(Revisions.Revision) != number
            ? number
            : null;

    private async Task<ReplicaSet> PatchSetAsync(ReplicaSet set, JsonObject annotations, JsonObject spec, CancellationToken cancellation)
    {
        var metadata = Preconditions(set);
        metadata["annotations"] = annotations;
        var written = await _context.Client.PatchAsync(
            Resources.ReplicaSets,
            set.Metadata.Namespace,
            set.Metadata.Name,
            new JsonObject { ["metadata"] = metadata, ["spec"] = spec },
            PatchKind.Merge,
            "",
            cancellation);
        _writes.Note(written);
        _rollout.Replace(written);
        return written;
    }

    /// <summary>
    /// Writes the status, and the number of the roll-out with it: so a client that sees one sees both, and the number is no change of what
    /// is wanted.
    /// </summary>
    private async Task PatchStatusAsync(RolloutStatus status, CancellationToken cancellation)
    {
        var deployment = _rollout.Deployment;
        var metadata = Preconditions(deployment);
        if (MissingNumber() is { } number)
        {
            metadata["annotations"] = new JsonObject { [Revisions.Revision] = number };
        }

        var patch = new JsonObject { ["metadata"] = metadata, ["status"] = status.ToJson(Conditions.All) };
        _writes.Note(await _context.Client.PatchAsync(
            Resources.Deployments,
            deployment.Metadata.Namespace,
            deployment.Metadata.Name,
            patch,
            PatchKind.Merge,
            "status",
            cancellation));
    }

    private void TellScaled(string direction, ReplicaSet set, int before, int now) => _context.Events.Normal(
        Resources.Deployments,
        _rollout.Deployment,
        "ScalingReplicaSet",
        $"Scaled {direction} replica set {set.Metadata.Name} from {before} to {now}",
        DeploymentController.Component);

    private static JsonObject Preconditions(KubernetesObject value) =>
        new() { ["resourceVersion"] = value.Metadata.ResourceVersion, ["uid"] = value.Metadata.Uid };
}
