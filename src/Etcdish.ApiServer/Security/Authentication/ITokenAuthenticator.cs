namespace Etcdish.ApiServer.Security.Authentication;

/// <summary>Knows the tokens of one kind.</summary>
internal interface ITokenAuthenticator
{
    /// <summary>Says whose a token is.</summary>
    /// <param name="token">The token.</param>
    /// <param name="audiences">For whom the token may be; one of these is enough.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Storage.StoreUnavailableException">The store does not answer.</exception>
    ValueTask<TokenVerdict> VerifyAsync(string token, IReadOnlyList<string> audiences, CancellationToken cancellation);
}

/// <summary>What is known of a token.</summary>
/// <param name="User">Whose it is; null if it is not valid.</param>
/// <param name="Audiences">Those of the audiences asked for which it is for.</param>
/// <param name="Fault">Why it is not valid; null if it is, or is not of the kind that was asked.</param>
internal readonly record struct TokenVerdict(RequestUser? User, IReadOnlyList<string> Audiences, string? Fault)
{
    /// <summary>It is none of this kind.</summary>
    public static TokenVerdict Unknown { get; } = new(null, [], null);

    public static TokenVerdict Accept(RequestUser user, IReadOnlyList<string> audiences) => new(user, audiences, null);

    public static TokenVerdict Refuse(string fault) => new(null, [], fault);
}
