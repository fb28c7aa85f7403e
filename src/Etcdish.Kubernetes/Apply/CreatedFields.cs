using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>
/// What the creator of an object owns, straight in the notation of FieldsV1. It says what a comparison with nothing would
/// (<see cref="TreeComparison"/>), in one walk: creations are too many for set algebra.
/// </summary>
internal static class CreatedFields
{
    private const string Self = ".";

    /// <summary>The fields in the notation, or null if the object sets none.</summary>
    /// <param name="value">The new object.</param>
    /// <param name="type">Its type.</param>
    /// <param name="exclude">What the creator does not own, with all below it.</param>
    /// <param name="excludeMembers">What the creator does not own, whatever is below it.</param>
    /// <exception cref="ApplyException">An item of a list has no keys.</exception>
    public static JsonObject? Write(JsonObject value, SchemaType type, FieldSet exclude, FieldSet excludeMembers) =>
        WriteMap(value, type, wasThere: true, isMember: false, new Bounds(exclude, excludeMembers));

    /// <summary>The notation of one value, or null if nothing of it is owned.</summary>
    private static JsonObject? Visit(JsonNode? value, SchemaType type, bool wasThere, bool isExcluded, in Bounds bounds)
    {
        var isMember = !wasThere && !isExcluded;
        return TypeShape.Of(type, value) switch
        {
            ShapeKind.Map when value is JsonObject { Count: > 0 } map => WriteMap(map, type, wasThere, isMember, bounds),
            ShapeKind.List when value is JsonArray { Count: > 0 } list => WriteList(list, type, isMember, bounds),
            _ => !isExcluded && (!wasThere || value is not JsonObject { Count: 0 }) ? [] : null,
        };
    }

    private static JsonObject? WriteMap(JsonObject map, SchemaType type, bool wasThere, bool isMember, in Bounds bounds)
    {
        var fields = new List<KeyValuePair<string, JsonObject>>(map.Count);
        foreach (var (name, value) in map)
        {
            var element = bounds.AreEmpty ? null : PathElement.Field(name);
            if (element is not null && bounds.Trees.Contains(element))
            {
                continue;
            }

            // A struct that is no pointer is there even if JSON leaves it out: nobody comes to own it for being there.
            var isThere = wasThere && type.Struct?.FindField(name) is { IsPointer: false, Type.Kind: ValueKind.Struct };
            var isExcluded = element is not null && bounds.Members.Contains(element);
            if (Visit(value, TypeShape.TypeOf(type, name), isThere, isExcluded, bounds.Below(element)) is { } below)
            {
                fields.Add(KeyValuePair.Create(name, below));
            }
        }

        if (fields.Count == 0)
        {
            return isMember ? [] : null;
        }

        fields.Sort(static (a, b) => Utf8Order.Compare(a.Key, b.Key));
        var result = Begin(isMember);
        foreach (var (name, below) in fields)
        {
            result.Add("f:" + name, below);
        }

        return result;
    }

    private static JsonObject WriteList(JsonArray list, SchemaType type, bool isMember, in Bounds bounds)
    {
        var items = new List<KeyValuePair<PathElement, JsonNode?>>(list.Count);
        foreach (var item in list)
        {
            items.Add(KeyValuePair.Create(TypeShape.ElementOf(type, item), item));
        }

        items.Sort(static (a, b) => a.Key.CompareTo(b.Key));
        var result = Begin(isMember);
        for (var i = 0; i < items.Count; i++)
        {
            var (element, item) = items[i];
            if (i + 1 < items.Count && items[i + 1].Key.Equals(element))
            {
                // Items that stand in a list twice have no owners within.
                result[element.Text] = new JsonObject();
            }
            else if (!result.ContainsKey(element.Text))
            {
                result.Add(element.Text, Visit(item, type.Element!, wasThere: false, isExcluded: false, bounds.Below(element)));
            }
        }

        return result;
    }

    private static JsonObject Begin(bool isMember) => isMember ? new JsonObject { [Self] = new JsonObject() } : [];

    /// <summary>What is not owned, from some place in the object on.</summary>
    private readonly record struct Bounds(FieldSet Trees, FieldSet Members)
    {
        public bool AreEmpty => Trees.IsEmpty && Members.IsEmpty;

        public Bounds Below(PathElement? element) =>
            element is null || AreEmpty ? this : new Bounds(Trees.Below(element), Members.Below(element));
    }
}
