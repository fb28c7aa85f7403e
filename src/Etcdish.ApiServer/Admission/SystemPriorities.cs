using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Admission;

/// <summary>The two priority classes that every cluster has.</summary>
internal static class SystemPriorities
{
    private const int Highest = 2_000_000_000;
    private const int OfNodes = Highest + 1000;

    public static async Task EnsureAsync(ObjectWriter writer, ClusterObjects objects, CancellationToken cancellation)
    {
        await EnsureAsync(writer, objects, "system-cluster-critical", Highest,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.", cancellation);
        await EnsureAsync(writer, objects, "system-node-critical", OfNodes,
            "Used for system critical pods that must not be moved from their current node.", cancellation);
    }

    private static async Task EnsureAsync(
        ObjectWriter writer, ClusterObjects objects, string name, int value, string description, CancellationToken cancellation)
    {
        var type = objects.Type("scheduling.k8s.io", "v1", "priorityclasses");
        if (await objects.GetAsync(type, "", name, cancellation) is not null)
        {
            return;
        }

        var content = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["value"] = value,
            ["preemptionPolicy"] = "PreemptLowerPriority",
            ["description"] = description,
        };
        var own = new UpdatePart("", null) { Check = (_, _, _) => { } };
        try
        {
            await writer.CreateAsync(new WriteRequest(type, "", name) { Part = own }, content, cancellation);
        }
        catch (ApiException e) when (e.Code == 409)
        {
            // Another server on this store was faster.
        }
    }
}
