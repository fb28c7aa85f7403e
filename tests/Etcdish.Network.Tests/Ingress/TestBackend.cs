using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Etcdish.Network.Tests.Ingress;

/// <summary>A pod that serves: it ends as pods do, when what it has begun is done.</summary>
internal sealed class TestBackend : IAsyncDisposable
{
    private readonly IHost _host;
    private ListenOptions? _listen;

    private TestBackend(RequestDelegate serve, HttpProtocols protocols, IPEndPoint address, TestCertificate? certificate)
    {
        var builder = new HostBuilder();
        builder.ConfigureServices(services => services.AddSingleton<IHostLifetime, NoLifetime>());
        builder.ConfigureWebHost(web => web
            .UseKestrelCore()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.Limits.MinRequestBodyDataRate = null;
                kestrel.Listen(address, listen =>
                {
                    listen.Protocols = protocols;
                    if (certificate is not null)
                    {
                        listen.UseHttps(certificate.ToServer());
                    }

                    _listen = listen;
                });
            })
            .Configure(app => app.Run(serve)));
        builder.ConfigureLogging(logging => logging.ClearProviders());
        _host = builder.Build();
    }

    public int Port => _listen!.IPEndPoint!.Port;

    /// <summary>Starts one.</summary>
    /// <param name="serve">What it does.</param>
    /// <param name="protocols">What it speaks.</param>
    /// <param name="address">Where it is; null: at a free port of the loopback.</param>
    /// <param name="certificate">What it shows; null: it has no TLS.</param>
    public static async Task<TestBackend> StartAsync(
        RequestDelegate serve,
        HttpProtocols protocols = HttpProtocols.Http1,
        IPEndPoint? address = null,
        TestCertificate? certificate = null)
    {
        var backend = new TestBackend(serve, protocols, address ?? new IPEndPoint(IPAddress.Loopback, 0), certificate);
        await backend._host.StartAsync();
        return backend;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
