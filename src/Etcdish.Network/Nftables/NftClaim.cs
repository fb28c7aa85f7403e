namespace Etcdish.Network.Nftables;

/// <summary>
/// Who wants a place, in the order of names. The first has it: two services with one external address and port must not make every
/// transaction fail, and whose it is must not depend on who came first.
/// </summary>
/// <param name="Owner">Who.</param>
/// <param name="Elements">The elements that it wants there.</param>
/// <param name="Next">The next one.</param>
internal sealed record NftClaim(string Owner, NftElement[] Elements, NftClaim? Next)
{
    /// <summary>With one more.</summary>
    public static NftClaim Insert(NftClaim? claims, string owner, NftElement[] elements) =>
        claims is null || string.CompareOrdinal(owner, claims.Owner) < 0
            ? new NftClaim(owner, elements, claims)
            : claims with { Next = Insert(claims.Next, owner, elements) };

    /// <summary>With one less; null: none is left.</summary>
    public static NftClaim? Remove(NftClaim? claims, string owner) =>
        claims is null ? null
        : claims.Owner == owner ? claims.Next
        : claims with { Next = Remove(claims.Next, owner) };
}
