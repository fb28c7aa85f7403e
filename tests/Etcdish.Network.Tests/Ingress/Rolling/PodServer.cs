using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Etcdish.Network.Tests.Ingress.Rolling;

/// <summary>A pod's program: answers GET with a greeting, and anything that has a body with that body.</summary>
internal sealed class PodServer : IAsyncDisposable
{
    /// <summary>Where it speaks HTTP/1.1.</summary>
    public const int HttpPort = 8080;

    /// <summary>Where it speaks HTTP/2 without TLS.</summary>
    public const int Http2Port = 8081;

    /// <summary>What it answers to GET.</summary>
    public const string Greeting = "served by a pod that may end at any moment\n";

    private static readonly byte[] _greeting = System.Text.Encoding.ASCII.GetBytes(Greeting);
    private readonly IHost _host;

    private PodServer(IPAddress address)
    {
        var builder = new HostBuilder();
        builder.ConfigureServices(services =>
        {
            services.AddSingleton<IHostLifetime, NoLifetime>();
            services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
        });
        builder.ConfigureWebHost(web => web
            .UseKestrelCore()
            .ConfigureKestrel(kestrel =>
            {
                kestrel.Limits.MinRequestBodyDataRate = null;
                kestrel.Listen(address, HttpPort, listen => listen.Protocols = HttpProtocols.Http1);
                kestrel.Listen(address, Http2Port, listen => listen.Protocols = HttpProtocols.Http2);
            })
            .Configure(app => app.Run(ServeAsync)));
        builder.ConfigureLogging(logging => logging.ClearProviders());
        _host = builder.Build();
    }

    public static async Task<PodServer> StartAsync(IPAddress address)
    {
        var server = new PodServer(address);
        await server._host.StartAsync();
        return server;
    }

    /// <summary>Takes no more connections, ends what it has begun, and closes connections as they fall idle, as good programs do.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    /// <summary>Breaks off all at once, as a kill does.</summary>
    public async Task KillAsync()
    {
        await _host.StopAsync(new CancellationToken(canceled: true));
        _host.Dispose();
    }

    private static async Task ServeAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.ContentLength = _greeting.Length;
            await context.Response.Body.WriteAsync(_greeting);
            return;
        }

        context.Response.ContentLength = context.Request.ContentLength;
        await context.Request.Body.CopyToAsync(context.Response.Body);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
