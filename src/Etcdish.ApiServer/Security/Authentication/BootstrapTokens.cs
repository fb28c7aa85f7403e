using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Security.Authentication;

/// <summary>
/// Tokens by which nodes join: <c>ID.SECRET</c>, kept in the Secret <c>kube-system/bootstrap-token-ID</c> of the type
/// <c>bootstrap.kubernetes.io/token</c>, until they expire or are deleted.
/// </summary>
internal sealed partial class BootstrapTokens(IObjectStore store, ResourceDirectory resources, TimeProvider clock) : ITokenAuthenticator
{
    private const string Group = "system:bootstrappers";

    public async ValueTask<TokenVerdict> VerifyAsync(string token, IReadOnlyList<string> audiences, CancellationToken cancellation)
    {
        if (!Form().IsMatch(token))
        {
            return TokenVerdict.Unknown;
        }

        var id = token[..token.IndexOf('.', StringComparison.Ordinal)];
        var type = resources.Find("", "v1", "secrets")!;
        var found = await store.GetAsync(type.KeyOf("kube-system", $"bootstrap-token-{id}"), cancellation);
        return found is { } secret && Read(ApiJson.Parse(secret.Value.Span), id, token) is { } user
            ? TokenVerdict.Accept(user, audiences)
            : TokenVerdict.Refuse("the bootstrap token is not valid");
    }

    private RequestUser? Read(JsonObject secret, string id, string token)
    {
        var known = $"{Field(secret, "token-id")}.{Field(secret, "token-secret")}";
        var isValid = CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(known), Encoding.UTF8.GetBytes(token))
            && secret.Text("type") == "bootstrap.kubernetes.io/token"
            && !secret.IsBeingDeleted()
            && Field(secret, "usage-bootstrap-authentication") == "true"
            && !IsExpired(Field(secret, "expiration"));
        var extra = Field(secret, "auth-extra-groups").Split(',', StringSplitOptions.RemoveEmptyEntries);
        return isValid && Array.TrueForAll(extra, group => ExtraGroup().IsMatch(group))
            ? new RequestUser($"system:bootstrap:{id}", [Group, .. extra, RequestUser.Authenticated])
            : null;
    }

    private bool IsExpired(string text) => text.Length > 0 && (!TimeText.TryParse(text, out var time) || time <= clock.GetUtcNow());

    private static string Field(JsonObject secret, string name)
    {
        var buffer = new byte[secret.Part("data").Text(name).Length];
        return Convert.TryFromBase64String(secret.Part("data").Text(name), buffer, out var length)
            ? Encoding.UTF8.GetString(buffer, 0, length)
            : "";
    }

    [GeneratedRegex(@"^[a-z0-9]{6}\.[a-z0-9]{16}\z")]
    private static partial Regex Form();

    [GeneratedRegex(@"^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z")]
    private static partial Regex ExtraGroup();
}
