using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Network.Ingress;

/// <summary>
/// A request to go on in another protocol, in practice WebSocket: by Upgrade in HTTP/1.1 (RFC 9110 §7.8), or by an extended CONNECT in
/// HTTP/2 (RFC 8441), which becomes an Upgrade towards the endpoint.
/// </summary>
internal sealed class Upgrade
{
    private const int BufferBytes = 16 * 1024;
    private readonly HttpContext _context;
    private readonly IHttpExtendedConnectFeature? _connect;
    private readonly string _protocol;

    private Upgrade(HttpContext context, IHttpExtendedConnectFeature? connect, string protocol)
    {
        _context = context;
        _connect = connect;
        _protocol = protocol;
    }

    /// <summary>Whether a CONNECT asks for another protocol at a path, rather than for a tunnel to somewhere.</summary>
    public static bool IsExtendedConnect(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>What a request asks for; null: nothing of the kind.</summary>
    public static Upgrade? Find(HttpContext context)
    {
        if (HttpMethods.IsConnect(context.Request.Method))
        {
            return context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: { } name } connect
                ? new Upgrade(context, connect, name)
                : null;
        }

        // h2c would let requests pass that no rule has seen.
        var wanted = context.Request.Headers.Upgrade;
        return wanted.Count > 0 && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            && wanted.ToString() is { Length: > 0 } protocol && !protocol.Contains("h2c", StringComparison.OrdinalIgnoreCase)
            ? new Upgrade(context, null, protocol)
            : null;
    }

    /// <summary>Asks the endpoint for it.</summary>
    public void AddTo(HttpRequestMessage request)
    {
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", _protocol);
        if (_connect is not null)
        {
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)));
        }
    }

    /// <summary>Tells the client that the endpoint agreed, and passes bytes both ways until a side ends or nothing moves for
    /// long.</summary>
    public async Task RunAsync(HttpResponseMessage message, IdleTimer idle)
    {
        ForwardedHeaders.CopyResponse(message, _context.Response);
        await using var endpoint = await message.Content.ReadAsStreamAsync(idle.Token);
        await using var client = await AcceptAsync();
        var outward = CopyAsync(client, endpoint, idle);
        var inward = CopyAsync(endpoint, client, idle);
        await Task.WhenAny(outward, inward);

        // There is no end of one direction alone: who has ended has said so before in the protocol's own words.
        await idle.EndAsync();
        await Task.WhenAll(outward, inward);
    }

    private static async Task CopyAsync(Stream from, Stream to, IdleTimer idle)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await from.ReadAsync(buffer, idle.Token) is var count and > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, count), idle.Token);
                await to.FlushAsync(idle.Token);
                idle.Touch();
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // This direction is at its end, and so is the other one.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<Stream> AcceptAsync()
    {
        if (_connect is not null)
        {
            _context.Response.StatusCode = (int)HttpStatusCode.OK;
            _context.Response.Headers.Remove("Sec-WebSocket-Accept");
            return await _connect.AcceptAsync();
        }

        // The server says Connection and 101 itself; the protocol is the endpoint's choice.
        _context.Response.Headers.Upgrade = _protocol;
        return await _context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }
}
