using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Network.Ingress;

/// <summary>
/// Sends a request on and its answer back, both as they come. A request that reached no endpoint goes to another one; so does one whose
/// connection broke before any answer, if doing it twice does no harm and it has no body.
/// </summary>
/// <param name="options">How long to wait.</param>
/// <param name="clock">The clock of waits.</param>
internal sealed class RequestForwarder(IngressOptions options, TimeProvider clock)
{
    private const int MaxAttempts = 5;
    private const string Unreachable = "the service could not be reached, or broke off";

    // What the client wrote is what the endpoint reads: a path is not made shorter or decoded on the way.
    private static readonly UriCreationOptions _asWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly IdleTimers _timers = new(clock);

    /// <summary>Forwards a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="target">Its path and query, as written.</param>
    /// <param name="route">Where to.</param>
    /// <param name="backend">The endpoint to try first; the request has begun there.</param>
    public async Task ForwardAsync(HttpContext context, string target, IngressRoute route, Backend backend)
    {
        var idle = _timers.Start(route.IdleTimeout ?? options.IdleTimeout, context.RequestAborted);
        var upgrade = Upgrade.Find(context);
        var body = upgrade is null && HasBody(context) ? new RequestBody(context.Request, idle) : null;
        try
        {
            for (var attempt = 1; await TryAsync(context, target, backend, body, upgrade, idle, attempt) is false; attempt++)
            {
                // Those that are left are all leaving.
                if (route.Pool!.Enter() is not { } next)
                {
                    await PlainAnswer.WriteAsync(context, StatusCodes.Status502BadGateway, Unreachable);
                    break;
                }

                backend.Exit();
                backend = next;
            }

            await LetGoAsync(body, idle);
        }
        finally
        {
            backend.Exit();
            _timers.Return(idle);
        }
    }

    /// <summary>Sends the request to an endpoint. Whether it has got its answer, be it ours; if not, it may go to another one.</summary>
    private static async Task<bool> TryAsync(
        HttpContext context, string target, Backend backend, RequestBody? body, Upgrade? upgrade, IdleTimer idle, int attempt)
    {
        try
        {
            // Not disposed of: with it would go the body, which another attempt may need.
            var request = MakeRequest(context, target, backend, body, upgrade);
            using var response = await backend.SendAsync(request, idle.Token);
            idle.Touch();
            await PassBackAsync(context, response, upgrade, idle);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or InvalidOperationException)
        {
            var hasNotConnected = e is HttpRequestException
            {
                HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                    or HttpRequestError.SecureConnectionError,
            };
            if (hasNotConnected)
            {
                backend.NoteFailure();
            }

            if (attempt < MaxAttempts && !idle.Token.IsCancellationRequested && MayTryAgain(context, e, hasNotConnected, body))
            {
                context.Response.Clear();
                return false;
            }

            await FailAsync(context, e, hasNotConnected, body, idle);
            return true;
        }
    }

    private static bool HasBody(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? false;

    private static HttpRequestMessage MakeRequest(HttpContext context, string target, Backend backend, RequestBody? body, Upgrade? upgrade)
    {
        var method = upgrade is null ? HttpMethod.Parse(context.Request.Method) : HttpMethod.Get;
        var request = new HttpRequestMessage(method, new Uri(backend.Origin + target, _asWritten))
        {
            Version = upgrade is null ? backend.Version : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,

            // A body that is empty is said to be, and what may not be done twice has one: what has no body at all the client below would
            // send again by itself if a connection that it has kept ends without an answer.
            Content = body is not null || (context.Request.ContentLength != 0 && IsIdempotent(method.Method))
                ? body
                : new ByteArrayContent([]),
        };
        ForwardedHeaders.CopyRequest(context, request);
        upgrade?.AddTo(request);
        return request;
    }

    private static bool MayTryAgain(HttpContext context, Exception e, bool hasNotConnected, RequestBody? body)
    {
        if (context.Response.HasStarted || body is { HasStarted: true })
        {
            return false;
        }

        return hasNotConnected
            || (body is null && e is HttpRequestException { HttpRequestError: not HttpRequestError.InvalidResponse }
                && IsIdempotent(context.Request.Method));
    }

    /// <summary>Whether doing it twice does no harm (RFC 9110 §9.2.2).</summary>
    private static bool IsIdempotent(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method)
        || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method);

    private static async Task PassBackAsync(HttpContext context, HttpResponseMessage message, Upgrade? upgrade, IdleTimer idle)
    {
        var response = context.Response;
        if (message.StatusCode == HttpStatusCode.SwitchingProtocols)
        {
            if (upgrade is null)
            {
                throw new HttpRequestException(HttpRequestError.InvalidResponse, "an endpoint changed the protocol unasked");
            }

            await upgrade.RunAsync(message, idle);
            return;
        }

        response.StatusCode = (int)message.StatusCode;
        ForwardedHeaders.CopyResponse(message, response);
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        await ResponseBody.CopyAsync(message, response, idle);
        ForwardedHeaders.CopyTrailers(message, response);
    }

    private static async Task FailAsync(HttpContext context, Exception e, bool hasNotConnected, RequestBody? body, IdleTimer idle)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        if (context.Response.HasStarted)
        {
            // Half an answer must not look like a whole one.
            context.Abort();
            return;
        }

        context.Response.Clear();
        if (body?.ClientFailure is { } failure)
        {
            await PlainAnswer.WriteAsync(
                context, failure is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status400BadRequest, "the body is broken");
            return;
        }

        var isLate = idle.HasExpired || (hasNotConnected && IsTimeout(e));
        await (isLate
            ? PlainAnswer.WriteAsync(context, StatusCodes.Status504GatewayTimeout, "the service did not answer in time")
            : PlainAnswer.WriteAsync(context, StatusCodes.Status502BadGateway, Unreachable));
    }

    private static bool IsTimeout(Exception e) =>
        e.InnerException is TimeoutException or TaskCanceledException or SocketException { SocketErrorCode: SocketError.TimedOut };

    /// <summary>The request belongs to the server again when this completes: nobody may read it then.</summary>
    private static async Task LetGoAsync(RequestBody? body, IdleTimer idle)
    {
        if (body is { Ended.IsCompleted: false })
        {
            await idle.EndAsync();
            await body.Ended;
        }
    }
}
