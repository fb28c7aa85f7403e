using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Network.Ingress;

/// <summary>Serves a request: finds its rule and sends it on.</summary>
/// <param name="router">The rules.</param>
/// <param name="forwarder">Sends requests on.</param>
/// <param name="httpsPort">The port of HTTPS, for redirects.</param>
internal sealed class IngressHandler(IngressRouter router, RequestForwarder forwarder, Func<int> httpsPort)
{
    private const int DefaultHttpsPort = 443;

    /// <summary>Serves a request.</summary>
    public Task ServeAsync(HttpContext context)
    {
        var request = context.Request;
        if (HttpMethods.IsTrace(request.Method) || (HttpMethods.IsConnect(request.Method) && !Upgrade.IsExtendedConnect(context)))
        {
            return PlainAnswer.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "the method is not passed on");
        }

        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (target == RequestTarget.Server)
        {
            // Asked of whoever listens here, which is us.
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        return RequestTarget.PathOf(target) is { } path && !HasTwoLengths(request)
            ? RouteAsync(context, path)
            : RefuseAsync(context);
    }

    private Task RouteAsync(HttpContext context, string target)
    {
        var request = context.Request;
        while (true)
        {
            var route = router.Table.Match(request.Host.Host, request.Path.Value);
            if (route is null)
            {
                return PlainAnswer.WriteAsync(context, StatusCodes.Status404NotFound, "no rule leads from here");
            }

            if (route.RedirectsToTls && !request.IsHttps)
            {
                return Redirect(context, target);
            }

            if (route.Pool?.Enter() is { } backend)
            {
                return forwarder.ForwardAsync(context, target, route, backend);
            }

            // A pool leaves after the table without it has come.
            if (route.Pool is not { HasLeft: true })
            {
                return PlainAnswer.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "the service has no endpoints");
            }
        }
    }

    /// <summary>
    /// Whether a message has a length and is chunked too: an attack, or a broken client (RFC 9112 §6.3). The server takes it as chunked,
    /// and moves the length to a header of another name.
    /// </summary>
    private static bool HasTwoLengths(HttpRequest request) =>
        request.Headers.TransferEncoding.Count > 0 && request.Headers.ContainsKey("X-Content-Length");

    private static Task RefuseAsync(HttpContext context)
    {
        // Who writes one such message may have written another one into its body.
        context.Response.Headers.Connection = "close";
        return PlainAnswer.WriteAsync(context, StatusCodes.Status400BadRequest, "the request can be read in two ways");
    }

    private Task Redirect(HttpContext context, string target)
    {
        var port = httpsPort();
        var suffix = port == DefaultHttpsPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{port}");
        context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        context.Response.Headers.Location = $"https://{context.Request.Host.Host}{suffix}{target}";
        return Task.CompletedTask;
    }
}
