using System.Net;
using Etcdish.Network.Ingress;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Etcdish.Network.Tests.Ingress;

/// <summary>Clients that go, that are slow, and services that are.</summary>
public sealed class DepartureTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task AClientThatGoesEndsTheServicesWork(
        [Values("1.1", "2.0")] string version, [Values] bool byHttp2, [Values] bool hasBegun)
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var bench = await IngressBench.ServeAsync(
            async context =>
            {
                await using var registration = context.RequestAborted.Register(() => ended.TrySetResult());
                if (hasBegun)
                {
                    await context.Response.WriteAsync("begun");
                    await context.Response.Body.FlushAsync();
                }

                arrived.TrySetResult();
                await ended.Task;
            },
            protocols: byHttp2 ? HttpProtocols.Http2 : HttpProtocols.Http1,
            appProtocol: byHttp2 ? "kubernetes.io/h2c" : "");
        using var client = bench.Connect(Version.Parse(version));
        using var leave = new CancellationTokenSource();
        var url = version == "2.0" ? "https://web.example/" : "http://web.example/";
        var asking = client.GetStringAsync(url, leave.Token);
        await arrived.Task.WaitAsync(_patience);
        await leave.CancelAsync();
        await ended.Task.WaitAsync(_patience);
        Assert.That(async () => await asking, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task AClientThatDoesNotReadHoldsUpTheServiceAndThenLosesIt()
    {
        const int piece = 64 * 1024;

        // What the kernel keeps for sockets of the loopback is much, but not this much.
        const long all = 4096L * 1024 * 1024, kept = 1024L * 1024 * 1024;
        var written = 0L;
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new IngressOptions
        {
            HttpPort = 0,
            HttpsPort = 0,
            BindAddress = IPAddress.Loopback,
            IdleTimeout = TimeSpan.FromSeconds(1),
        };
        await using var bench = await IngressBench.ServeAsync(
            async context =>
            {
                try
                {
                    while (written < all)
                    {
                        await context.Response.Body.WriteAsync(new byte[piece], context.RequestAborted);
                        written += piece;
                    }
                }
                catch (OperationCanceledException)
                {
                    // What is looked for.
                }

                ended.TrySetResult();
            },
            options);
        using var client = bench.Connect();
        using var response = await client.GetAsync("http://web.example/", HttpCompletionOption.ResponseHeadersRead);
        await ended.Task.WaitAsync(_patience);
        Assert.That(written, Is.LessThan(kept), "the rest would have been kept in memory");
    }

    [Test]
    public async Task AnIngressGivesItsServicesTheirTime()
    {
        await using var bench = await IngressBench.ServeAsync(
            context => new TaskCompletionSource().Task.WaitAsync(context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        bench.AddIngress(
            IngressBench.Rule("brief.example", "/", "Prefix", "web"), annotations: "'nginx.ingress.kubernetes.io/proxy-read-timeout':'1'");
        using var client = bench.Connect();
        using var response = await client.GetAsync("http://brief.example/");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.GatewayTimeout));
    }
}
