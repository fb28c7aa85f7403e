namespace Etcdish.Kubernetes;

/// <summary>What became of a field.</summary>
[Flags]
internal enum Change
{
    Added = 1,
    Modified = 2,
    Removed = 4,
}

/// <summary>Gathers what became of the fields of an object, each step once, and makes a set of each kind of change.</summary>
internal sealed class ChangeBuilder
{
    private Dictionary<PathElement, Change>? _changes;
    private Dictionary<PathElement, ChangeBuilder>? _children;
    private Change _kinds;

    /// <summary>Notes what became of the place behind a step.</summary>
    public void Add(PathElement element, Change change)
    {
        _changes ??= [];
        _changes[element] = _changes.GetValueOrDefault(element) | change;
        _kinds |= change;
    }

    /// <summary>What gathers changes behind a step.</summary>
    public ChangeBuilder Below(PathElement element)
    {
        if (!(_children ??= []).TryGetValue(element, out var child))
        {
            _children.Add(element, child = new ChangeBuilder());
        }

        return child;
    }

    /// <summary>The set of all that a change was noted of.</summary>
    public FieldSet Build(Change change)
    {
        var members = (_kinds & change) == 0 ? [] : MembersOf(change);
        var children = BuildChildren(change);
        return members.Length == 0 && children.Length == 0 ? FieldSet.Empty : new FieldSet(members, children);
    }

    private PathElement[] MembersOf(Change change)
    {
        var members = new List<PathElement>(_changes!.Count);
        foreach (var (element, changes) in _changes)
        {
            if ((changes & change) != 0)
            {
                members.Add(element);
            }
        }

        members.Sort();
        return [.. members];
    }

    private KeyValuePair<PathElement, FieldSet>[] BuildChildren(Change change)
    {
        List<KeyValuePair<PathElement, FieldSet>>? children = null;
        foreach (var (element, builder) in _children ?? [])
        {
            if (builder.Build(change) is { IsEmpty: false } below)
            {
                (children ??= []).Add(KeyValuePair.Create(element, below));
            }
        }

        children?.Sort(static (a, b) => a.Key.CompareTo(b.Key));
        return children is null ? [] : [.. children];
    }
}
