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
