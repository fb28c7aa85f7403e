using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security.Authentication;
using Etcdish.ApiServer.Storage;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Security.Tokens;

/// <summary>
/// Issues and verifies the tokens of service accounts. A token is as good as what it is bound to: the account, and a pod, secret or node,
/// must still be there, and be the same, each time it is shown.
/// </summary>
internal sealed class AccountTokens(SigningKey key, string issuer, IObjectStore store, ResourceDirectory resources, TimeProvider clock)
    : ITokenAuthenticator
{
    private const int MaxVerified = 4096;
    private const long LeewaySeconds = 60;

    // Signatures that held; what else there is to a token is looked at each time.
    private readonly ConcurrentDictionary<string, AccountClaims> _verified = new(StringComparer.Ordinal);

    /// <summary>Who issues the tokens; also the audience of those for this API.</summary>
    public string Issuer => issuer;

    public long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Signs claims.</summary>
    public string Issue(AccountClaims claims) => CompactToken.Sign(claims.ToJson(), key);

    public async ValueTask<TokenVerdict> VerifyAsync(string token, IReadOnlyList<string> audiences, CancellationToken cancellation)
    {
        if (!CompactToken.IsOne(token))
        {
            return TokenVerdict.Unknown;
        }

        if (FindClaims(token) is not { } claims)
        {
            return TokenVerdict.Refuse("the token was not signed by this cluster");
        }

        var now = Now;
        if (claims.Issuer != issuer || now > claims.ExpiresAt + LeewaySeconds || now < claims.IssuedAt - LeewaySeconds)
        {
            return TokenVerdict.Refuse($"service account token {(now > claims.ExpiresAt ? "has expired" : "is not valid yet")}");
        }

        var accepted = claims.Audiences.Where(audiences.Contains).ToArray();
        if (accepted.Length == 0)
        {
            var (given, wanted) = (string.Join(' ', claims.Audiences), string.Join(' ', audiences));
            return TokenVerdict.Refuse($"token audiences [{given}] is invalid for the target audiences [{wanted}]");
        }

        return await FindFaultAsync(token, claims, cancellation) is { } fault
            ? TokenVerdict.Refuse(fault)
            : TokenVerdict.Accept(UserOf(claims), accepted);
    }

    private AccountClaims? FindClaims(string token)
    {
        if (_verified.TryGetValue(token, out var known))
        {
            return known;
        }

        if (CompactToken.Verify(token, key) is not { } payload
            || (AccountClaims.Read(payload) ?? AccountClaims.ReadKept(payload, issuer)) is not { } claims)
        {
            return null;
        }

        if (_verified.Count >= MaxVerified)
        {
            _verified.Clear();
        }

        _verified[token] = claims;
        return claims;
    }

    /// <summary>What is wrong with what the token is bound to; null for nothing.</summary>
    private async ValueTask<string?> FindFaultAsync(string token, AccountClaims claims, CancellationToken cancellation)
    {
        if (!await StandsAsync("serviceaccounts", claims.Namespace, claims.Account, cancellation))
        {
            return $"service account {claims.Namespace}/{claims.Account.Name} has been deleted";
        }

        const string Invalidated = "service account token has been invalidated";
        if (claims.IsKept)
        {
            return await IsKeptAsync(token, claims, cancellation) ? null : Invalidated;
        }

        if (claims.Secret is { } secret && !await StandsAsync("secrets", claims.Namespace, secret, cancellation))
        {
            return Invalidated;
        }

        if (claims.Pod is { } pod)
        {
            // A pod's token also names its node, which may go before the pod.
            return await StandsAsync("pods", claims.Namespace, pod, cancellation) ? null : Invalidated;
        }

        return claims.Node is { } node && !await StandsAsync("nodes", "", node, cancellation) ? Invalidated : null;
    }

    /// <summary>Whether an object is there, is the one that was meant, and has not been going away for longer than a moment.</summary>
    private async ValueTask<bool> StandsAsync(string resource, string scope, BoundObject bound, CancellationToken cancellation)
    {
        var type = resources.Find("", "v1", resource)!;
        if (await store.GetAsync(type.KeyOf(scope, bound.Name), cancellation) is not { } found)
        {
            return false;
        }

        var value = ApiJson.Parse(found.Value.Span);
        return value.Uid() == bound.Uid && !HasBeenDeleted(value);
    }

    /// <summary>Whether the secret of a token of the old form is there, and still holds this token.</summary>
    private async ValueTask<bool> IsKeptAsync(string token, AccountClaims claims, CancellationToken cancellation)
    {
        var type = resources.Find("", "v1", "secrets")!;
        if (await store.GetAsync(type.KeyOf(claims.Namespace, claims.Secret!.Name), cancellation) is not { } found)
        {
            return false;
        }

        var value = ApiJson.Parse(found.Value.Span);
        var kept = value.Part("data").Text("token");
        return !HasBeenDeleted(value) && kept == Convert.ToBase64String(Encoding.ASCII.GetBytes(token));
    }

    private bool HasBeenDeleted(JsonObject value) =>
        value.Part("metadata").Text("deletionTimestamp") is { Length: > 0 } text
        && (!TimeText.TryParse(text, out var time) || time.ToUnixTimeSeconds() < Now - LeewaySeconds);

    private static RequestUser UserOf(AccountClaims claims)
    {
        var extra = RequestUser.NewExtra();
        if (claims.Id.Length > 0)
        {
            extra[RequestUser.CredentialKey] = [$"JTI={claims.Id}"];
        }

        Add(extra, "pod", claims.Pod);
        Add(extra, "node", claims.Node);
        return new RequestUser(
            ServiceAccountName.UserName(claims.Namespace, claims.Account.Name),
            [.. ServiceAccountName.Groups(claims.Namespace), RequestUser.Authenticated])
        {
            Uid = claims.Account.Uid,
            Extra = extra,
        };
    }

    private static void Add(SortedDictionary<string, IReadOnlyList<string>> extra, string kind, BoundObject? bound)
    {
        if (bound is not null)
        {
            extra[$"authentication.kubernetes.io/{kind}-name"] = [bound.Name];
            extra[$"authentication.kubernetes.io/{kind}-uid"] = [bound.Uid];
        }
    }
}
