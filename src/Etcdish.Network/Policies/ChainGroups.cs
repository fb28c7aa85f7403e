namespace Etcdish.Network.Policies;

/// <summary>
/// Chains that lead to those of several policies and drop what none of these accepts. Pods with the same policies share one.
/// </summary>
internal sealed class ChainGroups(TableImage image)
{
    private readonly Dictionary<string, Group> _groups = [];
    private readonly HashSet<string> _unused = [];
    private long _lastNumber;

    /// <summary>The chain that leads to these; to be released.</summary>
    public string Acquire(string[] chains)
    {
        var key = string.Join(' ', chains);
        if (!_groups.TryGetValue(key, out var group))
        {
            _groups[key] = group = new Group($"g{++_lastNumber}");
            image.AddChain(group.Chain, "", [.. chains.Select(chain => $"jump {chain}"), "drop"]);
        }

        group.Uses++;
        return group.Chain;
    }

    /// <summary>Gives up the chain that leads to these; none: there is none.</summary>
    public void Release(string[] chains)
    {
        var key = string.Join(' ', chains);
        if (chains.Length > 0 && --_groups[key].Uses == 0)
        {
            _unused.Add(key);
        }
    }

    /// <summary>Removes chains that nobody uses.</summary>
    public void Sweep()
    {
        foreach (var key in _unused.Where(key => _groups[key].Uses == 0).Order(StringComparer.Ordinal))
        {
            image.DropChain(_groups[key].Chain);
            _groups.Remove(key);
        }

        _unused.Clear();
    }

    private sealed class Group(string chain)
    {
        public string Chain => chain;

        public int Uses { get; set; }
    }
}
