using System.Text;

namespace Etcdish.Network.Nftables;

/// <summary>Commands of one transaction, in nft's language.</summary>
internal sealed class NftScript
{
    // A command with all elements of a large map would be one netlink message that the kernel refuses for its length in old versions.
    private const int MaxElements = 200;

    private readonly StringBuilder _text = new();

    /// <summary>How long it is.</summary>
    public int Length => _text.Length;

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    /// <summary>Adds a table, if it is not there.</summary>
    public void AddTable(string table) => Command($"add table {table}");

    /// <summary>Removes a table, whether it is there or not.</summary>
    public void DeleteTable(string table)
    {
        AddTable(table);
        Command($"delete table {table}");
    }

    /// <summary>Makes an empty table in the place of what is there.</summary>
    public void ReplaceTable(string table)
    {
        DeleteTable(table);
        AddTable(table);
    }

    /// <summary>Adds a chain, if it is not there.</summary>
    public void AddChain(string table, NftChain chain)
    {
        if (chain.Hook is { } hook)
        {
            Command($"add chain {table} {chain.Name} {{ {hook} }}");
        }
        else
        {
            Command($"add chain {table} {chain.Name}");
        }
    }

    /// <summary>Adds all rules of a chain.</summary>
    public void AddRules(string table, NftChain chain)
    {
        foreach (var rule in chain.Rules)
        {
            Command($"add rule {table} {chain.Name} {rule}");
        }
    }

    /// <summary>Empties a chain.</summary>
    public void FlushChain(string table, string chain) => Command($"flush chain {table} {chain}");

    /// <summary>Deletes a chain.</summary>
    public void DeleteChain(string table, string chain) => Command($"delete chain {table} {chain}");

    /// <summary>Adds a set or a map, if it is not there.</summary>
    public void AddSet(string table, NftSet set) => Command($"add {set.Kind} {table} {set.Name} {{ {set.Form} }}");

    /// <summary>Deletes a set or a map.</summary>
    public void DeleteSet(string table, NftSet set) => Command($"delete {set.Kind} {table} {set.Name}");

    /// <summary>Adds elements.</summary>
    public void AddElements(string table, IEnumerable<NftElement> elements)
    {
        foreach (var group in elements.GroupBy(element => element.Slot.Map))
        {
            Elements("add", table, group.Key, group.Select(element => element.ToString()));
        }
    }

    /// <summary>Deletes elements.</summary>
    public void DeleteElements(string table, IEnumerable<NftSlot> slots)
    {
        foreach (var group in slots.GroupBy(slot => slot.Map))
        {
            Elements("delete", table, group.Key, group.Select(slot => slot.Key));
        }
    }

    private void Elements(string verb, string table, string map, IEnumerable<string> elements)
    {
        foreach (var part in elements.Chunk(MaxElements))
        {
            Command($"{verb} element {table} {map} {{ {string.Join(", ", part)} }}");
        }
    }

    private void Command(string line) => _text.Append(line).Append('\n');
}
