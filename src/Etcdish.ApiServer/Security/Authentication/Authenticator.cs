using Etcdish.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Security.Authentication;

/// <summary>
/// Finds out who makes a request: by certificate, else by token, else nobody is anybody. A token that nobody knows is refused rather than
/// taken for none.
/// </summary>
/// <param name="certificates">Who knows certificates; null without TLS.</param>
/// <param name="tokens">Who knows tokens, in the order in which they are asked.</param>
/// <param name="audience">Whom tokens of requests must be for.</param>
internal sealed class Authenticator(CertificateUsers? certificates, IReadOnlyList<ITokenAuthenticator> tokens, string audience)
{
    private const string Scheme = "Bearer ";

    private readonly string[] _audiences = [audience];

    /// <summary>Whom tokens of requests must be for.</summary>
    public IReadOnlyList<string> Audiences => _audiences;

    /// <exception cref="ApiException">Who it is was said and is not true.</exception>
    public ValueTask<RequestUser> AuthenticateAsync(HttpContext http)
    {
        var certificate = certificates is null ? null : http.Connection.ClientCertificate;
        if (certificate is not null && certificates!.Find(certificate) is { } user)
        {
            return new(user);
        }

        var header = http.Request.Headers.Authorization.ToString();
        var token = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header.AsSpan(Scheme.Length).Trim() : [];
        if (token.Length > 0)
        {
            return AuthenticateAsync(token.ToString(), http.RequestAborted);
        }

        return certificate is null ? new(RequestUser.Anonymous) : throw ApiErrors.Unauthorized();
    }

    /// <summary>Says whose a token is, and if it is nobody's, why.</summary>
    public async ValueTask<TokenVerdict> VerifyAsync(string token, IReadOnlyList<string> audiences, CancellationToken cancellation)
    {
        var result = TokenVerdict.Unknown;
        foreach (var authenticator in tokens)
        {
            var verdict = await authenticator.VerifyAsync(token, audiences, cancellation);
            if (verdict.User is not null)
            {
                return verdict;
            }

            result = verdict.Fault is null ? result : verdict;
        }

        return result;
    }

    private async ValueTask<RequestUser> AuthenticateAsync(string token, CancellationToken cancellation) =>
        (await VerifyAsync(token, _audiences, cancellation)).User ?? throw ApiErrors.Unauthorized();
}
