using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Etcdish.Streaming.Spdy;
using Etcdish.Streaming.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Streaming.Sessions;

/// <summary>Turns HTTP/1.1 requests into connections of another protocol, as far as Kubernetes' clients ask for it.</summary>
internal static class Upgrade
{
    private const string SpdyProtocol = "SPDY/3.1";
    private const string StreamProtocolHeader = "X-Stream-Protocol-Version";
    private const string AcceptedProtocolsHeader = "X-Accepted-Stream-Protocol-Versions";

    /// <summary>Of RFC 6455, section 1.3.</summary>
    private const string WebSocketKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    public static bool IsWebSocket(HttpContext http) => Asks(http, "websocket");

    public static bool IsSpdy(HttpContext http) => Asks(http, SpdyProtocol);

    /// <summary>The first of the client's subprotocols that is known; null if it named some, and none is. Names none: the unnamed one.</summary>
    public static ChannelProtocol? ChooseChannelProtocol(HttpContext http, params ReadOnlySpan<ChannelProtocol> known)
    {
        var offered = http.Request.Headers.GetCommaSeparatedValues("Sec-WebSocket-Protocol");
        foreach (var name in offered)
        {
            foreach (var protocol in known)
            {
                if (protocol.Name == name)
                {
                    return protocol;
                }
            }
        }

        return offered.Length == 0 ? ChannelProtocol.Unnamed : null;
    }

    /// <summary>
    /// The first of the client's stream protocols that is known, announced in the answer; or null, and the request is answered.
    /// </summary>
    public static async Task<string?> ChooseStreamProtocolAsync(HttpContext http, string[] known)
    {
        var offered = http.Request.Headers.GetCommaSeparatedValues(StreamProtocolHeader);
        if (offered.Length == 0)
        {
            await RefuseAsync(http, 400, $"unable to upgrade: header {StreamProtocolHeader} does not exist or names no protocol");
            return null;
        }

        if (offered.FirstOrDefault(known.Contains) is { } chosen)
        {
            http.Response.Headers[StreamProtocolHeader] = chosen;
            return chosen;
        }

        http.Response.Headers[AcceptedProtocolsHeader] = known;
        await RefuseAsync(
            http,
            403,
            $"unable to upgrade: unable to negotiate protocol: client supports [{string.Join(' ', offered)}], "
            + $"server accepts [{string.Join(' ', known)}]");
        return null;
    }

    /// <summary>Answers a request with a failure, in plain text.</summary>
    public static Task RefuseAsync(HttpContext http, int code, string message)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(message + "\n");
    }

    /// <summary>Begins a SPDY connection.</summary>
    public static async Task<SpdyConnection> AcceptSpdyAsync(HttpContext http, StreamingLimits limits)
    {
        http.Response.Headers.Upgrade = SpdyProtocol;
        return new SpdyConnection(await AcceptAsync(http, limits), isServer: true, limits);
    }

    /// <summary>Begins a WebSocket; null if the client's handshake is wrong, and the request is answered.</summary>
    /// <param name="http">The request.</param>
    /// <param name="subprotocol">The subprotocol that was chosen; empty for none.</param>
    /// <param name="limits">Bounds.</param>
    public static async Task<WebSocket?> AcceptWebSocketAsync(HttpContext http, string subprotocol, StreamingLimits limits)
    {
        var key = http.Request.Headers.SecWebSocketKey.ToString();
        if (http.Request.Headers.SecWebSocketVersion != "13" || key.Length == 0)
        {
            http.Response.Headers.SecWebSocketVersion = "13";
            await RefuseAsync(http, 400, "unable to upgrade: a WebSocket of version 13 with a key is needed");
            return null;
        }

        http.Response.Headers.Upgrade = "websocket";
        http.Response.Headers.SecWebSocketAccept = AnswerTo(key);
        if (subprotocol.Length > 0)
        {
            http.Response.Headers.SecWebSocketProtocol = subprotocol;
        }

        return WebSocket.CreateFromStream(await AcceptAsync(http, limits), new WebSocketCreationOptions
        {
            // Not the subprotocol: .NET refuses names with a slash, and it has no use for it.
            IsServer = true,
            KeepAliveInterval = limits.KeepAlive,
        });
    }

    private static bool Asks(HttpContext http, string protocol) =>
        http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        && http.Request.Headers.GetCommaSeparatedValues("Upgrade").Contains(protocol, StringComparer.OrdinalIgnoreCase);

    private static async Task<Stream> AcceptAsync(HttpContext http, StreamingLimits limits)
    {
        var stream = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        return new IdleWatch(stream, limits, http.Abort);
    }

#pragma warning disable CA5350 // The protocol wants SHA-1; it guards nothing.
    private static string AnswerTo(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + WebSocketKeySuffix)));
#pragma warning restore CA5350
}
