using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Subresources;

/// <summary>Asks disruption budgets whether a pod may go, and notes in them that it goes.</summary>
internal sealed class DisruptionBudgets(ObjectReader reader, ObjectWriter writer, MetadataRules metadata, ResourceDirectory resources)
{
    /// <summary>Evictions that nobody has confirmed yet: beyond this many, whoever confirms them must have stopped.</summary>
    private const int MaxUnconfirmed = 2000;

    private const string Violation = "Cannot evict pod as it would violate the pod's disruption budget.";

    private ResourceType Budgets => resources.Find("policy", "v1", "poddisruptionbudgets")!;

    /// <summary>The budgets that protect a pod.</summary>
    public async Task<List<JsonObject>> FindAsync(JsonObject pod, CancellationToken cancellation)
    {
        var page = await reader.ListAsync(Budgets, pod.Namespace(), new ListOptions(), cancellation);
        var labels = pod.Part("metadata").Part("labels");
        var result = new List<JsonObject>();
        foreach (var item in page.Items)
        {
            var budget = ApiJson.Parse(item.Value.Span);
            if (SelectorOf(budget) is { } selector && selector.Matches(labels))
            {
                result.Add(budget);
            }
        }

        return result;
    }

    /// <summary>Takes one disruption from a budget, for a pod.</summary>
    /// <exception cref="ApiException">The budget has none left, or is not up to date.</exception>
    public Task ChargeAsync(string scope, string budget, string pod, bool isDryRun, CancellationToken cancellation) => writer.UpdateAsync(
        new WriteRequest(Budgets, scope, budget) { Part = UpdatePart.Status, IsDryRun = isDryRun },
        stored =>
        {
            Take(stored!, pod);
            return stored!;
        },
        cancellation);

    /// <summary>What an eviction is told that must be tried again soon.</summary>
    public static ApiException StillProcessing(string budget) =>
        TooManyRequests($"The disruption budget {budget} is still being processed by the server.", retryAfterSeconds: 10);

    private void Take(JsonObject budget, string pod)
    {
        Check(budget);
        var status = budget.Ensure("status");
        var left = (status.Number("disruptionsAllowed") ?? 0) - 1;
        status["disruptionsAllowed"] = left;
        if (left == 0)
        {
            var condition = new JsonObject
            {
                ["type"] = "DisruptionAllowed",
                ["status"] = "False",
                ["observedGeneration"] = status.Number("observedGeneration") ?? 0,
                ["reason"] = "InsufficientPods",
                ["message"] = "",
            };
            Conditions.Set(status, condition, metadata.Now());
        }

        status.Ensure("disruptedPods")[pod] = metadata.Now();
    }

    private void Check(JsonObject budget)
    {
        var name = budget.Name();
        var status = budget.Part("status");
        if ((status.Number("observedGeneration") ?? 0) < (budget.Part("metadata").Number("generation") ?? 0))
        {
            throw StillProcessing(name);
        }

        var budgets = Budgets.Info with { Name = "poddisruptionbudget" };
        var allowed = status.Number("disruptionsAllowed") ?? 0;
        if (allowed < 0)
        {
            throw ApiErrors.Forbidden(budgets, name, "pdb disruptions allowed is negative");
        }

        if (status.Part("disruptedPods")?.Count > MaxUnconfirmed)
        {
            throw ApiErrors.Forbidden(
                budgets, name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
        }

        if (allowed == 0)
        {
            var (desired, current) = (status.Number("desiredHealthy") ?? 0, status.Number("currentHealthy") ?? 0);
            throw TooManyRequests($"The disruption budget {name} needs {desired} healthy pods and has {current} currently");
        }
    }

    private static LabelSelector? SelectorOf(JsonObject budget)
    {
        try
        {
            return LabelSelector.FromObject(budget.Part("spec").Part("selector"));
        }
        catch (SelectorException)
        {
            // What cannot be understood selects no pod.
            return null;
        }
    }

    private static ApiException TooManyRequests(string cause, int retryAfterSeconds = 0) => new(429, "TooManyRequests", Violation)
    {
        Causes = [new StatusCause("DisruptionBudget", cause, null)],
        RetryAfterSeconds = retryAfterSeconds,
    };
}
