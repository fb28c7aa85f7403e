using System.Globalization;
using System.Text;

namespace Etcdish.Network.Policies;

/// <summary>
/// A table of the packet filter as it should be, and as the kernel has it: sets that change, and chains that are made, used and removed but
/// never changed. What differs is one transaction. Chains and sets that nothing leads to any more go in a second one: kernels refuse to
/// delete a chain in the transaction that takes the last map's element away which led to it.
/// </summary>
/// <param name="table">The table, with its family.</param>
internal sealed class TableImage(string table)
{
    private readonly List<ImageSet> _sets = [];
    private readonly Dictionary<string, ImageSet> _byName = [];
    private readonly List<ImageChain> _chains = [];
    private readonly List<string> _oldChains = [];
    private readonly List<string> _oldSets = [];
    private readonly HashSet<ImageSet> _touched = [];
    private bool _isKnown;

    /// <summary>Adds a set or map.</summary>
    public void AddSet(string name, string form, bool isMap = false)
    {
        var set = new ImageSet(name, form, isMap);
        _sets.Add(set);
        _byName.Add(name, set);
        _touched.Add(set);
    }

    /// <summary>Adds a chain; those it leads to must be there.</summary>
    public void AddChain(string name, string form, IEnumerable<string> lines) =>
        _chains.Add(new ImageChain(name, form, [.. lines]));

    /// <summary>Removes a set.</summary>
    public void DropSet(string name)
    {
        var set = _byName[name];
        _byName.Remove(name);
        _sets.Remove(set);
        _touched.Remove(set);
        if (set.IsKnown)
        {
            _oldSets.Add(name);
        }
    }

    /// <summary>Removes a chain.</summary>
    public void DropChain(string name)
    {
        var chain = _chains.Single(chain => chain.Name == name);
        _chains.Remove(chain);
        if (chain.IsKnown)
        {
            _oldChains.Add(name);
        }
    }

    /// <summary>Puts an element into a set.</summary>
    public void Put(string set, string owner, string element, string value = "") => Touch(set).Put(owner, element, value);

    /// <summary>Takes an element out of a set.</summary>
    public void Remove(string set, string owner, string element) => Touch(set).Remove(owner, element);

    /// <summary>The kernel may have anything: the next transaction makes the table anew.</summary>
    public void Forget() => _isKnown = false;

    /// <summary>
    /// The transaction that brings the kernel's table to this; then counts as carried out. Empty: there is nothing to do.
    /// </summary>
    public string TakeChanges()
    {
        var text = new StringBuilder();
        if (!_isKnown)
        {
            // Deleting what is not there would fail.
            text.Append(CultureInfo.InvariantCulture, $"add table {table}\ndelete table {table}\nadd table {table}\n");
            _sets.ForEach(set => set.IsKnown = false);
            _chains.ForEach(chain => chain.IsKnown = false);
            _touched.UnionWith(_sets);
            _oldChains.Clear();
            _oldSets.Clear();
        }

        WriteNew(text);
        WriteElements(text);
        _isKnown = true;
        return text.ToString();
    }

    /// <summary>The transaction that removes what is of no use since <see cref="TakeChanges"/>. Empty: there is nothing.</summary>
    public string TakeLeftovers()
    {
        var text = new StringBuilder();
        _oldChains.ForEach(chain => text.Append(CultureInfo.InvariantCulture, $"flush chain {table} {chain}\n"));
        _oldChains.ForEach(chain => text.Append(CultureInfo.InvariantCulture, $"delete chain {table} {chain}\n"));
        _oldSets.ForEach(set => text.Append(CultureInfo.InvariantCulture, $"delete set {table} {set}\n"));
        _oldChains.Clear();
        _oldSets.Clear();
        return text.ToString();
    }

    private void WriteNew(StringBuilder text)
    {
        foreach (var set in _sets.Where(set => !set.IsKnown))
        {
            text.Append("add ").AppendFormat(CultureInfo.InvariantCulture, set.Declaration, table).Append('\n');
        }

        foreach (var chain in _chains.Where(chain => !chain.IsKnown))
        {
            text.Append(CultureInfo.InvariantCulture, $"add chain {table} {chain.Name} {{ {chain.Form} }}\n");
            foreach (var line in chain.Lines)
            {
                text.Append(CultureInfo.InvariantCulture, $"add rule {table} {chain.Name} {line}\n");
            }

            chain.IsKnown = true;
        }
    }

    private void WriteElements(StringBuilder text)
    {
        var changes = _touched
            .OrderBy(set => set.Name, StringComparer.Ordinal)
            .Select(set => (set.Name, Changes: set.TakeChanges(!set.IsKnown)))
            .ToList();
        foreach (var (name, (gone, _)) in changes)
        {
            Write(text, "delete", name, gone);
        }

        foreach (var (name, (_, come)) in changes)
        {
            Write(text, "add", name, come);
        }

        foreach (var set in _touched)
        {
            set.IsKnown = true;
        }

        _touched.Clear();
    }

    private void Write(StringBuilder text, string verb, string set, List<string> elements)
    {
        if (elements.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{verb} element {table} {set} {{ ").AppendJoin(", ", elements).Append(" }\n");
        }
    }

    private ImageSet Touch(string set)
    {
        var found = _byName[set];
        _touched.Add(found);
        return found;
    }

    private sealed record ImageChain(string Name, string Form, string[] Lines)
    {
        public bool IsKnown { get; set; }
    }
}
