using System.Text;

namespace Etcdish.Kubernetes;

/// <summary>
/// A set of paths into an object: which fields somebody owns. Immutable. A path may be in the set itself (a member), lead to others that
/// are (a child), or both; members and children are each in order, so that the operations are merges of two sorted lists.
/// </summary>
internal sealed class FieldSet : IEquatable<FieldSet>
{
    public FieldSet(PathElement[] members, KeyValuePair<PathElement, FieldSet>[] children)
    {
        Members = members;
        Children = children;
    }

    public static FieldSet Empty { get; } = new([], []);

    public PathElement[] Members { get; }

    public KeyValuePair<PathElement, FieldSet>[] Children { get; }

    public bool IsEmpty => Members.Length == 0 && Children.Length == 0;

    public bool Contains(PathElement element) => Array.BinarySearch(Members, element) >= 0;

    /// <summary>The paths behind a step, without it.</summary>
    public FieldSet Below(PathElement element)
    {
        int low = 0, high = Children.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = Children[middle].Key.CompareTo(element);
            if (order == 0)
            {
                return Children[middle].Value;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return Empty;
    }

    /// <summary>Paths in either.</summary>
    public FieldSet Union(FieldSet other) => IsEmpty ? other : other.IsEmpty ? this
        : Combine(other, keepLeft: true, keepRight: true, static (a, b) => a.Union(b));

    /// <summary>Paths in both.</summary>
    public FieldSet Intersect(FieldSet other) => IsEmpty || other.IsEmpty ? Empty
        : Combine(other, keepLeft: false, keepRight: false, static (a, b) => a.Intersect(b), keepBoth: true);

    /// <summary>Paths in this and not in the other. A member of the other takes away itself and not what is below it.</summary>
    public FieldSet Except(FieldSet other) => IsEmpty || other.IsEmpty ? this
        : Combine(other, keepLeft: true, keepRight: false, static (a, b) => a.Except(b), keepBoth: false);

    /// <summary>Paths in this that neither are members of the other nor lie below one.</summary>
    public FieldSet ExceptTrees(FieldSet other)
    {
        if (IsEmpty || other.IsEmpty)
        {
            return this;
        }

        var members = Members.Where(m => !other.Contains(m)).ToArray();
        var children = Children
            .Where(c => !other.Contains(c.Key))
            .Select(c => KeyValuePair.Create(c.Key, c.Value.ExceptTrees(other.Below(c.Key))))
            .Where(c => !c.Value.IsEmpty);
        return new FieldSet(members, [.. children]);
    }

    /// <summary>
    /// The set with each named field that leads to a member as a member too. Fields with parts are not members as a rule, only items are;
    /// with them, it can be said that a field is gone because all that it held is.
    /// </summary>
    public FieldSet WithNamedFields(SchemaType type)
    {
        var named = Children.Select(c => c.Key).Where(e => e.FieldName is { } name && type.Struct?.FindField(name) is not null);
        var children = Children.Select(c => KeyValuePair.Create(c.Key, c.Value.WithNamedFields(TypeShape.TypeBelow(type, c.Key))));
        return new FieldSet([.. Members.Union(named).Order()], [.. children]);
    }

    /// <summary>Every member as a text such as <c>.spec.containers[name="a"].image</c>, in order.</summary>
    public IEnumerable<string> Paths()
    {
        var paths = new List<string>();
        Collect(new StringBuilder(), paths);
        return paths;
    }

    public bool Equals(FieldSet? other) =>
        other is not null && Members.AsSpan().SequenceEqual(other.Members) && Children.AsSpan().SequenceEqual(other.Children);

    public override bool Equals(object? obj) => Equals(obj as FieldSet);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        Array.ForEach(Members, m => hash.Add(m));
        Array.ForEach(Children, c => hash.Add(c));
        return hash.ToHashCode();
    }

    public override string ToString() => string.Join(' ', Paths());

    private FieldSet Combine(FieldSet other, bool keepLeft, bool keepRight, Func<FieldSet, FieldSet, FieldSet> both, bool keepBoth = true)
    {
        var members = CombineMembers(other, keepLeft, keepRight, keepBoth);
        var children = new List<KeyValuePair<PathElement, FieldSet>>(Children.Length);
        var (left, right) = (Children, other.Children);
        for (int l = 0, r = 0; l < left.Length || r < right.Length;)
        {
            var order = l == left.Length ? 1 : r == right.Length ? -1 : left[l].Key.CompareTo(right[r].Key);
            var value = order < 0 ? (keepLeft ? left[l].Value : Empty)
                : order > 0 ? (keepRight ? right[r].Value : Empty)
                : both(left[l].Value, right[r].Value);
            if (!value.IsEmpty)
            {
                children.Add(KeyValuePair.Create(order <= 0 ? left[l].Key : right[r].Key, value));
            }

            l += order <= 0 ? 1 : 0;
            r += order >= 0 ? 1 : 0;
        }

        return members.Length == 0 && children.Count == 0 ? Empty : new FieldSet(members, [.. children]);
    }

    private PathElement[] CombineMembers(FieldSet other, bool keepLeft, bool keepRight, bool keepBoth)
    {
        var (left, right) = (Members, other.Members);
        if (left.Length + right.Length == 0)
        {
            return [];
        }

        var members = new List<PathElement>(left.Length + (keepRight ? right.Length : 0));
        for (int l = 0, r = 0; l < left.Length || r < right.Length;)
        {
            var order = l == left.Length ? 1 : r == right.Length ? -1 : left[l].CompareTo(right[r]);
            if (order < 0 ? keepLeft : order > 0 ? keepRight : keepBoth)
            {
                members.Add(order <= 0 ? left[l] : right[r]);
            }

            l += order <= 0 ? 1 : 0;
            r += order >= 0 ? 1 : 0;
        }

        return [.. members];
    }

    private static void Zip<T>(T[] left, T[] right, Func<T, PathElement> keyOf, Action<T?, T?> visit)
    {
        int l = 0, r = 0;
        while (l < left.Length || r < right.Length)
        {
            var order = l == left.Length ? 1 : r == right.Length ? -1 : keyOf(left[l]).CompareTo(keyOf(right[r]));
            visit(order <= 0 ? left[l] : default, order >= 0 ? right[r] : default);
            l += order <= 0 ? 1 : 0;
            r += order >= 0 ? 1 : 0;
        }
    }

    private void Collect(StringBuilder prefix, List<string> paths)
    {
        Zip<(PathElement Element, FieldSet? Below)?>(
            [.. Members.Select(m => ((PathElement, FieldSet?)?)(m, null))],
            [.. Children.Select(c => ((PathElement, FieldSet?)?)(c.Key, c.Value))],
            e => e!.Value.Element,
            (member, child) =>
            {
                var length = prefix.Length;
                prefix.Append((member ?? child)!.Value.Element);
                if (member is not null)
                {
                    paths.Add(prefix.ToString());
                }

                child?.Below!.Collect(prefix, paths);
                prefix.Length = length;
            });
    }
}
