using System.Net;
using Etcdish.ApiServer.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.ApiServer.Streaming;

/// <summary>
/// Hands a request on to whoever answers it, and the answer back, byte by byte. A request to upgrade becomes, when it is granted, a tunnel:
/// what is spoken in it is between the two ends.
/// </summary>
internal static class HttpForwarder
{
    public static bool IsUpgrade(HttpContext http) => http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };

    /// <summary>Forwards a request.</summary>
    /// <param name="http">The request.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="client">Reaches the target.</param>
    /// <param name="prepare">Completes the request to the target.</param>
    /// <param name="adapt">Changes the headers of the answer before they go back, or null.</param>
    /// <param name="unreachable">What the client is told when the target cannot be reached.</param>
    /// <exception cref="ApiException">It cannot be reached, or answers an upgrade by something else.</exception>
    public static async Task ForwardAsync(
        HttpContext http,
        Uri target,
        HttpMessageInvoker client,
        Action<HttpRequestMessage> prepare,
        Action<IHeaderDictionary>? adapt,
        Func<string, ApiException> unreachable)
    {
        var isUpgrade = IsUpgrade(http);
        using var request = MakeRequest(http, target, isUpgrade);
        prepare(request);
        using var response = await SendAsync(client, request, unreachable, http.RequestAborted);
        var isTunnel = response.StatusCode == HttpStatusCode.SwitchingProtocols;
        if (isUpgrade && !isTunnel && (int)response.StatusCode < 400)
        {
            throw new ApiException(500, "InternalError", $"invalid upgrade response: status code {(int)response.StatusCode}");
        }

        http.Response.StatusCode = (int)response.StatusCode;
        ForwardedHeaders.CopyResponse(response, http.Response, isTunnel);
        adapt?.Invoke(http.Response.Headers);
        await using var content = await response.Content.ReadAsStreamAsync(http.RequestAborted);
        if (isTunnel)
        {
            var stream = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            await Tunnel.RunAsync(stream, content, http.RequestAborted);
            return;
        }

        await CopyBodyAsync(http, content);
    }

    /// <summary>Sends a request, and waits for the head of its answer.</summary>
    /// <exception cref="ApiException">The target cannot be reached.</exception>
    public static async Task<HttpResponseMessage> SendAsync(
        HttpMessageInvoker client, HttpRequestMessage request, Func<string, ApiException> unreachable, CancellationToken cancellation)
    {
        try
        {
            return await client.SendAsync(request, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw unreachable((e.InnerException as IOException)?.Message ?? e.Message);
        }
    }

    /// <summary>Sends a body as it comes: nothing waits for more.</summary>
    public static async Task CopyBodyAsync(HttpContext http, Stream content)
    {
        await http.Response.StartAsync(http.RequestAborted);
        try
        {
            await content.CopyToAsync(http.Response.Body, http.RequestAborted);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // The answer has begun, and half of it must not look like the whole.
            http.Abort();
        }
    }

    private static HttpRequestMessage MakeRequest(HttpContext http, Uri target, bool isUpgrade)
    {
        var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), target)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (!isUpgrade && http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            {
                limit.MaxRequestBodySize = null;
            }

            request.Content = new StreamContent(http.Request.Body);
        }

        ForwardedHeaders.CopyRequest(http.Request, request, isUpgrade);
        return request;
    }
}
