using System.Collections.Frozen;
using System.Net.Security;
using System.Security.Authentication;
using Etcdish.Rpc.Http2;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Etcdish.Rpc;

/// <summary>
/// A gRPC server on Kestrel without host, routing or middleware (each costs microseconds a call). Start it once, stop it
/// once. Calls run on the thread pool; handlers of one connection run concurrently.
/// </summary>
public sealed class RpcServer : IAsyncDisposable
{
    // Kestrel adds the idle timeout to its clock without a look at overflow: "infinite" would close idle connections at
    // the next heartbeat, within a second.
    private static readonly TimeSpan _forever = TimeSpan.FromDays(3650);

    private readonly RpcServerOptions _options;
    private readonly KestrelServer _kestrel;
    private readonly ServiceProvider _kestrelServices;
    private readonly CancellationTokenSource _stopping = new();
    private readonly FrozenDictionary<string, RpcMethod> _methods;
    private readonly RpcApplication _application;
    private readonly FallbackApplication _fallback;
    private readonly Http2Service _http2;
    private readonly List<(RpcEndpoint Endpoint, ListenOptions Listen)> _bound = [];
    private int _started;
    private int _stopped;

    /// <summary>Makes a server; nothing is bound yet.</summary>
    /// <param name="options">Its options.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="InvalidOperationException">A method of a service has no handler.</exception>
    public RpcServer(RpcServerOptions options)
    {
        options.Validate();
        _options = options;
        _methods = options.Services.Build();
        _application = new RpcApplication(_methods, options, _stopping.Token);
        _fallback = new FallbackApplication(options);
        _http2 = new Http2Service(_application, _fallback, options, TimeProvider.System);

        _kestrelServices = KestrelServices.Create(options.LoggerFactory);
        var sockets = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), options.LoggerFactory);
        _kestrel = new KestrelServer(Options.Create(KestrelOptions()), sockets, options.LoggerFactory);
    }

    /// <summary>All methods, in the order of their <see cref="RpcMethod.Index"/>.</summary>
    public IReadOnlyList<RpcMethod> Methods => [.. _methods.Values.OrderBy(method => method.Index)];

    /// <summary>Binds all endpoints and serves; afterwards each endpoint shows the port it got.</summary>
    /// <param name="cancellationToken">Gives up the start.</param>
    /// <exception cref="IOException">An address is in use or cannot be bound; the message names it. Nothing stays bound.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _started, 1) != 0)
        {
            throw new InvalidOperationException("An RPC server starts once.");
        }

        try
        {
            await _kestrel.StartAsync(_fallback, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            string addresses = string.Join(", ", _options.Endpoints);
            throw failure.InnerException is AddressInUseException
                ? new IOException($"listen on {addresses}: bind: address already in use", failure)
                : new IOException($"listen on {addresses}: {failure.Message}", failure);
        }

        foreach ((RpcEndpoint endpoint, ListenOptions listen) in _bound)
        {
            endpoint.EndPoint = listen.EndPoint;
        }
    }

    /// <summary>
    /// Runs a request that did not come from a socket, such as one that a JSON gateway makes: through the same methods, limits and
    /// observer. Completes when its handler has ended.
    /// </summary>
    /// <param name="request">The features of an HTTP/2 request: request and its body's pipe, response, its body, trailers, lifetime,
    /// reset.</param>
    public Task RunAsync(IFeatureCollection request) => _application.RunAsync(request);

    /// <summary>
    /// Stops: no new connections, GOAWAY on those there are, the tokens of streaming calls are cancelled, unary calls run
    /// to their end. What is left after the time is aborted. Returns when nothing runs any more. Later calls do nothing.
    /// </summary>
    /// <param name="drainTimeout">Time for calls to end by themselves.</param>
    public async Task StopAsync(TimeSpan drainTimeout)
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
        {
            return;
        }

        using var drained = new CancellationTokenSource(drainTimeout);
        Task stop = _kestrel.StopAsync(drained.Token);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await stop.ConfigureAwait(false);
    }

    /// <summary>Stops without waiting for calls, if that has not been done, and frees the resources.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero).ConfigureAwait(false);
        _kestrel.Dispose();
        await _kestrelServices.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private KestrelServerOptions KestrelOptions()
    {
        var kestrel = new KestrelServerOptions { ApplicationServices = _kestrelServices, AddServerHeader = false, AllowAlternateSchemes = true };
        SetLimits(kestrel.Limits);
        foreach (RpcEndpoint endpoint in _options.Endpoints)
        {
            kestrel.Listen(endpoint.EndPoint, listen =>
            {
                _bound.Add((endpoint, listen));
                Configure(listen, endpoint.Tls);
            });
        }

        return kestrel;
    }

    /// <summary>Kestrel's own end of each endpoint is HTTP/1.1; what speaks HTTP/2 is taken out before it.</summary>
    private void Configure(ListenOptions listen, HttpsConnectionAdapterOptions? tls)
    {
        if (tls is null)
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(http1 => new ProtocolSniffer(_http2.OnConnectionAsync, http1, _options.HandshakeTimeout).OnConnectionAsync);
            return;
        }

        tls.HandshakeTimeout = _options.HandshakeTimeout;
        if (tls.SslProtocols == SslProtocols.None)
        {
            tls.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        }

        // Both, so that ALPN offers both.
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.UseHttps(tls);
        listen.Use(http1 => connection => IsHttp2(connection) ? _http2.OnConnectionAsync(connection) : http1(connection));
    }

    private static bool IsHttp2(ConnectionContext connection) =>
        connection.Features.Get<ITlsApplicationProtocolFeature>() is { } alpn
        && alpn.ApplicationProtocol.Span.SequenceEqual(SslApplicationProtocol.Http2.Protocol.Span);

    private void SetLimits(KestrelServerLimits limits)
    {
        // Messages are bounded one by one, and a stream may be silent for months: the bounds on whole bodies and on
        // their pace must be off. The fallback sets its own.
        limits.MaxRequestBodySize = null;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.MaxConcurrentConnections = _options.MaxConnections;
        limits.MaxRequestHeadersTotalSize = _options.MaxRequestHeaderBytes;
        limits.RequestHeadersTimeout = _options.HandshakeTimeout;
        limits.KeepAliveTimeout = _options.IdleTimeout == Timeout.InfiniteTimeSpan ? _forever : _options.IdleTimeout;
        limits.MaxResponseBufferSize = _options.MaxResponseBufferBytes;
    }
}
