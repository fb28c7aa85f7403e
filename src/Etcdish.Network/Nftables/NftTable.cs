namespace Etcdish.Network.Nftables;

/// <summary>
/// A table as it should be, and as the kernel has it: so a transaction holds what is different between the two, and nothing else.
/// </summary>
/// <remarks>
/// <para>Within a transaction, sets and chains are there before rules name them, and rules before elements lead to their chains.</para>
/// <para>Chains and sets that nobody wants any more are emptied at once and deleted by the transaction after: not every kernel deletes a
/// chain in the transaction that removes the last element which leads to it.</para>
/// <para>When a transaction fails the kernel has nothing of it, and this has: <see cref="WriteAnew"/> is then the way on.</para>
/// </remarks>
internal sealed class NftTable
{
    private readonly string _name;
    private readonly NftRules _base;
    private readonly Dictionary<string, NftRules> _owners = [];
    private readonly Dictionary<string, NftChain> _chains = [];
    private readonly Dictionary<string, NftSet> _sets = [];
    private readonly Dictionary<string, NftClaim> _claims = [];

    private readonly Dictionary<string, NftChain> _chainsThere = [];
    private readonly Dictionary<string, NftSet> _setsThere = [];
    private readonly Dictionary<string, NftElement[]> _elementsThere = [];

    private readonly List<string> _touchedChains = [];
    private readonly List<string> _touchedSets = [];
    private readonly List<string> _touchedPlaces = [];
    private readonly SortedSet<string> _staleChains = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _staleSets = new(StringComparer.Ordinal);

    /// <summary>Makes one; nothing of it is in the kernel yet.</summary>
    /// <param name="name">Family and name, such as <c>ip kube-proxy</c>.</param>
    /// <param name="frame">What is in it always. Its chains must be in an order in which each names only those before it.</param>
    public NftTable(string name, NftRules frame)
    {
        _name = name;
        _base = frame;
    }

    /// <summary>Whether there are emptied chains or sets that the next transaction will delete.</summary>
    public bool HasStale => _staleChains.Count + _staleSets.Count > 0;

    /// <summary>How many chains there are besides those of the frame.</summary>
    public int ChainCount => _chains.Count;

    /// <summary>Says what an owner wants; what it wanted before goes.</summary>
    public void Set(string owner, NftRules rules)
    {
        var before = _owners.GetValueOrDefault(owner, NftRules.None);
        foreach (var chain in before.Chains)
        {
            _chains.Remove(chain.Name);
            _touchedChains.Add(chain.Name);
        }

        foreach (var set in before.Sets)
        {
            _sets.Remove(set.Name);
            _touchedSets.Add(set.Name);
        }

        foreach (var element in before.Elements)
        {
            Unclaim(element.Place, owner);
        }

        Add(owner, rules);
    }

    /// <summary>Writes the commands that bring the kernel from what it has to what is wanted; nothing if it has that.</summary>
    public void WriteChanges(NftScript script)
    {
        List<string> staleChains = [.. _staleChains], staleSets = [.. _staleSets];
        WriteSets(script);
        var filled = WriteChains(script);
        WriteElements(script, out var added);
        filled.ForEach(chain => script.AddRules(_name, chain));
        script.AddElements(_name, added);
        WriteDeletions(script, staleChains, staleSets);
        Forget();
    }

    /// <summary>Writes the commands that make the table anew, whatever is there now. No packet finds it missing.</summary>
    public void WriteAnew(NftScript script)
    {
        script.ReplaceTable(_name);
        _chainsThere.Clear();
        _setsThere.Clear();
        _elementsThere.Clear();
        _staleChains.Clear();
        _staleSets.Clear();
        WriteAll(script, mayBeThere: false);
    }

    /// <summary>
    /// Writes the commands that set right whatever others changed in what is wanted. What the kernel itself adds to sets, such as which
    /// client stays with which endpoint, remains.
    /// </summary>
    public void WriteAgain(NftScript script)
    {
        WriteChanges(script);
        WriteAll(script, mayBeThere: true);
    }

    private void WriteAll(NftScript script, bool mayBeThere)
    {
        foreach (var chain in _base.Chains.Concat(_chains.Values))
        {
            script.AddChain(_name, chain);
            if (mayBeThere)
            {
                script.FlushChain(_name, chain.Name);
            }

            _chainsThere[chain.Name] = chain;
        }

        foreach (var set in _base.Sets)
        {
            if (mayBeThere)
            {
                // Anew rather than emptied: nft 1.0.6 cannot add a rule that names a map of fields of packets which was there before.
                script.DeleteSet(_name, set);
            }

            script.AddSet(_name, set);
        }

        foreach (var set in _sets.Values)
        {
            script.AddSet(_name, set);
            _setsThere[set.Name] = set;
        }

        foreach (var chain in _base.Chains.Concat(_chains.Values))
        {
            script.AddRules(_name, chain);
        }

        _elementsThere.Clear();
        List<NftElement> added = [];
        foreach (var (place, claim) in _claims)
        {
            added.AddRange(claim.Elements);
            _elementsThere[place] = claim.Elements;
        }

        script.AddElements(_name, added);
        Forget();
    }

    private void WriteSets(NftScript script)
    {
        foreach (var name in _touchedSets)
        {
            if (_sets.TryGetValue(name, out var set))
            {
                _staleSets.Remove(name);
                if (_setsThere.TryAdd(name, set))
                {
                    script.AddSet(_name, set);
                }
            }
            else if (_setsThere.ContainsKey(name))
            {
                _staleSets.Add(name);
            }
        }
    }

    /// <summary>Adds chains and empties those that change or go; those that are to be filled.</summary>
    private List<NftChain> WriteChains(NftScript script)
    {
        List<NftChain> filled = [];
        foreach (var name in _touchedChains)
        {
            var there = _chainsThere.GetValueOrDefault(name);
            var wanted = _chains.GetValueOrDefault(name);
            if (wanted is null)
            {
                Empty(script, there);
                continue;
            }

            _staleChains.Remove(name);
            if (there is not null && there.Rules.AsSpan().SequenceEqual(wanted.Rules))
            {
                continue;
            }

            if (there is null)
            {
                script.AddChain(_name, wanted);
            }
            else if (there.Rules.Length > 0)
            {
                script.FlushChain(_name, name);
            }

            _chainsThere[name] = wanted;
            filled.Add(wanted);
        }

        return filled;
    }

    /// <summary>Empties a chain that nobody wants; the next transaction deletes it.</summary>
    private void Empty(NftScript script, NftChain? chain)
    {
        if (chain is null)
        {
            return;
        }

        if (chain.Rules.Length > 0)
        {
            script.FlushChain(_name, chain.Name);
            _chainsThere[chain.Name] = new NftChain(chain.Name, []);
        }

        _staleChains.Add(chain.Name);
    }

    private void WriteElements(NftScript script, out List<NftElement> added)
    {
        added = [];
        List<NftSlot> removed = [];
        foreach (var place in _touchedPlaces)
        {
            var there = _elementsThere.GetValueOrDefault(place, []);
            var wanted = _claims.GetValueOrDefault(place)?.Elements ?? [];
            removed.AddRange(there.Except(wanted).Select(element => element.Slot));
            added.AddRange(wanted.Except(there));
            _elementsThere[place] = wanted;
            if (wanted.Length == 0)
            {
                _elementsThere.Remove(place);
            }
        }

        script.DeleteElements(_name, removed);
    }

    private void WriteDeletions(NftScript script, IEnumerable<string> chains, IEnumerable<string> sets)
    {
        foreach (var name in chains)
        {
            if (_staleChains.Remove(name))
            {
                script.DeleteChain(_name, name);
                _chainsThere.Remove(name);
            }
        }

        foreach (var name in sets)
        {
            if (_staleSets.Remove(name))
            {
                script.DeleteSet(_name, _setsThere[name]);
                _setsThere.Remove(name);
            }
        }
    }

    private void Forget()
    {
        _touchedChains.Clear();
        _touchedSets.Clear();
        _touchedPlaces.Clear();
    }

    private void Add(string owner, NftRules rules)
    {
        foreach (var chain in rules.Chains)
        {
            _chains.Add(chain.Name, chain);
            _touchedChains.Add(chain.Name);
        }

        foreach (var set in rules.Sets)
        {
            _sets.Add(set.Name, set);
            _touchedSets.Add(set.Name);
        }

        foreach (var place in rules.Elements.DistinctBy(element => element.Slot).GroupBy(element => element.Place))
        {
            _claims[place.Key] = NftClaim.Insert(_claims.GetValueOrDefault(place.Key), owner, [.. place]);
            _touchedPlaces.Add(place.Key);
        }

        if (rules.Chains.Count + rules.Elements.Count + rules.Sets.Count > 0)
        {
            _owners[owner] = rules;
        }
        else
        {
            _owners.Remove(owner);
        }
    }

    private void Unclaim(string place, string owner)
    {
        _touchedPlaces.Add(place);
        if (_claims.TryGetValue(place, out var claims))
        {
            if (NftClaim.Remove(claims, owner) is { } left)
            {
                _claims[place] = left;
            }
            else
            {
                _claims.Remove(place);
            }
        }
    }
}
