using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Subresources;

/// <summary>What a pod asks for, all its containers together.</summary>
internal static class PodResources
{
    private static readonly string[] _classifying = ["cpu", "memory"];

    /// <summary>Adds up requests or limits as a node must hold them.</summary>
    /// <remarks>
    /// Containers and sidecars run together; each other init container runs with the sidecars before it, so the larger of the two counts.
    /// What is said for the pod as a whole takes the place of the sum.
    /// </remarks>
    /// <param name="pod">The pod.</param>
    /// <param name="what"><c>requests</c> or <c>limits</c>.</param>
    public static SortedDictionary<string, Quantity> Sum(JsonObject pod, string what)
    {
        var spec = pod.Part("spec");
        var total = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        var sidecars = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        var start = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var container in Containers(spec, "containers"))
        {
            Add(total, Amounts(container, what));
        }

        foreach (var container in Containers(spec, "initContainers"))
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
        foreach (var (name, amount) in Read(spec.Part("resources").Part(what)))
        {
            total[name] = amount;
        }

        AddOverhead(total, spec, what);
        return total;
    }

    /// <summary>Guaranteed, Burstable or BestEffort.</summary>
    public static string QualityOf(JsonObject pod)
    {
        var spec = pod.Part("spec");
        var isBestEffort = true;
        var isGuaranteed = true;
        foreach (var container in Containers(spec, "containers").Concat(Containers(spec, "initContainers")))
        {
            foreach (var name in _classifying)
            {
                var limit = Amount(container, "limits", name);
                var request = Amount(container, "requests", name);
                isBestEffort &= limit.IsZero && request.IsZero;
                isGuaranteed &= !limit.IsZero && limit == request;
            }
        }

        return isBestEffort ? "BestEffort" : isGuaranteed ? "Guaranteed" : "Burstable";
    }

    public static IEnumerable<JsonObject> Containers(JsonObject? spec, string list) => spec.Items(list).OfType<JsonObject>();

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

    private static IEnumerable<KeyValuePair<string, Quantity>> Amounts(JsonObject container, string what) =>
        Read(container.Part("resources").Part(what));

    private static Quantity Amount(JsonObject container, string what, string name) =>
        Quantity.TryParse(container.Part("resources").Part(what).Text(name), out var amount) ? amount : default;

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
