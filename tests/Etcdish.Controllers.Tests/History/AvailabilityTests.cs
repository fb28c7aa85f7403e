using Etcdish.ClusterBench;
using Etcdish.Controllers.DaemonSets;
using Etcdish.Controllers.StatefulSets;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Controllers.Tests.History;

/// <summary>Pods that must be ready for a while, under a clock that the test moves.</summary>
public sealed class AvailabilityTests
{
    private const string Common =
        "'minReadySeconds':10,'selector':{'matchLabels':{'app':'a'}},"
        + "'template':{'metadata':{'labels':{'app':'a'}},'spec':{'containers':[{'name':'c','image':'i'}]}}";

    [Test]
    public async Task The_next_pod_of_a_stateful_set_waits_until_the_one_before_is_available()
    {
        var clock = new ManualClock();
        await using var bench = await ControlBench.StartAsync(clock);
        bench.Add(new InstantKubelet(bench.Context));
        bench.Add(new StatefulSetController(bench.Context));
        await bench.RunAsync();
        await bench.CreateAsync(
            Resources.StatefulSets, "default", "{'metadata':{'name':'web'},'spec':{'replicas':2,'serviceName':'svc'," + Common + "}}");
        await WaitAsync(1, 1, 0);
        clock.Advance(TimeSpan.FromSeconds(10));
        await WaitAsync(2, 2, 1);
        clock.Advance(TimeSpan.FromSeconds(10));
        await WaitAsync(2, 2, 2);

        Task WaitAsync(int replicas, int ready, int available) => bench.WaitAsync(
            Resources.StatefulSets, "default", sets => sets is [var set]
                && (set.Status.Replicas, set.Status.ReadyReplicas, set.Status.AvailableReplicas) == (replicas, ready, available));
    }

    [Test]
    public async Task A_daemon_set_goes_to_the_next_node_when_a_pod_is_available()
    {
        var clock = new ManualClock();
        await using var bench = await ControlBench.StartAsync(clock);
        bench.Add(new InstantKubelet(bench.Context));
        bench.Add(new DaemonSetController(bench.Context));
        await bench.RunAsync();
        foreach (var node in (string[])["a", "b"])
        {
            await bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'" + node + "'}}");
            await bench.PatchAsync(Resources.Nodes, "", node, "{'spec':{'taints':null}}");
        }

        await bench.CreateAsync(Resources.DaemonSets, "default", "{'metadata':{'name':'agent'},'spec':{" + Common + "}}");
        await WaitAsync(updated: 2, ready: 2, available: 0);
        clock.Advance(TimeSpan.FromSeconds(10));
        await WaitAsync(updated: 2, ready: 2, available: 2);
        await bench.PatchAsync(
            Resources.DaemonSets, "default", "agent", "{'spec':{'template':{'spec':{'containers':[{'name':'c','image':'new'}]}}}}");
        await WaitAsync(updated: 1, ready: 2, available: 1);
        clock.Advance(TimeSpan.FromSeconds(10));
        await WaitAsync(updated: 2, ready: 2, available: 1);
        clock.Advance(TimeSpan.FromSeconds(10));
        await WaitAsync(updated: 2, ready: 2, available: 2);

        Task WaitAsync(int updated, int ready, int available) => bench.WaitAsync(Resources.DaemonSets, "default", sets => sets is [var set]
            && (set.Status.UpdatedNumberScheduled, set.Status.NumberReady, set.Status.NumberAvailable) == (updated, ready, available));
    }
}
