using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Security.Tokens;

/// <summary>An object that a token is bound to.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid: a later object of the same name is another.</param>
internal sealed record BoundObject(string Name, string Uid)
{
    public JsonObject ToJson() => new() { ["name"] = Name, ["uid"] = Uid };

    public static BoundObject? Read(JsonObject? value) => value is null ? null : new BoundObject(value.Text("name"), value.Text("uid"));
}

/// <summary>What a service account's token says. Times are seconds since 1970.</summary>
internal sealed record AccountClaims
{
    private const string Private = "kubernetes.io";

    public required string Issuer { get; init; }

    public required IReadOnlyList<string> Audiences { get; init; }

    public required long IssuedAt { get; init; }

    public required long ExpiresAt { get; init; }

    /// <summary>What names this token among all.</summary>
    public required string Id { get; init; }

    public required string Namespace { get; init; }

    public required BoundObject Account { get; init; }

    public BoundObject? Pod { get; init; }

    public BoundObject? Secret { get; init; }

    public BoundObject? Node { get; init; }

    /// <summary>Whether the token is kept in a secret, and holds as long as it is there.</summary>
    public bool IsKept { get; init; }

    /// <summary>
    /// The claims of a token of the old form, which names no audience and no end; it is made for this API, and kept in a secret. Null if
    /// it is no such token.
    /// </summary>
    /// <param name="claims">What was signed.</param>
    /// <param name="issuer">Who issues this API's tokens.</param>
    public static AccountClaims? ReadKept(JsonObject claims, string issuer)
    {
        const string Prefix = "kubernetes.io/serviceaccount/";
        if (claims.Text("iss") != "kubernetes/serviceaccount")
        {
            return null;
        }

        var result = new AccountClaims
        {
            Issuer = issuer,
            Audiences = [issuer],
            IssuedAt = 0,
            ExpiresAt = DateTimeOffset.MaxValue.ToUnixTimeSeconds(),
            Id = "",
            Namespace = claims.Text(Prefix + "namespace"),
            Account = new BoundObject(claims.Text(Prefix + "service-account.name"), claims.Text(Prefix + "service-account.uid")),
            Secret = new BoundObject(claims.Text(Prefix + "secret.name"), ""),
            IsKept = true,
        };
        return claims.Text("sub") == ServiceAccountName.UserName(result.Namespace, result.Account.Name) ? result : null;
    }

    /// <summary>The claims of a token that was signed by us; null if it is no account's.</summary>
    public static AccountClaims? Read(JsonObject claims)
    {
        var own = claims.Part(Private);
        if (BoundObject.Read(own.Part("serviceaccount")) is not { } account)
        {
            return null;
        }

        var result = new AccountClaims
        {
            Issuer = claims.Text("iss"),
            Audiences = [.. claims.Items("aud").OfType<JsonValue>().Select(value => value.ToString())],
            IssuedAt = claims.Number("nbf") ?? long.MaxValue,
            ExpiresAt = claims.Number("exp") ?? 0,
            Id = claims.Text("jti"),
            Namespace = own.Text("namespace"),
            Account = account,
            Pod = BoundObject.Read(own.Part("pod")),
            Secret = BoundObject.Read(own.Part("secret")),
            Node = BoundObject.Read(own.Part("node")),
        };
        return claims.Text("sub") == ServiceAccountName.UserName(result.Namespace, account.Name) ? result : null;
    }

    public JsonObject ToJson()
    {
        var own = new JsonObject { ["namespace"] = Namespace };
        foreach (var (name, bound) in new[] { ("node", Node), ("pod", Pod), ("secret", Secret), ("serviceaccount", Account) })
        {
            if (bound is not null)
            {
                own[name] = bound.ToJson();
            }
        }

        return new JsonObject
        {
            ["aud"] = new JsonArray([.. Audiences.Select(audience => (JsonNode)audience)]),
            ["exp"] = ExpiresAt,
            ["iat"] = IssuedAt,
            ["iss"] = Issuer,
            ["jti"] = Id,
            [Private] = own,
            ["nbf"] = IssuedAt,
            ["sub"] = ServiceAccountName.UserName(Namespace, Account.Name),
        };
    }
}
