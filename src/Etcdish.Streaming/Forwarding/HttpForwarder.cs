using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Streaming.Forwarding;

/// <summary>
/// Hands a request on to whoever answers it, and the answer back, byte by byte. A request to upgrade becomes, when it is granted, a tunnel:
/// what is spoken in it is between the two ends.
/// </summary>
public static class HttpForwarder
{
    /// <summary>Whether a request asks to speak another protocol from here on.</summary>
    public static bool IsUpgrade(HttpContext http) => http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true };

    /// <summary>Forwards a request.</summary>
    /// <param name="http">The request.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="client">Reaches the target.</param>
    /// <param name="rules">What is changed on the way, and what is thrown when it fails.</param>
    public static async Task ForwardAsync(HttpContext http, Uri target, HttpMessageInvoker client, ForwardingRules rules)
    {
        var isUpgrade = IsUpgrade(http);
        using var request = MakeRequest(http, target, isUpgrade);
        rules.Prepare?.Invoke(request);
        using var response = await SendAsync(client, request, rules.Unreachable, http.RequestAborted);
        var isTunnel = response.StatusCode == HttpStatusCode.SwitchingProtocols;
        if (isUpgrade && !isTunnel && (int)response.StatusCode < 400)
        {
            throw rules.Refused($"invalid upgrade response: status code {(int)response.StatusCode}");
        }

        http.Response.StatusCode = (int)response.StatusCode;
        ForwardedHeaders.CopyResponse(response, http.Response, isTunnel);
        rules.Adapt?.Invoke(http.Response.Headers);
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
    /// <param name="client">Reaches the target.</param>
    /// <param name="request">The request.</param>
    /// <param name="unreachable">What is thrown when the target cannot be reached, made of the reason.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<HttpResponseMessage> SendAsync(
        HttpMessageInvoker client, HttpRequestMessage request, Func<string, Exception> unreachable, CancellationToken cancellation)
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
    /// <param name="http">The request that it answers.</param>
    /// <param name="content">The body.</param>
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
