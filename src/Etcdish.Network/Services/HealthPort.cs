using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Etcdish.Network.Services;

/// <summary>A port that answers questions about health over HTTP.</summary>
internal sealed class HealthPort : IAsyncDisposable
{
    private readonly IHost _host;

    private HealthPort(IHost host) => _host = host;

    /// <summary>Starts one: it answers when this completes.</summary>
    /// <exception cref="IOException">The address is taken.</exception>
    public static async Task<HealthPort> StartAsync(IPEndPoint address, RequestDelegate answer, CancellationToken cancellation)
    {
        var builder = new HostBuilder();
        builder.ConfigureServices(services => services.AddSingleton<IHostLifetime, NoLifetime>());
        builder.ConfigureWebHost(web => web
            .UseKestrelCore()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.Listen(address);
            })
            .Configure(app => app.Run(answer)));
        builder.ConfigureLogging(logging => logging.ClearProviders());
        var host = builder.Build();
        try
        {
            await host.StartAsync(cancellation);
            return new HealthPort(host);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
    }

    /// <summary>The process belongs to whoever made the proxy; so do its signals.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
