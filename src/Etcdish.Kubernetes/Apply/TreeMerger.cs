using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>Puts an applied configuration over the live object: what it sets wins, the rest stays. Neither side is changed.</summary>
internal static class TreeMerger
{
    /// <exception cref="ApplyException">The configuration has two items of one key in a list.</exception>
    public static JsonObject Merge(JsonObject live, JsonObject config, SchemaType type) => MergeMaps(live, config, type);

    private static JsonNode? Merge(JsonNode? live, JsonNode? config, SchemaType type)
    {
        switch (TypeShape.Of(type, config))
        {
            case ShapeKind.Map when (live as JsonObject)?.Count > 0 || (config as JsonObject)?.Count > 0:
                return MergeMaps(live as JsonObject, config as JsonObject, type);
            case ShapeKind.List when (live as JsonArray)?.Count > 0 || (config as JsonArray)?.Count > 0:
                return MergeLists(live as JsonArray ?? [], config as JsonArray ?? [], type);
            default:
                return config?.DeepClone();
        }
    }

    private static JsonObject MergeMaps(JsonObject? live, JsonObject? config, SchemaType type)
    {
        var merged = new JsonObject();
        foreach (var (name, value) in live ?? [])
        {
            merged[name] = config is not null && config.TryGetPropertyValue(name, out var other)
                ? Merge(value, other, TypeShape.TypeOf(type, name))
                : value?.DeepClone();
        }

        foreach (var (name, value) in config ?? [])
        {
            if (!merged.ContainsKey(name))
            {
                merged[name] = Merge(null, value, TypeShape.TypeOf(type, name));
            }
        }

        return merged;
    }

    /// <summary>
    /// Items of the configuration keep its order, those only the live list has theirs. Where the two meet, at an item of both, live items
    /// before it come first; elsewhere live items stand before new ones.
    /// </summary>
    private static JsonArray MergeLists(JsonArray live, JsonArray config, SchemaType type)
    {
        var left = live.Select(i => (Element: TypeShape.ElementOf(type, i), Item: i)).ToArray();
        var right = IndexUnique(config, type);
        var unique = left.CountBy(l => l.Element).Where(c => c.Value == 1).Select(c => c.Key).ToHashSet();
        var leftItems = left.Where(l => unique.Contains(l.Element)).ToDictionary(l => l.Element, l => l.Item);
        var shared = new Queue<PathElement>(right.Order.Where(left.Select(l => l.Element).ToHashSet().Contains));
        var merged = new JsonArray();
        var next = 0;
        foreach (var (element, item) in left)
        {
            if (!right.Items.ContainsKey(element))
            {
                merged.Add(item?.DeepClone());
            }
            else if (shared.TryPeek(out var first) && first.Equals(element))
            {
                // What the configuration has before this item comes before it here too. Shared items out of turn wait for theirs.
                shared.Dequeue();
                TakeRight(right.Order.IndexOf(element, next) + 1);
            }
        }

        TakeRight(right.Order.Count);
        return merged;

        void TakeRight(int end)
        {
            for (; next < end; next++)
            {
                var element = right.Order[next];
                merged.Add(Merge(leftItems.GetValueOrDefault(element), right.Items[element], type.Element!));
            }
        }
    }

    private static (List<PathElement> Order, Dictionary<PathElement, JsonNode?> Items) IndexUnique(JsonArray config, SchemaType type)
    {
        var order = new List<PathElement>(config.Count);
        var items = new Dictionary<PathElement, JsonNode?>();
        foreach (var item in config)
        {
            var element = TypeShape.ElementOf(type, item);
            if (!items.TryAdd(element, item))
            {
                throw new ApplyException($"duplicate entries for key {element}");
            }

            order.Add(element);
        }

        return (order, items);
    }
}
