namespace Etcdish.Kubernetes;

/// <summary>Gathers paths in any order.</summary>
internal sealed class FieldSetBuilder
{
    private readonly HashSet<PathElement> _members = [];
    private readonly Dictionary<PathElement, FieldSetBuilder> _children = [];

    /// <summary>Puts the path that ends here into the set.</summary>
    public void Add(PathElement element) => _members.Add(element);

    /// <summary>What gathers the paths behind a step.</summary>
    public FieldSetBuilder Below(PathElement element)
    {
        if (!_children.TryGetValue(element, out var child))
        {
            _children.Add(element, child = new FieldSetBuilder());
        }

        return child;
    }

    public FieldSet Build()
    {
        var children = _children
            .Select(c => KeyValuePair.Create(c.Key, c.Value.Build()))
            .Where(c => !c.Value.IsEmpty)
            .OrderBy(c => c.Key);
        return new FieldSet([.. _members.Order()], [.. children]);
    }
}
