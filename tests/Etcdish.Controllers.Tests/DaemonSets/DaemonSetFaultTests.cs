using Etcdish.ClusterBench;
using Etcdish.Controllers.DaemonSets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.DaemonSets;

/// <summary>
/// A daemon set whose controller has a bad connection and is killed now and then, while nodes come and go and templates change: no pod
/// comes to a node that has one, and in the end each node that is to have one has one of the template wanted last.
/// </summary>
public sealed class DaemonSetFaultTests
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pod> _there = [];
    private readonly List<string> _violations = [];

    [Test]
    public async Task A_node_never_gets_two_whatever_goes_wrong([Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        _there.Clear();
        _violations.Clear();
        await using var bench = await ControlBench.StartAsync();
        bench.Context.Informers.Of(Resources.Pods).Subscribe(Observe);
        bench.Add(new InstantKubelet(bench.Context));
        await bench.RunAsync();
        HashSet<string> chosen = [];
        for (var node = 0; node < 6; node++)
        {
            await bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n" + node + "','labels':{'agent':'no'}}}");
            await bench.PatchAsync(Resources.Nodes, "", $"n{node}", "{'spec':{'taints':null}}");
        }

        var process = StartProcess(bench, seed * 1000);
        try
        {
            await bench.CreateAsync(Resources.DaemonSets, "default", Spec(0));
            var image = 0;
            for (var step = 1; step <= 12; step++)
            {
                var node = $"n{random.Next(6)}";
                var isChosen = random.Next(3) > 0;
                await bench.PatchAsync(Resources.Nodes, "", node, "{'metadata':{'labels':{'agent':'" + (isChosen ? "yes" : "no") + "'}}}");
                _ = isChosen ? chosen.Add(node) : chosen.Remove(node);
                if (step % 4 == 0)
                {
                    image = step;
                    await bench.PatchAsync(Resources.DaemonSets, "default", "agent", Spec(image));
                }

                if (random.Next(3) == 0)
                {
                    await process.DisposeAsync();
                    process = StartProcess(bench, (seed * 1000) + step);
                }
                else
                {
                    await bench.WaitAsync(Resources.Pods, "default", pods => pods.Count >= Math.Min(chosen.Count, random.Next(4)));
                }
            }

            process.Mend();
            await bench.WaitAsync(
                Resources.Pods,
                "default",
                pods => pods.All(pod => pod.IsReady && !pod.Metadata.IsBeingDeleted && pod.Spec.Containers[0].Image == $"i{image}")
                    && pods.Select(pod => DaemonPods.NodeOf(pod)).Order().SequenceEqual(chosen.Order()),
                pod => $"{pod} {DaemonPods.NodeOf(pod)} {pod.Spec.Containers[0].Image}");
            Assert.That(_violations, Is.Empty, $"seed {seed}");
        }
        finally
        {
            await process.DisposeAsync();
        }
    }

    private static FaultyProcess StartProcess(ControlBench bench, int seed) =>
        new(bench, seed, FaultyProcess.BadConnection, workers: 2, context => [new DaemonSetController(context)]);

    private static string Spec(int image) =>
        "{'metadata':{'name':'agent'},'spec':{'selector':{'matchLabels':{'app':'agent'}},'template':{'metadata':{'labels':{'app':'agent'}},"
        + "'spec':{'nodeSelector':{'agent':'yes'},'containers':[{'name':'c','image':'i" + image + "'}]}}}}";

    /// <summary>Hears of every change in the order of the store.</summary>
    private void Observe(Pod? before, Pod? now)
    {
        lock (_lock)
        {
            if (now is null)
            {
                _there.Remove(before!.Metadata.Name);
                return;
            }

            if (before is null)
            {
                var node = DaemonPods.NodeOf(now);
                var others = _there.Values.Where(pod => DaemonPods.NodeOf(pod) == node);
                _violations.AddRange(others.Select(pod => $"{now} came to {node} though {pod} was there"));
            }

            _there[now.Metadata.Name] = now;
        }
    }
}
