using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>What a pod and its containers ask for together, and what follows from that.</summary>
internal static class PodResources
{
    /// <summary>The resources that make a pod's quality of service.</summary>
    private static readonly string[] _qualityResources = ["cpu", "memory"];

    /// <summary>An amount that a container asks for or is limited to; null if it names none.</summary>
    public static Quantity? Amount(JsonObject? container, string what, string resource) =>
        container.Part("resources").Part(what)?[resource] is JsonValue value && Quantity.TryParse(value.ToString(), out var amount)
            ? amount
            : null;

    /// <summary>The amounts of a list of resources; what is no quantity is left out.</summary>
    public static IEnumerable<KeyValuePair<string, Quantity>> Read(JsonObject? amounts)
    {
        foreach (var (name, value) in amounts ?? [])
        {
            if (value is JsonValue text && Quantity.TryParse(text.ToString(), out var amount))
            {
                yield return KeyValuePair.Create(name, amount);
            }
        }
    }

    /// <summary>Adds up requests or limits as a node must hold them.</summary>
    /// <remarks>What is said for the pod as a whole takes the place of the sum of its containers.</remarks>
    /// <param name="pod">The pod.</param>
    /// <param name="what"><c>requests</c> or <c>limits</c>.</param>
    public static SortedDictionary<string, Quantity> Sum(JsonObject pod, string what)
    {
        var spec = pod.Part("spec");
        var total = SumOfContainers(spec, what);
        foreach (var (name, amount) in Read(spec.Part("resources").Part(what)))
        {
            total[name] = amount;
        }

        AddOverhead(total, spec, what);
        return total;
    }

    /// <summary>Adds up requests or limits of the containers.</summary>
    /// <remarks>
    /// Containers and sidecars run together; each other init container runs with the sidecars before it, so the larger of the two counts.
    /// </remarks>
    /// <param name="spec">The pod's spec.</param>
    /// <param name="what"><c>requests</c> or <c>limits</c>.</param>
    public static SortedDictionary<string, Quantity> SumOfContainers(JsonObject? spec, string what)
    {
        var total = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        var sidecars = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        var start = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in spec.Objects("containers"))
        {
            Add(total, Amounts(container, what));
        }

        foreach (var container in spec.Objects("initContainers"))
        {
            if (container.Text("restartPolicy") == "Always")
            {
                Add(total, Amounts(container, what));
                Add(sidecars, Amounts(container, what));
                Raise(start, sidecars);
                continue;
            }

            var together = new SortedDictionary<string, Quantity>(sidecars, StringComparer.Ordinal);
            Add(together, Amounts(container, what));
            Raise(start, together);
        }

        Raise(total, start);
        return total;
    }

    /// <summary>
    /// How the node treats the pod when resources are short: Guaranteed, Burstable or BestEffort. What is said for the pod as a whole
    /// decides, if anything is.
    /// </summary>
    public static string Quality(JsonObject? spec)
    {
        if (spec.Part("resources") is { } own && (own.Part("requests") ?? own.Part("limits")) is not null)
        {
            return Quality([new JsonObject { ["resources"] = own.DeepClone() }]);
        }

        return Quality(spec.Objects("initContainers").Concat(spec.Objects("containers")));
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

    private static IEnumerable<KeyValuePair<string, Quantity>> Amounts(JsonObject container, string what) =>
        Read(container.Part("resources").Part(what));

    /// <summary>What running the pod costs beside its containers; of limits, only where there is one.</summary>
    private static void AddOverhead(SortedDictionary<string, Quantity> total, JsonObject? spec, string what)
    {
        foreach (var (name, amount) in Read(spec.Part("overhead")))
        {
            if (what == "requests" || total.ContainsKey(name))
            {
                total[name] = total.GetValueOrDefault(name) + amount;
            }
        }
    }

    private static void Add(SortedDictionary<string, Quantity> total, IEnumerable<KeyValuePair<string, Quantity>> amounts)
    {
        foreach (var (name, amount) in amounts)
        {
            total[name] = total.GetValueOrDefault(name) + amount;
        }
    }

    private static void Raise(SortedDictionary<string, Quantity> total, IEnumerable<KeyValuePair<string, Quantity>> amounts)
    {
        foreach (var (name, amount) in amounts)
        {
            total[name] = total.TryGetValue(name, out var known) && known > amount ? known : amount;
        }
    }
}
