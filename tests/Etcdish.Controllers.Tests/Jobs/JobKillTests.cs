using Etcdish.ClusterBench;
using Etcdish.Controllers.Jobs;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Jobs;

/// <summary>
/// The controller is killed again and again, before or behind any of its writes, and begins anew each time. Every pod that ended is counted
/// once all the same.
/// </summary>
public sealed class JobKillTests
{
    private const int Completions = 12;
    private ControlBench _bench = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _bench = await ControlBench.StartAsync();
        _bench.Add(new JobKubelet(_bench.Context, pod => Hash(pod.Metadata.Name) % 3 == 0 ? "Failed" : "Succeeded"));
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public Task Stop() => _bench.DisposeAsync().AsTask();

    [Test]
    public async Task Every_pod_is_counted_once([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        var name = $"kill-{seed}";
        var mode = seed % 2 == 0 ? "Indexed" : "NonIndexed";
        var perIndex = seed % 4 == 0 ? "'backoffLimitPerIndex':50," : "";
        await _bench.CreateAsync(
            Resources.Jobs, "default",
            $"{{'metadata':{{'name':'{name}'}},'spec':{{'completions':{Completions},'parallelism':4,'backoffLimit':500,{perIndex}'completionMode':'{mode}',"
            + "'template':{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i'}]}}}}");
        var ended = _bench.WaitAsync(
            Resources.Jobs, "default", jobs => jobs.Any(job => job.Metadata.Name == name && job.Ending is not null),
            job => $"{job} {job.Status.Active} {job.Status.Succeeded} {job.Status.Failed}");
        var lives = 0;
        while (!ended.IsCompleted)
        {
            lives++;
            await LiveAsync(random.Next(1, 12), random.Next(2) == 0, ended);
        }

        var job = (await ended).First(job => job.Metadata.Name == name);
        var pods = await _bench.WaitAsync(Resources.Pods, "default", pods => pods.Any(pod => pod.Metadata.IsControlledBy(job.Metadata.Uid)));
        var own = pods.Where(pod => pod.Metadata.IsControlledBy(job.Metadata.Uid)).ToArray();
        using (Assert.EnterMultipleScope())
        {
            TestContext.Out.WriteLine($"{lives} lives, {own.Length} pods");
            Assert.That(job.Ending!.Type, Is.EqualTo("Complete"));
            Assert.That(job.Status.Succeeded, Is.EqualTo(Completions));
            Assert.That(own.Count(pod => pod.Status.Phase == "Succeeded"), Is.EqualTo(Completions));
            Assert.That(job.Status.Failed, Is.EqualTo(own.Count(pod => pod.Status.Phase == "Failed")));
            Assert.That(own.Where(pod => pod.IsTracked()), Is.Empty);
        }
    }

    /// <summary>Lets a controller live until so many of its writes have been carried out.</summary>
    private async Task LiveAsync(int writes, bool isCarriedOut, Task ended)
    {
        using var stop = new CancellationTokenSource();
        Death? death = null;
        using var client = _bench.Connect(inner => death = new Death(inner, writes, isCarriedOut));
        var context = _bench.MakeContext(TimeProvider.System, client);
        using var controller = new JobController(context, TimeSpan.FromMilliseconds(1));
        await context.Informers.StartAsync(stop.Token);
        var running = controller.RunAsync(1, stop.Token);
        await Task.WhenAny(death!.Came, ended);
        await stop.CancelAsync();
        await running;
        await context.Informers.DisposeAsync();
        await context.Events.DisposeAsync();
    }

    private static uint Hash(string name) => name.Aggregate(2166136261u, (hash, c) => unchecked((hash ^ c) * 16777619));

    /// <summary>Fails all writes from one on; that one is carried out, or not, without an answer.</summary>
    private sealed class Death(HttpMessageHandler inner, int writes, bool isCarriedOut) : DelegatingHandler(inner)
    {
        private readonly TaskCompletionSource _came = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = writes;

        public Task Came => _came.Task;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method == HttpMethod.Get || request.RequestUri!.AbsolutePath.EndsWith("/events", StringComparison.Ordinal))
            {
                return await base.SendAsync(request, cancellationToken);
            }

            var left = Interlocked.Decrement(ref _left);
            if (left > 0)
            {
                return await base.SendAsync(request, cancellationToken);
            }

            if (left == 0 && isCarriedOut)
            {
                using var unheard = await base.SendAsync(request, cancellationToken);
            }

            _came.TrySetResult();
            throw new HttpRequestException("the controller is dead");
        }
    }
}
