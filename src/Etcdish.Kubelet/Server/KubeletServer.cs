using System.Net;
using System.Security.Authentication;
using Etcdish.Kubelet.Logs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Etcdish.Kubelet.Server;

/// <summary>
/// What a kubelet serves on port 10250: logs, commands in containers, forwarded ports, and figures. Started once and disposed of once.
/// </summary>
internal sealed class KubeletServer : IAsyncDisposable
{
    // Streams end at once; what is left are requests that are nearly done.
    private static readonly TimeSpan _drainTime = TimeSpan.FromSeconds(1);

    private readonly KubeletServerParts _parts;
    private readonly FolderWatch _watch;
    private readonly ContainerEnds _ends;
    private readonly IHost _host;
    private ListenOptions? _listen;

    private KubeletServer(KubeletServerParts parts)
    {
        _parts = parts;
        _watch = new FolderWatch(parts.Clock, parts.Warn);
        _ends = new ContainerEnds(parts.Runtime, parts.Clock, parts.Warn);
        var routes = new KubeletRoutes(parts, MakeGuard(parts), new LogReader(_watch, parts.Clock, parts.Warn), _ends);
        var builder = new HostBuilder();
        builder.ConfigureServices(services =>
        {
            services.Configure<HostOptions>(host => host.ShutdownTimeout = _drainTime);
            services.AddSingleton<IHostLifetime, NoLifetime>();
        });
        builder.ConfigureWebHost(web => web.UseKestrelCore().ConfigureKestrel(Configure).Configure(app => app.Run(routes.ServeAsync)));
        builder.ConfigureLogging(logging => logging.ClearProviders());
        _host = builder.Build();
    }

    /// <summary>Where it listens; with the port it got.</summary>
    public IPEndPoint EndPoint => _listen?.IPEndPoint ?? new IPEndPoint(_parts.Options.BindAddress, _parts.Options.Port);

    /// <summary>Starts a server: it answers when this completes.</summary>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<KubeletServer> StartAsync(KubeletServerParts parts, CancellationToken cancellation)
    {
        var server = new KubeletServer(parts);
        try
        {
            await server._host.StartAsync(cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await _ends.DisposeAsync();
        _watch.Dispose();
    }

    private static RequestGuard? MakeGuard(KubeletServerParts parts) => parts.Security is not { } security ? null : new RequestGuard(
        new ClientAuthenticator(security.ClientAuthorities, parts.Client, parts.Clock, parts.Warn),
        new AccessReviewer(parts.Options.NodeName, parts.Client, parts.Clock),
        parts.Warn);

    private void Configure(KestrelServerOptions kestrel)
    {
        // Commands have many words.
        const int MaxUrlBytes = 128 * 1024;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestLineSize = MaxUrlBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = MaxUrlBytes;

        // Who pages through a log reads nothing for as long as he likes. He costs a connection and what its buffers hold.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Listen(_parts.Options.BindAddress, _parts.Options.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (_parts.Security is { } security)
            {
                listen.UseHttps(Tls(security));
            }

            _listen = listen;
        });
    }

    private static HttpsConnectionAdapterOptions Tls(ServerSecurity security) => new()
    {
        ServerCertificateSelector = (_, _) => security.Certificate(),
        SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateMode = ClientCertificateMode.AllowCertificate,

        // Whose it is, if anybody's, is found out with the request, so that a client with a wrong one is told so.
        ClientCertificateValidation = static (_, _, _) => true,
    };

    /// <summary>The process belongs to whoever made the server; so do its signals.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
