using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>
/// Kubernetes' own merge patch: objects merge field by field, lists as the type says. A patch may say more than values:
/// <c>$patch</c> (replace or delete an object or a list's item), <c>$retainKeys</c> (drop all other fields),
/// <c>$deleteFromPrimitiveList/f</c> (drop items of a set) and <c>$setElementOrder/f</c> (the order of a merged list).
/// </summary>
public static partial class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeleteFromList = "$deleteFromPrimitiveList/";
    private const string ElementOrder = "$setElementOrder/";

    /// <summary>Changes <paramref name="target"/> by a patch, which stays as it is. After an error the target is undefined.</summary>
    /// <exception cref="PatchException">A directive is wrong, or a list does not hold what its type says.</exception>
    public static void Apply(JsonObject target, JsonObject patch, StructType type)
    {
        if (patch.ContainsKey(Directive))
        {
            ApplyDirective(target, patch);
        }
        else
        {
            MergeFields(target, patch, SchemaType.Object(type));
        }
    }

    private static void MergeObject(JsonObject target, JsonObject patch, SchemaType? type)
    {
        if (patch.ContainsKey(Directive))
        {
            ApplyDirective(target, patch);
        }
        else
        {
            MergeFields(target, patch, type);
        }
    }

    private static void ApplyDirective(JsonObject target, JsonObject patch)
    {
        var directive = patch[Directive] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        target.Clear();
        switch (directive)
        {
            case "delete":
                break;
            case "replace":
                foreach (var (name, field) in patch)
                {
                    if (name != Directive && TryClean(field, out var clean))
                    {
                        target[name] = clean;
                    }
                }

                break;
            default:
                throw Malformed($"unknown patch type: {patch[Directive]?.ToJsonString() ?? "<nil>"} in map: {patch.ToJsonString()}");
        }
    }

    private static void MergeFields(JsonObject target, JsonObject patch, SchemaType? type)
    {
        KeepRetained(target, patch);
        HashSet<string>? ordered = null;
        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(ElementOrder, StringComparison.Ordinal))
            {
                var field = name[ElementOrder.Length..];
                MergeInOrder(target, patch, field, FieldOf(type, field), value);
                (ordered ??= new HashSet<string>(StringComparer.Ordinal)).Add(field);
            }
        }

        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(DeleteFromList, StringComparison.Ordinal))
            {
                RemoveFromSet(target, name[DeleteFromList.Length..], value);
            }
            else if (name != RetainKeys && !name.StartsWith(ElementOrder, StringComparison.Ordinal) && ordered?.Contains(name) != true)
            {
                MergeField(target, name, value, type);
            }
        }
    }

    private static void MergeField(JsonObject target, string name, JsonNode? value, SchemaType? type)
    {
        var field = FieldOf(type, name);
        var strategy = field?.PatchStrategy ?? PatchStrategy.None;
        switch (value, target[name])
        {
            case (null, _):
                target.Remove(name);
                break;
            case (JsonObject patch, JsonObject existing) when !strategy.HasFlag(PatchStrategy.Replace):
                MergeObject(existing, patch, TypeOf(type, field));
                break;
            case (JsonArray patch, JsonArray existing) when strategy.HasFlag(PatchStrategy.Merge):
                target[name] = MergeList(existing, patch, field!, order: null);
                break;
            default:
                if (TryClean(value, out var clean))
                {
                    target[name] = clean;
                }
                else
                {
                    target.Remove(name);
                }

                break;
        }
    }

    private static void KeepRetained(JsonObject target, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(RetainKeys, out var list))
        {
            return;
        }

        var retained = new HashSet<string>(StringComparer.Ordinal);
        foreach (var key in list as JsonArray ?? throw Malformed("invalid patch format of retainKeys"))
        {
            retained.Add(key is JsonValue value && value.TryGetValue<string>(out var text)
                ? text
                : throw Malformed("invalid patch format of retainKeys"));
        }

        if (patch.Any(f => f.Value is not null && f.Key[..Math.Min(1, f.Key.Length)] != "$" && !retained.Contains(f.Key)))
        {
            throw Malformed("invalid patch format of retainKeys");
        }

        foreach (var name in target.Select(f => f.Key).Where(k => !retained.Contains(k)).ToArray())
        {
            target.Remove(name);
        }
    }

    private static void RemoveFromSet(JsonObject target, string name, JsonNode? list)
    {
        if (list is not JsonArray items)
        {
            throw Malformed("invalid patch format of primitive list");
        }

        if (target[name] is JsonArray existing)
        {
            var gone = items.Select(JsonTree.ScalarKey).ToHashSet(StringComparer.Ordinal);
            existing.RemoveAll(i => JsonTree.ScalarKey(i) is { } key && gone.Contains(key));
        }
    }

    /// <summary>
    /// A value that has nothing to merge with: without nulls and directives. False if it is nothing at all, being an object that only
    /// says what should happen to another.
    /// </summary>
    private static bool TryClean(JsonNode? value, out JsonNode? clean)
    {
        clean = null;
        switch (value)
        {
            case JsonObject fields when fields.ContainsKey(Directive):
                return false;
            case JsonObject fields:
                var kept = new JsonObject();
                foreach (var (name, field) in fields)
                {
                    if (field is not null && !IsDirective(name) && TryClean(field, out var part))
                    {
                        kept[name] = part;
                    }
                }

                clean = kept;
                return true;
            case JsonArray items:
                var list = new JsonArray();
                foreach (var item in items)
                {
                    if (TryClean(item, out var part))
                    {
                        list.Add(part);
                    }
                }

                clean = list;
                return true;
            default:
                clean = value?.DeepClone();
                return true;
        }
    }

    private static bool IsDirective(string name) =>
        name == RetainKeys || name.StartsWith(ElementOrder, StringComparison.Ordinal)
            || name.StartsWith(DeleteFromList, StringComparison.Ordinal);

    private static Field? FieldOf(SchemaType? type, string name) => type?.Struct?.FindField(name);

    private static SchemaType? TypeOf(SchemaType? type, Field? field) =>
        field?.Type ?? (type?.Kind == ValueKind.Map ? type.Element : type?.Struct?.Additional);

    private static PatchException Malformed(string message) => new(PatchFault.Malformed, message);
}
