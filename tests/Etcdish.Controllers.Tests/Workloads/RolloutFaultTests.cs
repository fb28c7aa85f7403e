using Etcdish.ClusterBench;
using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>
/// Roll-outs while connections break, others write the same objects, and controllers are killed and started again: no pod is created twice,
/// the bounds hold at every moment, and all ends as it should.
/// </summary>
public sealed class RolloutFaultTests
{
    private const int Surge = 2;
    private const int Unavailable = 1;
    private const int Operations = 6;

    private ControlBench _bench = null!;
    private string _ns = "";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _bench = await ControlBench.StartAsync();
        _bench.Add(new InstantKubelet(_bench.Context));
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _bench.DisposeAsync();

    [SetUp]
    public async Task MakeNamespaceAsync() => _ns = await Samples.NamespaceAsync(_bench);

    [Test]
    public async Task Bounds_hold_whatever_breaks([Range(1, 6)] int seed)
    {
        var random = new Random(seed);
        var replicas = random.Next(3, 9);
        var image = 1;
        var process = Samples.StartProcess(_bench, seed);
        await using var monitor = await PodMonitor.StartAsync(_bench, _ns);
        try
        {
            monitor.Max = replicas;
            await CreateAsync(replicas);
            await CompleteAsync(replicas, image, seed);
            Assert.That(monitor.Created, Is.EqualTo(replicas), $"seed {seed}");
            (monitor.Max, monitor.MinAvailable) = (replicas + Surge, replicas - Unavailable);
            for (var operation = 0; operation < Operations; operation++)
            {
                switch (random.Next(4))
                {
                    case 0:
                        await process.DisposeAsync();
                        process = Samples.StartProcess(_bench, (seed * 100) + operation);
                        break;
                    case 1:
                        await MeddleAsync();
                        break;
                    default:
                        image = random.Next(1, 5);
                        await PatchAsync("{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'i:" + image + "'}]}}}}");
                        break;
                }

                await monitor.SeeAsync(random.Next(1, 8));
            }

            await CompleteAsync(replicas, image, seed);
            Assert.That(monitor.Faults, Is.Empty, $"seed {seed}");
        }
        finally
        {
            await process.DisposeAsync();
        }
    }

    /// <summary>Writes what the controllers write, too: their next writes meet conflicts.</summary>
    private async Task MeddleAsync()
    {
        await PatchAsync("{'metadata':{'annotations':{'meddled':'" + Guid.NewGuid() + "'}}}");
        foreach (var set in await _bench.WaitAsync(Resources.ReplicaSets, _ns, _ => true))
        {
            await _bench.PatchAsync(
                Resources.ReplicaSets, _ns, set.Metadata.Name, "{'metadata':{'labels':{'meddled':'x" + Guid.NewGuid() + "'}}}");
        }
    }

    private Task<Deployment> CreateAsync(int replicas) => _bench.CreateAsync(
        Resources.Deployments,
        _ns,
        "{'metadata':{'name':'web'},'spec':{'replicas':" + replicas + ",'selector':{'matchLabels':{'app':'web'}},"
        + "'strategy':{'rollingUpdate':{'maxSurge':" + Surge + ",'maxUnavailable':" + Unavailable + "}},"
        + "'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'i:1'}]}}}}");

    private Task<Deployment> PatchAsync(string patch) => _bench.PatchAsync(Resources.Deployments, _ns, "web", patch);

    private async Task CompleteAsync(int replicas, int image, int seed)
    {
        await _bench.WaitAsync(
            Resources.Deployments, _ns, all => all.Count == 1 && RolloutStatus.Of(all[0].Status).IsComplete(all[0]), d => $"seed {seed}: {Samples.Describe(d)}");
        await _bench.WaitAsync(Resources.Pods, _ns, pods =>
            pods.Count == replicas && pods.All(pod => pod.IsReady && pod.Spec.Containers[0].Image == $"i:{image}"));
    }
}
