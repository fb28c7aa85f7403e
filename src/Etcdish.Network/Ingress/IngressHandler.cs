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
        if (HttpMethods.IsTrace(request.Method) || (HttpMethods.IsConnect(request.Method) && !IsExtendedConnect(context)))
        {
            return PlainAnswer.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "the method is not passed on");
        }

        while (true)
        {
            var route = router.Table.Match(request.Host.Host, request.Path.Value);
            if (route is null)
            {
                return PlainAnswer.WriteAsync(context, StatusCodes.Status404NotFound, "no rule leads from here");
            }

            if (route.RedirectsToTls && !request.IsHttps)
            {
                return Redirect(context);
            }

            if (route.Pool?.Enter() is { } backend)
            {
                return forwarder.ForwardAsync(context, route.Pool, backend);
            }

            // A pool leaves after the table without it has come.
            if (route.Pool is not { HasLeft: true })
            {
                return PlainAnswer.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "the service has no endpoints");
            }
        }
    }

    private static bool IsExtendedConnect(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    private Task Redirect(HttpContext context)
    {
        var request = context.Request;
        var port = httpsPort();
        var suffix = port == DefaultHttpsPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{port}");
        context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        context.Response.Headers.Location = $"https://{request.Host.Host}{suffix}{request.Path.ToUriComponent()}{request.QueryString}";
        return Task.CompletedTask;
    }
}
