namespace Etcdish.Network.Nftables;

/// <summary>What one owner has in a table: chains, sets that its rules fill, and elements of maps and sets that others share.</summary>
/// <param name="Chains">Its chains.</param>
/// <param name="Elements">Its elements.</param>
/// <param name="Sets">Its sets.</param>
internal sealed record NftRules(IReadOnlyList<NftChain> Chains, IReadOnlyList<NftElement> Elements, IReadOnlyList<NftSet> Sets)
{
    /// <summary>Nothing.</summary>
    public static NftRules None { get; } = new([], [], []);
}

/// <summary>A chain.</summary>
/// <param name="Name">Its name, of one owner only.</param>
/// <param name="Rules">Its rules.</param>
/// <param name="Hook">Where the kernel enters it, such as <c>type nat hook output priority -100 ;</c>; null: from other chains.</param>
internal sealed record NftChain(string Name, string[] Rules, string? Hook = null);

/// <summary>An element of a map or a set; several owners may want the same.</summary>
/// <param name="Slot">Which.</param>
/// <param name="Value">The value of a map's element; empty: it is one of a set.</param>
internal sealed record NftElement(NftSlot Slot, string Value)
{
    /// <summary>What people who read the table are told; letters, digits and <c>/:.-</c> only.</summary>
    public string Comment { get; init; } = "";

    /// <summary>
    /// What only one owner can have, such as an address and a port: whose elements of it are in the table is decided at once for all of
    /// them. By default the element itself.
    /// </summary>
    public string Place { get; init; } = $"{Slot.Map} {Slot.Key}";

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Slot.Key}{(Comment.Length > 0 ? $" comment \"{Comment}\"" : "")}{(Value.Length > 0 ? $" : {Value}" : "")}";
}

/// <summary>The place of an element.</summary>
/// <param name="Map">The map or set.</param>
/// <param name="Key">The key there.</param>
internal readonly record struct NftSlot(string Map, string Key);

/// <summary>A set, or a map.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind"><c>set</c> or <c>map</c>.</param>
/// <param name="Form">What may be in it, such as <c>type ipv4_addr ;</c>.</param>
internal sealed record NftSet(string Name, string Kind, string Form);
