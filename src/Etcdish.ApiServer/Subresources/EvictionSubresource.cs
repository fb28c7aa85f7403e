using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Subresources;

/// <summary>Deletes a pod if its disruption budget lets it go: what drains use.</summary>
internal sealed class EvictionSubresource(
    ObjectReader reader, ObjectWriter writer, Deletion deletion, DisruptionBudgets budgets, MetadataRules metadata) : ISubresource
{
    private const int MaxTries = 20;

    private static readonly UpdatePart _mark = new("eviction", Mark) { Check = (_, _, _) => { } };

    public string Name => "eviction";

    public async Task HandleAsync(ApiRequest request)
    {
        if (request.Http.Request.Method != "POST")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var write = WriteOptions.Read(request.Http.Request.Query);
        var eviction = await SubresourceBody.ReadAsync(request, "policy/v1", "Eviction", write.Validation);
        SubresourceBody.CheckName(request, eviction, "Eviction");
        var options = DeleteOptions.Of(eviction.Part("deleteOptions") ?? [], request.Http.Request.Query);
        await EvictAsync(request.ToWrite(write with { IsDryRun = options.IsDryRun }), options, request.Cancellation);
        await SubresourceBody.SendCreatedAsync(request);
    }

    private async Task EvictAsync(WriteRequest request, DeleteOptions options, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var found = await reader.GetAsync(request.Type, request.Namespace, request.Name, null, cancellation);
            var pod = ApiJson.Parse(found.Value.Span);
            var (isGuarded, budget) = await ReviewAsync(request, pod, cancellation);
            var guarded = isGuarded && options.ResourceVersion is null
                ? options with { ResourceVersion = Revisions.Format(found.Revision) }
                : options;
            try
            {
                await DeleteAsync(request, guarded, cancellation);
                return;
            }
            catch (ApiException e) when (e.Code == 409 && !ReferenceEquals(guarded, options))
            {
                // The pod changed since it was looked at, and may have become one that its budget counts.
                if (budget is not null)
                {
                    throw DisruptionBudgets.StillProcessing(budget);
                }

                if (attempt == MaxTries)
                {
                    throw;
                }
            }
        }
    }

    /// <summary>Asks the budget, if the pod counts for one.</summary>
    /// <returns>Whether the pod may only go as it was seen, and the budget by which.</returns>
    private async Task<(bool IsGuarded, string? Budget)> ReviewAsync(WriteRequest request, JsonObject pod, CancellationToken cancellation)
    {
        if (pod.IsBeingDeleted() || pod.Part("status").Text("phase") is "Succeeded" or "Failed")
        {
            return (false, null);
        }

        if (pod.Part("status").Text("phase") == "Pending")
        {
            return (true, null);
        }

        var found = await budgets.FindAsync(pod, cancellation);
        if (found.Count > 1)
        {
            throw new ApiException(
                500, "", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }

        if (found.Count == 0)
        {
            return (false, null);
        }

        if (!Conditions.IsTrue(pod.Part("status"), "Ready") && AllowsUnready(found[0]))
        {
            return (true, found[0].Name());
        }

        await budgets.ChargeAsync(request.Namespace, found[0].Name(), request.Name, request.IsDryRun, cancellation);
        return (false, null);
    }

    /// <summary>An unready pod may go if its budget does not care, or has enough of the others.</summary>
    private static bool AllowsUnready(JsonObject budget)
    {
        var status = budget.Part("status");
        var desired = status.Number("desiredHealthy") ?? 0;
        return budget.Part("spec").Text("unhealthyPodEvictionPolicy") == "AlwaysAllow"
            || (desired > 0 && (status.Number("currentHealthy") ?? 0) >= desired);
    }

    /// <summary>Says in the pod why it goes, then deletes it.</summary>
    private async Task DeleteAsync(WriteRequest request, DeleteOptions options, CancellationToken cancellation)
    {
        if (!options.IsDryRun)
        {
            var marked = await writer.UpdateAsync(request with { Part = _mark }, pod => Disrupt(request, pod!, options), cancellation);
            if (options.ResourceVersion is not null)
            {
                options = options with { ResourceVersion = Revisions.Format(marked.Revision) };
            }
        }

        await deletion.DeleteAsync(request, options, cancellation);
    }

    private JsonObject Disrupt(WriteRequest request, JsonObject pod, DeleteOptions options)
    {
        Deletion.CheckPreconditions(
            request.Type, request.Name, pod, Revisions.Parse(pod.Part("metadata").Text("resourceVersion")), options);
        var condition = new JsonObject
        {
            ["type"] = "DisruptionTarget",
            ["status"] = "True",
            ["lastProbeTime"] = null,
            ["reason"] = "EvictionByEvictionAPI",
            ["message"] = "Eviction API: evicting",
        };
        Conditions.Set(pod.Ensure("status"), condition, metadata.Now());
        return pod;
    }

    private static void Mark(JsonObject result, JsonObject wanted) =>
        result.Ensure("status").CopyFrom(wanted.Part("status"), "conditions");
}
