using System.Net;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Network.Tests.Ingress;

public sealed class RollingEndpointsTests
{
    private const int Requests = 20_000;
    private const int Clients = 16;

    [Test]
    public async Task NoRequestFailsWhileAllEndpointsAreReplacedAgainAndAgain()
    {
        await using var bench = new IngressBench();
        var serving = new Queue<TestBackend>();
        for (var i = 0; i < 3; i++)
        {
            serving.Enqueue(await TestBackend.StartAsync(ServeAsync));
        }

        bench.AddService("web", "", [.. serving.Select(backend => backend.Port)]);
        bench.AddIngress(IngressBench.Rule("web.example", "/", "Prefix", "web"));
        await bench.StartAsync();

        var left = Requests;
        var failed = 0;
        var load = Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(LoadAsync)));
        var replaced = 0;
        while (!load.IsCompleted)
        {
            serving.Enqueue(await TestBackend.StartAsync(ServeAsync));
            var old = serving.Dequeue();
            bench.SetEndpoints("web", [.. serving.Select(backend => backend.Port)]);
            await old.DisposeAsync();
            replaced++;
        }

        await load;
        while (serving.TryDequeue(out var backend))
        {
            await backend.DisposeAsync();
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed, Is.Zero);
            Assert.That(replaced, Is.GreaterThan(10));
        }

        async Task LoadAsync()
        {
            using var client = bench.Connect();
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using var response = await client.GetAsync("http://web.example/");
                var text = await response.Content.ReadAsStringAsync();
                if (response.StatusCode != HttpStatusCode.OK || text != "served")
                {
                    Interlocked.Increment(ref failed);
                }
            }
        }
    }

    private static Task ServeAsync(HttpContext context) => context.Response.WriteAsync("served");
}
