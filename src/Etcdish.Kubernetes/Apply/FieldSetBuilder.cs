namespace Etcdish.Kubernetes;

/// <summary>Gathers paths in any order.</summary>
internal sealed class FieldSetBuilder
{
    // Most places of an object are no part of most sets.
    private HashSet<PathElement>? _members;
    private Dictionary<PathElement, FieldSetBuilder>? _children;

    /// <summary>Puts the path that ends here into the set.</summary>
    public void Add(PathElement element) => (_members ??= []).Add(element);

    /// <summary>What gathers the paths behind a step.</summary>
    public FieldSetBuilder Below(PathElement element)
    {
        if (!(_children ??= []).TryGetValue(element, out var child))
        {
            _children.Add(element, child = new FieldSetBuilder());
        }

        return child;
    }

    public FieldSet Build()
    {
        PathElement[] members = _members is null ? [] : [.. _members];
        Array.Sort(members);
        var children = BuildChildren();
        return members.Length == 0 && children.Length == 0 ? FieldSet.Empty : new FieldSet(members, children);
    }

    private KeyValuePair<PathElement, FieldSet>[] BuildChildren()
    {
        if (_children is null)
        {
            return [];
        }

        var children = new List<KeyValuePair<PathElement, FieldSet>>(_children.Count);
        foreach (var (element, builder) in _children)
        {
            if (builder.Build() is { IsEmpty: false } below)
            {
                children.Add(KeyValuePair.Create(element, below));
            }
        }

        children.Sort(static (a, b) => a.Key.CompareTo(b.Key));
        return [.. children];
    }
}
