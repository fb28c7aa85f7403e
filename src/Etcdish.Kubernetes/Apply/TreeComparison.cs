using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>What became of an object's fields from one version of it to the next.</summary>
internal sealed class TreeComparison
{
    private const string Metadata = "metadata";

    // Nobody owns it, and it is the largest part of many an object.
    private const string ListOfOwners = "managedFields";
    private static readonly JsonObject _emptyStruct = [];

    private TreeComparison(FieldSet added, FieldSet modified, FieldSet removed)
    {
        Added = added;
        Modified = modified;
        Removed = removed;
    }

    public FieldSet Added { get; }

    public FieldSet Modified { get; }

    public FieldSet Removed { get; }

    /// <param name="before">The object as it was.</param>
    /// <param name="after">The object as it is.</param>
    /// <param name="type">Its type.</param>
    /// <param name="onlyField">The only field that needs to be compared; null: all.</param>
    public static TreeComparison Compare(JsonObject before, JsonObject after, SchemaType type, string? onlyField = null)
    {
        var result = new ChangeBuilder();
        if (onlyField is not null)
        {
            CompareField(onlyField, before, after, type, result);
        }
        else if (before[Metadata] is JsonObject left && after[Metadata] is JsonObject right)
        {
            CompareMaps(before, after, type, result, skip: Metadata);
            CompareMaps(left, right, TypeShape.TypeOf(type, Metadata), result.Below(PathElement.Field(Metadata)), skip: ListOfOwners);
        }
        else
        {
            CompareMaps(before, after, type, result);
        }

        return new TreeComparison(result.Build(Change.Added), result.Build(Change.Modified), result.Build(Change.Removed));
    }

    /// <summary>The comparison without some fields and all below them.</summary>
    public TreeComparison Without(FieldSet fields) =>
        fields.IsEmpty ? this : new TreeComparison(Added.ExceptTrees(fields), Modified.ExceptTrees(fields), Removed.ExceptTrees(fields));

    private static void Compare(in Slot before, in Slot after, SchemaType type, ChangeBuilder parent, PathElement element)
    {
        var shapeBefore = before.Exists ? TypeShape.Of(type, before.Value) : default(ShapeKind?);
        var shapeAfter = after.Exists ? TypeShape.Of(type, after.Value) : default(ShapeKind?);
        if (shapeBefore is { } first && shapeAfter is not null && first != shapeAfter)
        {
            CompareAs(first, before, after, type, parent, element);
        }

        var isLeaf = CompareAs(shapeAfter ?? shapeBefore!.Value, before, after, type, parent, element);
        if (!isLeaf && !before.Exists)
        {
            parent.Add(element, Change.Added);
        }
        else if (!isLeaf && !after.Exists)
        {
            parent.Add(element, Change.Removed);
        }
    }

    /// <summary>Returns whether the value was compared as a whole.</summary>
    private static bool CompareAs(ShapeKind shape, in Slot before, in Slot after, SchemaType type, ChangeBuilder parent, PathElement element)
    {
        if (shape == ShapeKind.Map && !(before.IsEmptyMap && after.IsEmptyMap))
        {
            CompareMaps(before.Value as JsonObject, after.Value as JsonObject, type, parent.Below(element));
            return false;
        }

        if (shape == ShapeKind.List && !(before.IsEmptyList && after.IsEmptyList))
        {
            CompareLists(before.Value as JsonArray, after.Value as JsonArray, type, parent.Below(element));
            return false;
        }

        if (!before.Exists)
        {
            parent.Add(element, Change.Added);
        }
        else if (!after.Exists)
        {
            parent.Add(element, Change.Removed);
        }
        else if (!JsonNode.DeepEquals(before.Value, after.Value))
        {
            parent.Add(element, Change.Modified);
        }

        return true;
    }

    private static void CompareField(string name, JsonObject before, JsonObject after, SchemaType type, ChangeBuilder builders)
    {
        var left = before.TryGetPropertyValue(name, out var old) ? new Slot(true, old) : Absent(before, type, name);
        var right = after.TryGetPropertyValue(name, out var now) ? new Slot(true, now) : Absent(after, type, name);
        if ((left.Exists || right.Exists) && !(left.Exists && right.Exists && JsonNode.DeepEquals(left.Value, right.Value)))
        {
            Compare(left, right, TypeShape.TypeOf(type, name), builders, PathElement.Field(name));
        }
    }

    private static void CompareMaps(JsonObject? before, JsonObject? after, SchemaType type, ChangeBuilder builders, string? skip = null)
    {
        foreach (var (name, value) in before ?? [])
        {
            if (name == skip)
            {
                continue;
            }

            var other = after is not null && after.TryGetPropertyValue(name, out var found) ? new Slot(true, found)
                : Absent(after, type, name);
            if (other.Exists && JsonNode.DeepEquals(value, other.Value))
            {
                // Nearly all of an object is as it was.
                continue;
            }

            Compare(new Slot(true, value), other, TypeShape.TypeOf(type, name), builders, PathElement.Field(name));
        }

        foreach (var (name, value) in after ?? [])
        {
            if (name != skip && (before is null || !before.ContainsKey(name)))
            {
                Compare(Absent(before, type, name), new Slot(true, value), TypeShape.TypeOf(type, name), builders, PathElement.Field(name));
            }
        }
    }

    /// <summary>A struct that is no pointer is there even if JSON leaves it out: nobody comes to own it for being there.</summary>
    private static Slot Absent(JsonObject? parent, SchemaType type, string name) =>
        parent is not null && type.Struct?.FindField(name) is { IsPointer: false, Type.Kind: ValueKind.Struct }
            ? new Slot(true, _emptyStruct)
            : default;

    private static void CompareLists(JsonArray? before, JsonArray? after, SchemaType type, ChangeBuilder builders)
    {
        var left = Index(before, type);
        var right = Index(after, type);
        foreach (var element in left.Keys.Union(right.Keys))
        {
            CompareItems(left.GetValueOrDefault(element, []), right.GetValueOrDefault(element, []), type, builders, element);
        }
    }

    /// <summary>Items that stand in a list twice have no owners within: they are compared as one.</summary>
    private static void CompareItems(List<JsonNode?> before, List<JsonNode?> after, SchemaType type, ChangeBuilder builders,
        PathElement element)
    {
        var left = before.Count == 1 ? new Slot(true, before[0]) : default;
        var right = after.Count == 1 ? new Slot(true, after[0]) : default;
        if (before.Count > 1 && after.Count > 1)
        {
            if (before.Count != after.Count || !before.Zip(after).All(p => JsonNode.DeepEquals(p.First, p.Second)))
            {
                builders.Add(element, Change.Modified);
            }

            return;
        }

        if (left.Exists || right.Exists)
        {
            Compare(left, right, type.Element!, builders, element);
        }

        if (before.Count > 1)
        {
            builders.Add(element, Change.Removed);
        }
        else if (after.Count > 1)
        {
            builders.Add(element, Change.Added);
        }
    }

    private static Dictionary<PathElement, List<JsonNode?>> Index(JsonArray? items, SchemaType type)
    {
        var index = new Dictionary<PathElement, List<JsonNode?>>();
        foreach (var item in items ?? [])
        {
            var element = TypeShape.ElementOf(type, item);
            if (!index.TryGetValue(element, out var list))
            {
                index.Add(element, list = []);
            }

            list.Add(item);
        }

        return index;
    }

    /// <summary>A value that may be missing, which is not the same as null.</summary>
    private readonly record struct Slot(bool Exists, JsonNode? Value)
    {
        public bool IsEmptyMap => Value is null or not JsonObject or JsonObject { Count: 0 };

        public bool IsEmptyList => Value is null or not JsonArray or JsonArray { Count: 0 };
    }
}
