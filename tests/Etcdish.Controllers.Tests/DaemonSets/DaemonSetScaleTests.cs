using System.Diagnostics;
using Etcdish.ClusterBench;
using Etcdish.Controllers.DaemonSets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.DaemonSets;

/// <summary>Measures a daemon set on many nodes; for people to read, not to be judged by a machine that may be busy.</summary>
[Explicit]
public sealed class DaemonSetScaleTests
{
    private const int Nodes = 5000;

    [Test]
    public async Task Five_thousand_nodes()
    {
        await using var bench = await ControlBench.StartAsync();
        bench.Add(new InstantKubelet(bench.Context), 16);
        bench.Add(new DaemonSetController(bench.Context));
        await bench.RunAsync();
        await Parallel.ForAsync(0, Nodes, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (node, _) =>
        {
            await bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n" + node + "'}}");
            await bench.PatchAsync(Resources.Nodes, "", $"n{node}", "{'spec':{'taints':null}}");
        });
        await Measure("created", () => bench.CreateAsync(Resources.DaemonSets, "default", Spec("a", "10%")));
        await Measure("rolled out", () => bench.PatchAsync(Resources.DaemonSets, "default", "agent", Spec("b", "10%")));

        async Task Measure(string what, Func<Task> act)
        {
            var (began, cpu) = (Stopwatch.GetTimestamp(), Process.GetCurrentProcess().TotalProcessorTime);
            await act();
            await bench.WaitAsync(Resources.DaemonSets, "default", sets => sets is [var set]
                && set.Status is { UpdatedNumberScheduled: Nodes, NumberAvailable: Nodes }
                && set.Status.ObservedGeneration == set.Metadata.Generation);
            var used = Process.GetCurrentProcess().TotalProcessorTime - cpu;
            TestContext.Out.WriteLine($"{what}: {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s, {used.TotalSeconds:0.0} s of CPU");
        }
    }

    [Test]
    public void One_look_at_five_thousand_nodes()
    {
        var nodes = string.Join(' ', Enumerable.Range(0, Nodes).Select(node => $"n{node}"));
        var pods = string.Join(' ', Enumerable.Range(0, Nodes).Select(node => $"n{node}:A+"));
        var known = DaemonObjects.View(DaemonObjects.Set("10%"), nodes, pods);
        var (nodeList, podList) = (nodes.Split(' ').Select(DaemonObjects.Node).ToList(), known.Nodes.SelectMany(known.On).ToList());
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 100; i++)
        {
            var view = new DaemonView(known.Set, "B", nodeList, podList, DaemonObjects.Now);
            Assert.That(new DaemonPlanner(view, new FailedPodBackoff()).Plan().IsEmpty);
            Assert.That(DaemonRollout.Plan(view).Delete, Has.Count.EqualTo(Nodes / 10));
            DaemonStatus.Of(view, 0, isProcessed: true);
        }

        TestContext.Out.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalMilliseconds / 100:0.00} ms a look");
    }

    private static string Spec(string image, string maxUnavailable) =>
        "{'metadata':{'name':'agent'},'spec':{'selector':{'matchLabels':{'app':'agent'}},"
        + "'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'maxUnavailable':'" + maxUnavailable + "'}},"
        + "'template':{'metadata':{'labels':{'app':'agent'}},'spec':{'containers':[{'name':'c','image':'" + image + "'}]}}}}";
}
