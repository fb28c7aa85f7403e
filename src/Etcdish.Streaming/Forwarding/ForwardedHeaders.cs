using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Etcdish.Streaming.Forwarding;

/// <summary>Carries headers from one HTTP message to the next.</summary>
internal static class ForwardedHeaders
{
    /// <summary>
    /// What concerns one connection and goes no further (RFC 9110, section 7.6.1), and what the new message has of its own.
    /// </summary>
    private static readonly HashSet<string> _ofOneHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Host", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade",
    };

    /// <summary>Copies a request's headers, without those by which its user proved who they are.</summary>
    public static void CopyRequest(HttpRequest source, HttpRequestMessage target, bool isUpgrade)
    {
        var ofConnection = Named(source.Headers.Connection);
        foreach (var (name, values) in source.Headers)
        {
            if (name[0] == ':' || _ofOneHop.Contains(name) || ofConnection.Contains(name) || IsCredential(name))
            {
                continue;
            }

            IEnumerable<string?> all = values;
            if (!target.Headers.TryAddWithoutValidation(name, all))
            {
                target.Content?.Headers.TryAddWithoutValidation(name, all);
            }
        }

        if (isUpgrade)
        {
            target.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            target.Headers.TryAddWithoutValidation("Upgrade", (IEnumerable<string?>)source.Headers.Upgrade);
        }

        if (source.HttpContext.Connection.RemoteIpAddress is { } client)
        {
            var before = source.Headers["X-Forwarded-For"].ToString();
            target.Headers.Remove("X-Forwarded-For");
            target.Headers.TryAddWithoutValidation("X-Forwarded-For", before.Length > 0 ? $"{before}, {client}" : $"{client}");
        }
    }

    /// <summary>Copies a response's headers.</summary>
    public static void CopyResponse(HttpResponseMessage source, HttpResponse target, bool isUpgrade)
    {
        var ofConnection = new HashSet<string>(source.Headers.Connection, StringComparer.OrdinalIgnoreCase);
        Copy(source.Headers, target, ofConnection);
        Copy(source.Content.Headers, target, ofConnection);
        if (isUpgrade)
        {
            target.Headers.Upgrade = source.Headers.Upgrade.ToString();
        }
    }

    private static void Copy(HttpHeaders source, HttpResponse target, HashSet<string> ofConnection)
    {
        foreach (var (name, values) in source.NonValidated)
        {
            if (!_ofOneHop.Contains(name) && !ofConnection.Contains(name))
            {
                target.Headers[name] = new StringValues([.. values]);
            }
        }
    }

    private static HashSet<string> Named(StringValues connection) =>
        new(connection.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries)), StringComparer.OrdinalIgnoreCase);

    private static bool IsCredential(string name) =>
        name.Equals("Authorization", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("X-Remote-", StringComparison.OrdinalIgnoreCase);
}
