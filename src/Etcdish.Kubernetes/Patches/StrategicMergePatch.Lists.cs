using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>Lists that merge: by the key of their items, or as sets; and the order that comes out.</summary>
public static partial class StrategicMergePatch
{
    private static void MergeInOrder(JsonObject target, JsonObject patch, string name, Field? field, JsonNode? orderValue)
    {
        var order = orderValue as JsonArray ?? throw Malformed("invalid patch format of setElementOrder list");
        var existing = ListOrNone(target[name]);
        var changes = ListOrNone(patch[name]);
        CheckOrder(changes, order, field?.PatchMergeKey);
        if (existing is null && changes is null)
        {
            return;
        }

        if (field is null || !field.PatchStrategy.HasFlag(PatchStrategy.Merge))
        {
            MergeField(target, name, changes ?? existing, type: null);
            return;
        }

        target[name] = MergeList(existing ?? [], changes ?? [], field, order);
    }

    private static JsonArray? ListOrNone(JsonNode? node) =>
        node is null ? null : node as JsonArray ?? throw Malformed($"expected a list, but received {node.GetValueKind()}");

    /// <summary>The items of the patch must come in the order that the patch itself asks for.</summary>
    private static void CheckOrder(JsonArray? changes, JsonArray order, string? mergeKey)
    {
        if (changes is null || order.Count == 0)
        {
            return;
        }

        var place = 0;
        foreach (var item in changes)
        {
            if (item is JsonObject fields && fields.ContainsKey(Directive))
            {
                continue;
            }

            var key = KeyOf(item, mergeKey);
            while (place < order.Count && KeyOf(order[place], mergeKey) != key)
            {
                place++;
            }

            if (place++ == order.Count)
            {
                throw Malformed(
                    $"The order in patch list:\n{changes.ToJsonString()}\n doesn't match $setElementOrder list:\n{order.ToJsonString()}\n");
            }
        }
    }

    private static JsonArray MergeList(JsonArray existing, JsonArray changes, Field field, JsonArray? order)
    {
        var mergeKey = field.PatchMergeKey;
        if (CheckSameKind(existing, changes) != JsonValueKind.Object)
        {
            mergeKey = null;
        }
        else if (mergeKey is null)
        {
            throw Malformed($"cannot merge lists without merge key for {field.Name}");
        }

        var serverOrder = PlacesOf(existing, mergeKey);
        var merged = mergeKey is null ? UnionOfScalars(existing, changes) : MergeByKey(existing, changes, mergeKey, field.Type.Element);
        var wanted = PlacesOf(order ?? changes, mergeKey);
        return Interleave(merged, serverOrder, wanted, mergeKey);
    }

    private static List<JsonNode?> UnionOfScalars(JsonArray existing, JsonArray changes)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var union = existing.Concat(changes).Where(i => seen.Add(JsonTree.ScalarKey(i)!)).Select(i => i?.DeepClone()).ToList();
        return union;
    }

    private static List<JsonNode?> MergeByKey(JsonArray existing, JsonArray changes, string mergeKey, SchemaType? element)
    {
        var gone = new HashSet<string>(StringComparer.Ordinal);
        var isReplaced = false;
        var additions = new List<JsonObject>();
        foreach (var change in changes.Cast<JsonObject>())
        {
            switch (change[Directive]?.ToJsonString())
            {
                case null when !change.ContainsKey(Directive):
                    additions.Add(change);
                    break;
                case "\"delete\"":
                    gone.Add(KeyOf(change, mergeKey));
                    break;
                case "\"replace\"":
                    isReplaced = true;
                    break;
                case "\"merge\"":
                    throw Malformed("merging lists cannot yet be specified in the patch");
                case var other:
                    throw Malformed($"unknown patch type: {other ?? "<nil>"} in map: {change.ToJsonString()}");
            }
        }

        var merged = new List<JsonNode?>();
        if (!isReplaced)
        {
            merged.AddRange(existing.Where(i => !gone.Contains(KeyOf(i, mergeKey))));
            existing.Clear();
        }

        MergeItems(merged, additions, mergeKey, element);
        return merged;
    }

    private static void MergeItems(List<JsonNode?> merged, List<JsonObject> additions, string mergeKey, SchemaType? element)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < merged.Count; i++)
        {
            places.TryAdd(KeyOf(merged[i], mergeKey), i);
        }

        foreach (var addition in additions)
        {
            var key = KeyOf(addition, mergeKey);
            if (places.TryGetValue(key, out var place))
            {
                MergeObject((JsonObject)merged[place]!, addition, element);
            }
            else if (TryClean(addition, out var clean))
            {
                places.Add(key, merged.Count);
                merged.Add(clean);
            }
        }
    }

    /// <summary>
    /// Items the patch orders come in that order, the others in the order they had; where both lists know an item's place among the
    /// others, it decides, else ordered items come first.
    /// </summary>
    private static JsonArray Interleave(
        List<JsonNode?> merged, Dictionary<string, int> serverOrder, Dictionary<string, int> wanted, string? mergeKey)
    {
        var ordered = new List<(JsonNode? Item, string Key)>();
        var others = new List<(JsonNode? Item, string Key)>();
        foreach (var item in merged)
        {
            var key = KeyOf(item, mergeKey);
            (wanted.ContainsKey(key) ? ordered : others).Add((item, key));
        }

        ordered = [.. ordered.OrderBy(i => wanted[i.Key])];
        others = [.. others.OrderBy(i => serverOrder.GetValueOrDefault(i.Key, int.MaxValue))];
        var result = new JsonArray();
        int left = 0, right = 0;
        while (left < others.Count || right < ordered.Count)
        {
            var takeOther = right == ordered.Count
                || (left < others.Count
                    && serverOrder.TryGetValue(others[left].Key, out var l)
                    && serverOrder.TryGetValue(ordered[right].Key, out var r)
                    && l < r);
            result.Add(takeOther ? others[left++].Item : ordered[right++].Item);
        }

        return result;
    }

    private static Dictionary<string, int> PlacesOf(JsonArray items, string? mergeKey)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i] is not JsonObject fields || !fields.ContainsKey(Directive))
            {
                places.TryAdd(KeyOf(items[i], mergeKey), i);
            }
        }

        return places;
    }

    private static string KeyOf(JsonNode? item, string? mergeKey)
    {
        if (mergeKey is null)
        {
            return JsonTree.ScalarKey(item) ?? throw Malformed("list element types are not identical");
        }

        var fields = item as JsonObject ?? throw Malformed("list element types are not identical");
        return fields.TryGetPropertyValue(mergeKey, out var value) && JsonTree.ScalarKey(value) is { } key
            ? key
            : throw Malformed($"map: {fields.ToJsonString()} does not contain declared merge key: {mergeKey}");
    }

    private static JsonValueKind CheckSameKind(JsonArray existing, JsonArray changes)
    {
        JsonValueKind? kind = null;
        foreach (var item in existing.Concat(changes))
        {
            var found = item?.GetValueKind() ?? JsonValueKind.Null;
            found = found == JsonValueKind.False ? JsonValueKind.True : found;
            if (found == JsonValueKind.Array)
            {
                throw Malformed("lists of lists are not supported");
            }

            if (kind is not null && kind != found)
            {
                throw Malformed("list element types are not identical");
            }

            kind = found;
        }

        return kind ?? JsonValueKind.Null;
    }
}
