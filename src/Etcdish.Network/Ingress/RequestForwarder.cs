using System.Buffers;
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
    private const int BufferBytes = 16 * 1024;

    // What the client wrote is what the endpoint reads: a path is not made shorter or decoded on the way.
    private static readonly UriCreationOptions _asWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Forwards a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="pool">Where to.</param>
    /// <param name="backend">The endpoint to try first; the request has begun there.</param>
    public async Task ForwardAsync(HttpContext context, BackendPool pool, Backend backend)
    {
        using var idle = new IdleTimer(options.IdleTimeout, clock, context.RequestAborted);
        var upgrade = Upgrade.Find(context);
        var body = upgrade is null && HasBody(context) ? new RequestBody(context.Request, idle) : null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // Not disposed of: with it would go the body, which another attempt may need.
                var request = MakeRequest(context, backend, body, upgrade);
                using var response = await backend.SendAsync(request, idle.Token);
                idle.Touch();
                await PassBackAsync(context, response, upgrade, idle);
                break;
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

                if (attempt == MaxAttempts || idle.Token.IsCancellationRequested || !MayTryAgain(context, e, hasNotConnected, body)
                    || pool.Enter() is not { } next)
                {
                    await FailAsync(context, e, hasNotConnected, body, idle);
                    break;
                }

                backend.Exit();
                backend = next;
            }
        }

        backend.Exit();
        await LetGoAsync(body, idle);
    }

    private static bool HasBody(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? false;

    private static HttpRequestMessage MakeRequest(HttpContext context, Backend backend, RequestBody? body, Upgrade? upgrade)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var path = target.StartsWith('/') ? target : context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent();
        var request = new HttpRequestMessage(
            upgrade is null ? HttpMethod.Parse(context.Request.Method) : HttpMethod.Get, new Uri(backend.Origin + path, _asWritten))
        {
            Version = upgrade is null ? backend.Version : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,

            // A method such as POST says that its body is empty, if it is.
            Content = body is null && context.Request.ContentLength == 0 ? new ByteArrayContent([]) : body,
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

        var method = context.Request.Method;
        return hasNotConnected
            || (body is null && e is HttpRequestException { HttpRequestError: not HttpRequestError.InvalidResponse }
                && (HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method)
                    || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method)));
    }

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

        await CopyBodyAsync(message, response, idle);
        ForwardedHeaders.CopyTrailers(message, response);
    }

    private static async Task CopyBodyAsync(HttpResponseMessage message, HttpResponse response, IdleTimer idle)
    {
        await using var body = await message.Content.ReadAsStreamAsync(idle.Token);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var isFirst = true;
        try
        {
            while (true)
            {
                var reading = body.ReadAsync(buffer, idle.Token);
                if (isFirst && !reading.IsCompleted)
                {
                    // The head does not wait for a body that takes its time.
                    await response.BodyWriter.FlushAsync(idle.Token);
                }

                isFirst = false;
                var count = await reading;
                if (count == 0)
                {
                    return;
                }

                await response.BodyWriter.WriteAsync(buffer.AsMemory(0, count), idle.Token);
                idle.Touch();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
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
            : PlainAnswer.WriteAsync(context, StatusCodes.Status502BadGateway, "the service could not be reached, or broke off"));
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
