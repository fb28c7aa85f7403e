using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Policy;

/// <summary>Counts the pods of disruption budgets, and says how many may be evicted. Who evicts, takes from that (the API server does).</summary>
internal sealed class DisruptionController : Controller
{
    private const string Component = "controllermanager";
    private readonly Informer<PodDisruptionBudget> _budgets;
    private readonly Index<PodDisruptionBudget> _budgetsByNamespace;
    private readonly Informer<ReplicaSet> _replicaSets;
    private readonly Index<Pod> _podsByNamespace;
    private readonly Scales _scales;

    /// <summary>Makes one.</summary>
    public DisruptionController(ControllerContext context)
        : base("disruption", context)
    {
        _budgets = context.Informers.Of(Resources.DisruptionBudgets);
        _budgetsByNamespace = _budgets.AddIndex(budget => [budget.Metadata.Namespace]);
        _replicaSets = context.Informers.Of(Resources.ReplicaSets);
        var pods = context.Informers.Of(Resources.Pods);
        _podsByNamespace = pods.AddIndex(pod => [pod.Metadata.Namespace]);
        _scales = new Scales(context.Client);
        _budgets.Subscribe((before, now) => Queue.Add((now ?? before!).Key));
        pods.Subscribe((before, now) =>
        {
            EnqueueMatching(before);
            EnqueueMatching(now);
        });
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_budgets.Find(key) is not { } budget)
        {
            return;
        }

        var pods = _podsByNamespace[key.Namespace].Where(pod => budget.Spec.Selector.Matches(pod.Metadata.Labels)).ToArray();
        var (scale, unmanaged, problem) = BudgetCount.NeedsScale(budget.Spec) ? await ScaleAsync(pods, cancellation) : (0, false, null);
        if (problem is not null)
        {
            Context.Events.Warning(
                Resources.DisruptionBudgets, budget, "CalculateExpectedPodCountFailed",
                $"Failed to calculate the number of expected pods: {problem}", Component);
            await FailAsync(budget, problem, cancellation);
            return;
        }

        var now = Context.Clock.GetUtcNow();
        var count = BudgetCount.Of(budget, pods, scale, now);
        if (count.StatusFor(budget, now) is { } status)
        {
            Tell(budget, pods.Length, unmanaged);
            await Context.Client.PatchStatusAsync(Resources.DisruptionBudgets, budget, status, cancellation);
        }

        if (count.Recheck is { } recheck)
        {
            Queue.AddAfter(key, recheck - now);
        }
    }

    /// <summary>How many pods the owners of these want, whether some have none, and what went wrong.</summary>
    private async Task<(int Scale, bool AreUnmanaged, string? Problem)> ScaleAsync(Pod[] pods, CancellationToken cancellation)
    {
        var byUid = new Dictionary<string, int>();
        var areUnmanaged = false;
        foreach (var pod in pods)
        {
            if (pod.Metadata.Controller is not { } owner)
            {
                areUnmanaged = true;
                continue;
            }

            // A deployment's pods belong to it, by whichever of its replica sets.
            if (owner.Kind == "ReplicaSet" && _replicaSets.Find(pod.Metadata.Namespace, owner.Name)?.Metadata.Controller is { Kind: "Deployment" } above)
            {
                owner = above;
            }

            if (!byUid.ContainsKey(owner.Uid))
            {
                if (await ScaleOfAsync(pod.Metadata.Namespace, owner, cancellation) is not { } replicas)
                {
                    return (0, areUnmanaged, $"found no controllers for pod \"{pod.Metadata.Name}\"");
                }

                byUid[owner.Uid] = replicas;
            }
        }

        return (byUid.Values.Sum(), areUnmanaged, null);
    }

    private async Task<int?> ScaleOfAsync(string ns, OwnerReference owner, CancellationToken cancellation)
    {
        if (await _scales.FindResourceAsync(owner.ApiVersion, owner.Kind, cancellation) is not { } resource)
        {
            return null;
        }

        try
        {
            var scale = await _scales.GetAsync(resource, ns, owner.Name, cancellation);
            return scale.Uid == owner.Uid ? scale.Replicas : null;
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Allows nothing, since nothing is known.</summary>
    private async Task FailAsync(PodDisruptionBudget budget, string problem, CancellationToken cancellation)
    {
        var known = Array.Find(budget.Status.Conditions, c => c.Type == BudgetConditions.Type);
        if (budget.Status.DisruptionsAllowed == 0 && known is { Status: "False", Reason: "SyncFailed" } && known.Message == problem)
        {
            return;
        }

        var status = new JsonObject
        {
            ["disruptionsAllowed"] = 0,
            ["conditions"] = BudgetConditions.With(
                budget.Status.Conditions, "False", "SyncFailed", problem, budget.Status.ObservedGeneration, Context.Clock.GetUtcNow()),
        };
        await Context.Client.PatchStatusAsync(Resources.DisruptionBudgets, budget, status, cancellation);
    }

    private void Tell(PodDisruptionBudget budget, int pods, bool areUnmanaged)
    {
        if (pods == 0)
        {
            Context.Events.Normal(Resources.DisruptionBudgets, budget, "NoPods", "No matching pods found", Component);
        }

        if (areUnmanaged)
        {
            Context.Events.Warning(
                Resources.DisruptionBudgets, budget, "UnmanagedPods",
                $"Pods selected by this PodDisruptionBudget (selector: {budget.Spec.Selector}) were found to be unmanaged. As a result, the status "
                + "of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set "
                + "\".spec.minAvailable\" field of the PDB to an integer value.",
                Component);
        }
    }

    private void EnqueueMatching(Pod? pod)
    {
        if (pod is null)
        {
            return;
        }

        foreach (var budget in _budgetsByNamespace[pod.Metadata.Namespace])
        {
            if (budget.Spec.Selector.Matches(pod.Metadata.Labels))
            {
                Queue.Add(budget.Key);
            }
        }
    }
}
