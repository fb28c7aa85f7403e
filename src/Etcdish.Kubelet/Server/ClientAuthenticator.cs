using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>
/// Finds out who sends a request: by the certificate of the connection, or by a bearer token, of which the API server says whose it is.
/// Nobody is let in without. Safe for use by many threads.
/// </summary>
internal sealed class ClientAuthenticator(
    X509Certificate2Collection authorities, KubernetesClient client, TimeProvider clock, Action<string> warn)
{
    private const string ClientPurpose = "1.3.6.1.5.5.7.3.2";

    // As long as a kubelet remembers them.
    private static readonly TimeSpan _goodTokenLife = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan _badTokenLife = TimeSpan.FromSeconds(10);

    // By certificate object, of which a connection has one: its chain is verified once a connection.
    private readonly ConditionalWeakTable<X509Certificate2, StrongBox<ServerUser?>> _byCertificate = [];
    private readonly ExpiringCache<string, ServerUser?> _byToken = new(clock);

    /// <summary>Who sends a request; null: nobody who could be told.</summary>
    public async ValueTask<ServerUser?> FindAsync(HttpContext http)
    {
        if (http.Connection.ClientCertificate is { } certificate && FindByCertificate(certificate) is { } user)
        {
            return user;
        }

        return AuthenticationHeaderValue.TryParse(http.Request.Headers.Authorization, out var header)
            && header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase) && header.Parameter is { Length: > 0 } token
            ? await FindByTokenAsync(token, http.RequestAborted)
            : null;
    }

    private ServerUser? FindByCertificate(X509Certificate2 certificate)
    {
        var user = _byCertificate.GetValue(certificate, c => new StrongBox<ServerUser?>(Verify(c) ? ServerUser.FromCertificate(c) : null));
        return clock.GetUtcNow() < certificate.NotAfter ? user.Value : null;
    }

    private bool Verify(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientPurpose));
        return authorities.Count > 0 && chain.Build(certificate);
    }

    private async ValueTask<ServerUser?> FindByTokenAsync(string token, CancellationToken cancellation)
    {
        // Tokens are not kept: who reads this memory gains none.
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (_byToken.TryGet(key, out var known))
        {
            return known;
        }

        try
        {
            var user = await ReviewAsync(token, cancellation);
            _byToken.Set(key, user, user is null ? _badTokenLife : _goodTokenLife);
            return user;
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException)
        {
            warn($"server: a token cannot be reviewed: {e.Message}");
            return null;
        }
    }

    private async Task<ServerUser?> ReviewAsync(string token, CancellationToken cancellation)
    {
        var review = new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["kind"] = "TokenReview",
            ["spec"] = new JsonObject { ["token"] = token },
        };
        var answer = await client.SendAsync(
            HttpMethod.Post, "/apis/authentication.k8s.io/v1/tokenreviews", review, contentType: null, cancellation);
        var status = JsonNode.Parse(answer)?["status"];
        if (status?["authenticated"]?.GetValue<bool>() != true || status["user"] is not { } user)
        {
            return null;
        }

        var groups = user["groups"]?.AsArray().Select(group => group?.GetValue<string>() ?? "") ?? [];
        return new ServerUser(user["username"]?.GetValue<string>() ?? "", user["uid"]?.GetValue<string>() ?? "", [.. groups]);
    }
}
