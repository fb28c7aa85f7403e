namespace Etcdish.Network.Policies;

/// <summary>
/// What is in one set or map of a table. An element may have several owners: an address may be a new pod's before the end of the old one
/// is known. It stays while it has one; its value is that of the latest. Knows what has changed since the last transaction.
/// </summary>
internal sealed class ImageSet(string name, string form, bool isMap)
{
    private readonly Dictionary<string, List<(string Owner, string Value)>> _elements = [];
    private readonly Dictionary<string, string?> _before = [];

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>How it is declared.</summary>
    public string Declaration => $"{(isMap ? "map" : "set")} {{0}} {name} {{{{ {form} }}}}";

    /// <summary>Whether the kernel has it.</summary>
    public bool IsKnown { get; set; }

    /// <summary>Puts an element in.</summary>
    public void Put(string owner, string element, string value = "")
    {
        Note(element);
        if (!_elements.TryGetValue(element, out var owners))
        {
            _elements[element] = owners = [];
        }

        owners.RemoveAll(entry => entry.Owner == owner);
        owners.Add((owner, value));
    }

    /// <summary>Takes an element out, as far as it is this owner's.</summary>
    public void Remove(string owner, string element)
    {
        Note(element);
        if (_elements.TryGetValue(element, out var owners) && owners.RemoveAll(entry => entry.Owner == owner) > 0 && owners.Count == 0)
        {
            _elements.Remove(element);
        }
    }

    /// <summary>What the kernel must lose and get; then counts as known to it.</summary>
    /// <param name="all">Whether the kernel has nothing.</param>
    public (List<string> Gone, List<string> Come) TakeChanges(bool all)
    {
        List<string> gone = [], come = [];
        if (all)
        {
            come.AddRange(_elements.Keys.Select(Text));
        }

        foreach (var (element, before) in all ? [] : _before)
        {
            var now = ValueOf(element);
            if (before is not null && now != before)
            {
                gone.Add(element);
            }

            if (now is not null && now != before)
            {
                come.Add(Text(element));
            }
        }

        _before.Clear();
        gone.Sort(StringComparer.Ordinal);
        come.Sort(StringComparer.Ordinal);
        return (gone, come);
    }

    private void Note(string element) => _before.TryAdd(element, ValueOf(element));

    private string? ValueOf(string element) => _elements.TryGetValue(element, out var owners) ? owners[^1].Value : null;

    private string Text(string element) => isMap ? $"{element} : {ValueOf(element)}" : element;
}
