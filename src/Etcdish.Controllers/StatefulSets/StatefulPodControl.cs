using System.Text.Json.Nodes;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.StatefulSets;

/// <summary>Carries out the steps of a plan, expects to see what they do, and tells users by events of the set.</summary>
/// <param name="context">What all controllers share.</param>
internal sealed class StatefulPodControl(ControllerContext context)
{
    private const string Component = "statefulset-controller";
    private readonly SureWrites _writes = new(context.Client, context.Clock);

    /// <summary>What has been written and not been seen yet.</summary>
    public Expectations Expectations { get; } = new(context.Clock);

    /// <summary>What is known of claims.</summary>
    public Informer<PersistentVolumeClaim> Claims { get; } = context.Informers.Of(Resources.PersistentVolumeClaims);

    /// <summary>Whether a claim of the pod with a number is on its way out, so that a new pod cannot have it.</summary>
    public bool AreClaimsGoing(StatefulSet set, int ordinal)
    {
        foreach (var template in set.Spec.VolumeClaimTemplates)
        {
            if (Find(set, template, ordinal) is { } claim
                && (claim.Metadata.IsBeingDeleted
                    || (set.Spec.PersistentVolumeClaimRetentionPolicy.WhenScaled == "Delete"
                        && ClaimOwners.GoesWithFormerPod(claim.Metadata.OwnerReferences, StatefulIdentity.PodName(set, ordinal)))))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Carries out a step.</summary>
    /// <param name="set">The set.</param>
    /// <param name="step">The step.</param>
    /// <param name="template">What a new pod is made of.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    public Task ActAsync(StatefulSet set, StatefulStep step, PodTemplate template, CancellationToken cancellation) => step.Action switch
    {
        StatefulAction.Create => CreateAsync(set, step, template, cancellation),
        StatefulAction.Delete => DeleteAsync(set, step.Pod!, cancellation),
        StatefulAction.ProvideClaims => ProvideClaimsAsync(set, step.Ordinal, step.Pod, cancellation),
        StatefulAction.OwnClaims => OwnClaimsAsync(set, step.Ordinal, step.Pod!, cancellation),
        _ => LabelAsync(set, step.Ordinal, step.Pod!, cancellation),
    };

    private async Task CreateAsync(StatefulSet set, StatefulStep step, PodTemplate template, CancellationToken cancellation)
    {
        await ProvideClaimsAsync(set, step.Ordinal, null, cancellation);
        var pod = StatefulPods.Make(set, template, step.Revision, step.Ordinal);
        var name = StatefulIdentity.PodName(set, step.Ordinal);
        var isCreated = false;
        Expectations.ExpectCreations(set.Key, 1);
        try
        {
            await _writes.CreateAsync(Resources.Pods, set.Metadata.Namespace, pod, cancellation);
            isCreated = true;
            Tell(set, "Create", $"create Pod {name} in StatefulSet {set.Metadata.Name} successful", null);
        }
        catch (ApiStatusException e) when (!e.IsAlreadyExists && !e.IsNamespaceTerminating)
        {
            Tell(set, "Create", $"create Pod {name} in StatefulSet {set.Metadata.Name} failed", e);
            throw;
        }
        finally
        {
            if (!isCreated)
            {
                Expectations.CreationSeen(set.Key);
            }
        }
    }

    private async Task DeleteAsync(StatefulSet set, Pod pod, CancellationToken cancellation)
    {
        var isUnderWay = false;
        Expectations.ExpectDeletions(set.Key, [pod.Metadata.Uid]);
        try
        {
            isUnderWay = await _writes.DeleteAsync(Resources.Pods, pod, cancellation);
            if (isUnderWay)
            {
                Tell(set, "Delete", $"delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful", null);
            }
        }
        catch (ApiStatusException e)
        {
            Tell(set, "Delete", $"delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed", e);
            throw;
        }
        finally
        {
            if (!isUnderWay)
            {
                Expectations.DeletionSeen(set.Key, pod.Metadata.Uid);
            }
        }
    }

    private async Task LabelAsync(StatefulSet set, int ordinal, Pod pod, CancellationToken cancellation)
    {
        var labels = new JsonObject
        {
            [StatefulIdentity.PodNameLabel] = pod.Metadata.Name,
            [StatefulIdentity.PodIndexLabel] = $"{ordinal}",
        };
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid, ["labels"] = labels } };
        var (ns, name) = pod.Key;
        await context.Client.PatchAsync(Resources.Pods, ns, name, patch, PatchKind.Merge, "", cancellation);
        Tell(set, "Update", $"update Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful", null);
    }

    private async Task ProvideClaimsAsync(StatefulSet set, int ordinal, Pod? pod, CancellationToken cancellation)
    {
        foreach (var template in set.Spec.VolumeClaimTemplates)
        {
            if (Find(set, template, ordinal) is null)
            {
                await CreateClaimAsync(set, template, ordinal, cancellation);
            }
        }

        if (pod is not null)
        {
            await OwnClaimsAsync(set, ordinal, pod, cancellation);
        }
    }

    private async Task CreateClaimAsync(StatefulSet set, JsonObject template, int ordinal, CancellationToken cancellation)
    {
        var claim = StatefulPods.MakeClaim(set, template, ordinal);
        var name = StatefulIdentity.ClaimName(set, StatefulPods.TemplateName(template), ordinal);
        var pod = StatefulIdentity.PodName(set, ordinal);
        try
        {
            await context.Client.CreateAsync(Resources.PersistentVolumeClaims, set.Metadata.Namespace, claim, cancellation);
            Tell(set, "Create", $"create Claim {name} Pod {pod} in StatefulSet {set.Metadata.Name} success", null);
        }
        catch (ApiStatusException e) when (e.IsAlreadyExists)
        {
            // The cache lags, or somebody made it beforehand: it is the pod's by its name, whoever made it.
        }
        catch (ApiStatusException e) when (!e.IsNamespaceTerminating)
        {
            Tell(set, "Create", $"create Claim {name} for Pod {pod} in StatefulSet {set.Metadata.Name} failed", e);
            throw;
        }
    }

    private async Task OwnClaimsAsync(StatefulSet set, int ordinal, Pod pod, CancellationToken cancellation)
    {
        var index = ordinal - set.Spec.Ordinals.Start;
        var isWanted = index >= 0 && index < set.Spec.Replicas;
        foreach (var template in set.Spec.VolumeClaimTemplates)
        {
            if (Find(set, template, ordinal) is not { } claim)
            {
                continue;
            }

            if (ClaimOwners.Correct(claim.Metadata.OwnerReferences, set, pod, isWanted) is { } owners)
            {
                TellOfConflict(set, pod, claim);
                await OwnAsync(claim, owners, cancellation);
            }
        }
    }

    private async Task OwnAsync(PersistentVolumeClaim claim, List<OwnerReference> owners, CancellationToken cancellation)
    {
        var metadata = new JsonObject
        {
            ["uid"] = claim.Metadata.Uid,
            ["resourceVersion"] = claim.Metadata.ResourceVersion,
            ["ownerReferences"] = new JsonArray([.. owners.Select(ClaimOwners.ToJson)]),
        };
        await context.Client.PatchAsync(
            Resources.PersistentVolumeClaims,
            claim.Metadata.Namespace,
            claim.Metadata.Name,
            new JsonObject { ["metadata"] = metadata },
            PatchKind.Merge,
            "",
            cancellation);
    }

    private PersistentVolumeClaim? Find(StatefulSet set, JsonObject template, int ordinal) =>
        Claims.Find(set.Metadata.Namespace, StatefulIdentity.ClaimName(set, StatefulPods.TemplateName(template), ordinal));

    private void TellOfConflict(StatefulSet set, Pod pod, PersistentVolumeClaim claim)
    {
        if (ClaimOwners.HasForeignController(claim.Metadata.OwnerReferences, set, pod))
        {
            // The misspelling is Kubernetes'.
            context.Events.Warning(
                Resources.StatefulSets,
                set,
                "ConflictingController",
                $"PersistentVolumeClaim {claim.Metadata.Name} has a conflicting OwnerReference that acts as a manging controller, "
                    + "the retention policy is ignored for this claim",
                Component);
        }
    }

    private void Tell(StatefulSet set, string verb, string message, ApiStatusException? failure)
    {
        if (failure is null)
        {
            context.Events.Normal(Resources.StatefulSets, set, "Successful" + verb, message, Component);
        }
        else
        {
            context.Events.Warning(Resources.StatefulSets, set, "Failed" + verb, $"{message} error: {failure.Message}", Component);
        }
    }
}
