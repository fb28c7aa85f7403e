namespace Etcdish.Network.Nftables;

/// <summary>
/// Who wants an element, in the order of names. The first gets it: two services with one external address and port must not make every
/// transaction fail, and whose it is must not depend on who came first.
/// </summary>
/// <param name="Owner">Who.</param>
/// <param name="Value">The verdict that it wants.</param>
/// <param name="Next">The next one.</param>
internal sealed record NftClaim(string Owner, string Value, NftClaim? Next)
{
    /// <summary>With one more.</summary>
    public static NftClaim Insert(NftClaim? claims, string owner, string value) =>
        claims is null || string.CompareOrdinal(owner, claims.Owner) < 0
            ? new NftClaim(owner, value, claims)
            : claims with { Next = Insert(claims.Next, owner, value) };

    /// <summary>With one less; null: none is left.</summary>
    public static NftClaim? Remove(NftClaim? claims, string owner) =>
        claims is null ? null
        : claims.Owner == owner ? claims.Next
        : claims with { Next = Remove(claims.Next, owner) };
}
