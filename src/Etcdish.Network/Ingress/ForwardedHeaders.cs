using System.Collections.Frozen;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Etcdish.Network.Ingress;

/// <summary>
/// Which headers go on. Those between two neighbours do not (RFC 9110 §7.6.1), nor those that Connection names, nor what a client says of
/// where it comes from: that we say.
/// </summary>
internal static class ForwardedHeaders
{
    private static readonly FrozenSet<string> _notInRequests = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        [
            "Connection", "Content-Length", "Expect", "Forwarded", "Host", "HTTP2-Settings", "Keep-Alive", "Proxy-Authenticate",
            "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "X-Forwarded-For",
            "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Real-IP",
        ]);

    private static readonly FrozenSet<string> _notInResponses = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        ["Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Transfer-Encoding", "Upgrade"]);

    /// <summary>Copies the headers of a request.</summary>
    public static void CopyRequest(HttpContext context, HttpRequestMessage message)
    {
        var headers = context.Request.Headers;
        var named = headers.Connection;
        foreach (var (name, values) in headers)
        {
            if (_notInRequests.Contains(name) || name.StartsWith(':') || (named.Count > 0 && IsNamed(named, name)))
            {
                continue;
            }

            // HTTP/2 may send cookies in crumbs; HTTP/1.1 may not.
            if (values.Count > 1 && name.Equals("Cookie", StringComparison.OrdinalIgnoreCase))
            {
                message.Headers.TryAddWithoutValidation(name, string.Join("; ", (IEnumerable<string?>)values));
            }
            else if (values.Count == 1)
            {
                Add(message, name, values[0]!);
            }
            else
            {
                Add(message, name, values);
            }
        }

        // Whether a client takes trailers is between neighbours, but gRPC servers insist on it, and we do pass them.
        if (headers.TE.Count > 0 && headers.TE.ToString().Contains("trailers", StringComparison.OrdinalIgnoreCase))
        {
            message.Headers.TryAddWithoutValidation("TE", "trailers");
        }

        AddOrigin(context, message);
    }

    /// <summary>Copies the headers of an answer.</summary>
    public static void CopyResponse(HttpResponseMessage message, HttpResponse response)
    {
        var connection = message.Headers.NonValidated.TryGetValues("Connection", out var values)
            ? new StringValues([.. values])
            : StringValues.Empty;
        Copy(message.Headers.NonValidated, connection, response.Headers);
        Copy(message.Content.Headers.NonValidated, connection, response.Headers);

        // These never have a body, whatever a server says of its length.
        if (response.StatusCode is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent)
        {
            response.Headers.ContentLength = null;
        }
    }

    /// <summary>Copies what follows the body of an answer.</summary>
    public static void CopyTrailers(HttpResponseMessage message, HttpResponse response)
    {
        if (!response.SupportsTrailers())
        {
            return;
        }

        foreach (var (name, values) in message.TrailingHeaders.NonValidated)
        {
            response.AppendTrailer(name, ToValues(values));
        }
    }

    private static void Copy(System.Net.Http.Headers.HttpHeadersNonValidated from, StringValues connection, IHeaderDictionary to)
    {
        foreach (var (name, values) in from)
        {
            if (!_notInResponses.Contains(name) && (connection.Count == 0 || !IsNamed(connection, name)))
            {
                to[name] = ToValues(values);
            }
        }
    }

    private static StringValues ToValues(System.Net.Http.Headers.HeaderStringValues values) =>
        values.Count == 1 ? new StringValues(values.ToString()) : new StringValues([.. values]);

    private static void Add(HttpRequestMessage message, string name, string value)
    {
        if (!message.Headers.TryAddWithoutValidation(name, value))
        {
            message.Content?.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private static void Add(HttpRequestMessage message, string name, StringValues values)
    {
        if (!message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
        {
            message.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
    }

    private static void AddOrigin(HttpContext context, HttpRequestMessage message)
    {
        var headers = message.Headers;
        var (request, connection) = (context.Request, context.Connection);
        headers.TryAddWithoutValidation("Host", request.Host.Value);
        var address = connection.RemoteIpAddress ?? IPAddress.None;
        var client = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
        headers.TryAddWithoutValidation("X-Forwarded-For", client);
        headers.TryAddWithoutValidation("X-Real-IP", client);
        headers.TryAddWithoutValidation("X-Forwarded-Host", request.Host.Value);
        headers.TryAddWithoutValidation("X-Forwarded-Port", PortText(connection.LocalPort));
        headers.TryAddWithoutValidation("X-Forwarded-Proto", request.Scheme);
        headers.TryAddWithoutValidation("X-Forwarded-Scheme", request.Scheme);
    }

    private static string PortText(int port) => port switch
    {
        80 => "80",
        443 => "443",
        _ => port.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static bool IsNamed(StringValues connection, string name)
    {
        foreach (var value in connection)
        {
            foreach (var part in value.AsSpan().Split(','))
            {
                if (value.AsSpan(part).Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
