using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>What the containers of a pod ask for together, and what follows from that.</summary>
internal static class PodResources
{
    /// <summary>The resources that make a pod's quality of service.</summary>
    private static readonly string[] _qualityResources = ["cpu", "memory"];

    /// <summary>An amount that a container asks for or is limited to; null if it names none.</summary>
    public static Quantity? Amount(JsonObject? container, string what, string resource) =>
        container.Part("resources").Part(what)?[resource] is JsonValue value && Quantity.TryParse(value.ToString(), out var amount) ? amount : null;

    /// <summary>
    /// What the scheduler reserves for all containers: the sum of those that run together, or the most that one has while the pod
    /// starts. Null if none asks for the resource.
    /// </summary>
    public static Quantity? TotalRequest(JsonObject spec, string resource)
    {
        Quantity? running = null;
        foreach (var container in spec.Objects("containers"))
        {
            running = Add(running, Amount(container, "requests", resource));
        }

        Quantity? sidecars = null;
        Quantity? most = null;
        foreach (var container in spec.Objects("initContainers"))
        {
            var request = Amount(container, "requests", resource);
            if (container.Text("restartPolicy") == "Always")
            {
                running = Add(running, request);
                sidecars = Add(sidecars, request);
                most = Larger(most, sidecars);
            }
            else if (request is not null)
            {
                most = Larger(most, Add(sidecars, request));
            }
        }

        return Larger(running, most);
    }

    /// <summary>How the node treats the pod when resources are short.</summary>
    public static string Quality(JsonObject? spec)
    {
        if (spec.Part("resources") is { } own && (own.Part("requests") ?? own.Part("limits")) is not null)
        {
            return Quality([new JsonObject { ["resources"] = own.DeepClone() }]);
        }

        return Quality(spec is null ? [] : spec.Objects("initContainers").Concat(spec.Objects("containers")));
    }

    private static string Quality(IEnumerable<JsonObject> containers)
    {
        var isGuaranteed = true;
        var isBestEffort = true;
        foreach (var container in containers)
        {
            foreach (var resource in _qualityResources)
            {
                var limit = Amount(container, "limits", resource) ?? default;
                var request = Amount(container, "requests", resource) ?? default;
                isBestEffort &= limit.IsZero && request.IsZero;
                isGuaranteed &= !limit.IsZero && limit == request;
            }
        }

        return isBestEffort ? "BestEffort" : isGuaranteed ? "Guaranteed" : "Burstable";
    }

    private static Quantity? Add(Quantity? left, Quantity? right) => left is { } a && right is { } b ? a + b : left ?? right;

    private static Quantity? Larger(Quantity? left, Quantity? right) => left is { } a && right is { } b ? a > b ? a : b : left ?? right;
}
