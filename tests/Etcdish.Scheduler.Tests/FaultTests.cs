using System.Net;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler.Tests;

/// <summary>A scheduler whose writes fail, that is killed in the middle, or that has to evict.</summary>
public sealed class FaultTests
{
    private const string Small = "'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'500m'}}}]";

    [Test]
    public async Task Failed_bindings_and_a_death_in_the_middle_lose_and_overcommit_nothing()
    {
        await using var bench = await ControlBench.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await NodeAsync(bench, $"n{i}");
        }

        for (var i = 0; i < 22; i++)
        {
            await PodAsync(bench, $"p{i}", Small);
        }

        await using (var first = new Running(bench, failEvery: 3))
        {
            await bench.WaitAsync(Resources.Pods, "default", pods => pods.Count(p => p.Spec.NodeName.Length > 0) >= 5);
        }

        await using var second = new Running(bench, failEvery: 4);
        var all = await bench.WaitAsync(
            Resources.Pods, "default",
            pods => pods.Count(p => p.Spec.NodeName.Length > 0) == 20 && pods.Count(p => p.Status.Find("PodScheduled") is { Reason: "Unschedulable" }) == 2,
            p => $"{p} on {p.Spec.NodeName}: {p.Status.Find("PodScheduled")?.Reason} {p.Status.Find("PodScheduled")?.Message}");
        foreach (var node in all.Where(p => p.Spec.NodeName.Length > 0).GroupBy(p => p.Spec.NodeName))
        {
            Assert.That(node.Count(), Is.EqualTo(4), node.Key);
        }
    }

    [Test]
    public async Task A_more_important_pod_takes_the_place_of_a_lesser_one()
    {
        await using var bench = await ControlBench.StartAsync();
        var kubelet = bench.Add(new InstantKubelet(bench.Context, pod => pod.Spec.NodeName.Length == 0));
        await NodeAsync(bench, "n");
        await bench.Client.SendAsync(HttpMethod.Post, "/apis/scheduling.k8s.io/v1/priorityclasses", System.Text.Json.Nodes.JsonNode.Parse(
            """{"metadata":{"name":"high"},"value":1000}"""), null, CancellationToken.None);
        await bench.RunAsync();
        await using var scheduler = new Running(bench, failEvery: int.MaxValue);
        for (var i = 0; i < 4; i++)
        {
            await PodAsync(bench, $"low{i}", Small);
        }

        await bench.WaitAsync(Resources.Pods, "default", pods => pods.Count(p => p.IsReady) == 4);
        await PodAsync(bench, "high", "'priorityClassName':'high'," + Small);
        var all = await bench.WaitAsync(
            Resources.Pods, "default", pods => pods.Any(p => p is { Metadata.Name: "high", Spec.NodeName: "n" }), p => $"{p} {p.Spec.NodeName} {p.Status.Find("PodScheduled")?.Message}");
        Assert.That(all.Count(p => p.Metadata.Name.StartsWith("low", StringComparison.Ordinal)), Is.EqualTo(3));
        Assert.That(kubelet.Name, Is.Not.Empty);
    }

    private static async Task NodeAsync(ControlBench bench, string name)
    {
        await bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'" + name + "'}}");
        await bench.PatchAsync(Resources.Nodes, "", name, "{'status':{'allocatable':{'cpu':'2','memory':'4Gi','pods':'110'}}}", "status");
        await bench.PatchAsync(Resources.Nodes, "", name, "{'spec':{'taints':null}}");
    }

    private static Task<Pod> PodAsync(ControlBench bench, string name, string spec) =>
        bench.CreateAsync(Resources.Pods, "default", "{'metadata':{'name':'" + name + "'},'spec':{" + spec + "}}");

    /// <summary>A scheduler as of a process of its own.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly ControllerContext _context;
        private readonly Task _running;

        public Running(ControlBench bench, int failEvery)
        {
            _context = bench.MakeContext(TimeProvider.System, bench.Connect(inner => new FailingBindings(inner, failEvery)));
            var options = new SchedulerOptions { InitialBackoff = TimeSpan.FromMilliseconds(10), MaxBackoff = TimeSpan.FromMilliseconds(50) };
            _running = new PodScheduler(_context, options).RunAsync(_stop.Token);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _context.Informers.DisposeAsync();
            await _context.Events.DisposeAsync();
            _context.Client.Dispose();
            _stop.Dispose();
        }
    }

    private sealed class FailingBindings(HttpMessageHandler inner, int every) : DelegatingHandler(inner)
    {
        private int _count;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath.EndsWith("/binding", StringComparison.Ordinal) && Interlocked.Increment(ref _count) % every == 0)
            {
                return new HttpResponseMessage(HttpStatusCode.InternalServerError)
                {
                    Content = new StringContent("""{"kind":"Status","status":"Failure","reason":"InternalError","message":"not now","code":500}"""),
                };
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
