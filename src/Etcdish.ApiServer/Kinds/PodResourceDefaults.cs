using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>The defaults of resources that a pod names for all its containers together.</summary>
internal static class PodResourceDefaults
{
    private static readonly string[] _shared = ["cpu", "memory"];

    /// <summary>A pod with limits requests what its containers do, or else what it is limited to.</summary>
    public static void Apply(JsonObject spec)
    {
        if (spec.Part("resources") is not { } resources || resources.Part("limits") is not { Count: > 0 } limits)
        {
            return;
        }

        var requested = PodResources.SumOfContainers(spec, "requests");
        foreach (var resource in _shared)
        {
            if (requested.TryGetValue(resource, out var total))
            {
                resources.Ensure("requests").Default(resource, total.ToString());
            }
        }

        foreach (var (resource, amount) in limits)
        {
            if (amount is not null
                && (Array.IndexOf(_shared, resource) >= 0 || resource.StartsWith("hugepages-", StringComparison.Ordinal)))
            {
                resources.Ensure("requests").Default(resource, amount.DeepClone());
            }
        }
    }
}
