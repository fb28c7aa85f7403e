using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Etcdish.Network.Ingress;

/// <summary>Takes requests from outside: HTTP/1.1, and HTTP/1.1 or HTTP/2 over TLS. Started once and disposed of once.</summary>
internal sealed class IngressListener : IAsyncDisposable
{
    private const int MaxRequestLineBytes = 16 * 1024;
    private const int StreamsPerConnection = 250;

    private readonly IngressOptions _options;
    private readonly IngressRouter _router;
    private readonly Action<string> _warn;
    private readonly IHost _host;
    private bool _isStopped;
    private ListenOptions? _http;
    private ListenOptions? _https;

    public IngressListener(IngressRouter router, IngressOptions options, TimeProvider clock, Action<string> warn)
    {
        _options = options;
        _router = router;
        _warn = warn;
        var handler = new IngressHandler(router, new RequestForwarder(options, clock), () => HttpsEndPoint.Port);
        var builder = new HostBuilder();
        builder.ConfigureServices(services =>
        {
            services.AddSingleton<IHostLifetime, NoLifetime>();
            services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTime);
            services.Configure<SocketTransportOptions>(sockets => sockets.CreateBoundListenSocket = Bind);
        });
        builder.ConfigureWebHost(web => web.UseKestrelCore().ConfigureKestrel(Configure).Configure(app => app.Run(handler.ServeAsync)));
        builder.ConfigureLogging(logging => logging.ClearProviders());
        _host = builder.Build();
    }

    /// <summary>Where plain HTTP is taken; with the port it got.</summary>
    public IPEndPoint HttpEndPoint => _http?.IPEndPoint ?? new IPEndPoint(_options.BindAddress, _options.HttpPort);

    /// <summary>Where HTTPS is taken; with the port it got.</summary>
    public IPEndPoint HttpsEndPoint => _https?.IPEndPoint ?? new IPEndPoint(_options.BindAddress, _options.HttpsPort);

    /// <summary>Starts it: it answers when this completes.</summary>
    /// <exception cref="IOException">The address cannot be listened at.</exception>
    public Task StartAsync(CancellationToken cancellation) => _host.StartAsync(cancellation);

    /// <summary>Takes no more requests, and lets those under way end for a while.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isStopped)
        {
            _isStopped = true;
            await _host.StopAsync();
            _host.Dispose();
        }
    }

    /// <summary>Binds a socket; if the port cannot be had, another one.</summary>
    private Socket Bind(EndPoint wanted)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(wanted);
        }
        catch (SocketException e) when (wanted is IPEndPoint { Port: > 0 }
            && e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            var address = (IPEndPoint)wanted;
            var socket = BindInstead(address);
            _warn($"ingress: port {address.Port} cannot be had ({e.Message}); {((IPEndPoint)socket.LocalEndPoint!).Port} is used instead");
            return socket;
        }
    }

    /// <summary>One that is the same at each start, if that can be had: people write it down.</summary>
    private static Socket BindInstead(IPEndPoint wanted)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(
                new IPEndPoint(wanted.Address, (wanted.Port + IngressOptions.InsteadOffset) % (IPEndPoint.MaxPort + 1)));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(new IPEndPoint(wanted.Address, 0));
        }
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
        kestrel.Limits.KeepAliveTimeout = _options.IdleTimeout + TimeSpan.FromSeconds(15);
        kestrel.Limits.MaxRequestHeadersTotalSize = _options.MaxHeaderBytes;
        kestrel.Limits.MaxRequestLineSize = MaxRequestLineBytes;
        kestrel.Limits.MaxRequestBufferSize = Math.Max(_options.MaxHeaderBytes, MaxRequestLineBytes) * 2;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = MaxRequestLineBytes;
        kestrel.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);

        // How much may come, and how slowly, is the service's affair; that something moves at all is seen to when it is passed on.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(_options.BindAddress, _options.HttpPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            _http = listen;
        });
        kestrel.Listen(_options.BindAddress, _options.HttpsPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = connection => new(_router.Table.Certificates.Find(connection.ClientHelloInfo.ServerName)),
            });
            _https = listen;
        });
    }

    /// <summary>The process belongs to whoever made the controller; so do its signals.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
