using Etcdish.ClusterBench;
using Etcdish.Controllers.Policy;
using Etcdish.Controllers.Tests.Jobs;
using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Policy;

/// <summary>The whole way of a number: from a kubelet through the API's metrics to an autoscaler, and from there to a deployment's pods.</summary>
public sealed class AutoscaledDeploymentTests
{
    private static readonly TimeSpan _longerThanAnyWindow = TimeSpan.FromMinutes(6);

    private MovableClock _clock = null!;
    private ControlBench _bench = null!;
    private MetricsKubelet _kubelet = null!;

    [SetUp]
    public async Task Start()
    {
        _clock = new MovableClock();
        _bench = await ControlBench.StartAsync(_clock);
        _bench.Add(new DeploymentController(_bench.Context));
        _bench.Add(new ReplicaSetController(_bench.Context));
        _bench.Add(new AutoscalerController(_bench.Context));
        _bench.Add(new InstantKubelet(_bench.Context));
        await _bench.RunAsync();
        _kubelet = new MetricsKubelet(_bench, _clock);
        await _bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n'}}");
        await _bench.PatchAsync(
            Resources.Nodes, "", "n",
            "{'status':{'addresses':[{'type':'InternalIP','address':'127.0.0.1'}],"
            + $"'daemonEndpoints':{{'kubeletEndpoint':{{'Port':{_kubelet.Port}}}}}}}}}", "status");
    }

    [TearDown]
    public async Task Stop()
    {
        await _bench.DisposeAsync();
        await _kubelet.DisposeAsync();
        Assert.That(_bench.Warnings, Has.None.Contains("a defect"));
    }

    [Test]
    public async Task Pods_follow_the_work()
    {
        // Six pods share three cores, half a core each, which is half of what each asks for.
        _kubelet.Cores = 3;
        await _bench.CreateAsync(
            Resources.Deployments, "default",
            "{'metadata':{'name':'d'},'spec':{'replicas':2,'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"
            + "'spec':{'nodeName':'n','containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'1'}}}]}}}}");
        await ReadyAsync(2);
        _clock.Advance(_longerThanAnyWindow);
        await _bench.CreateAsync(
            Resources.HorizontalPodAutoscalers, "default",
            "{'metadata':{'name':'h'},'spec':{'scaleTargetRef':{'apiVersion':'apps/v1','kind':'Deployment','name':'d'},'maxReplicas':10,"
            + "'metrics':[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':50}}}]}}");
        await ReadyAsync(4);
        await ConditionAsync("ScalingLimited=True ScaleUpLimit");

        _clock.Advance(_longerThanAnyWindow);
        await ReadyAsync(6);
        _clock.Advance(TimeSpan.FromSeconds(15));
        await ConditionAsync("ScalingLimited=False DesiredWithinRange");

        _kubelet.Cores = 0.6;
        _clock.Advance(TimeSpan.FromSeconds(30));
        await ConditionAsync("AbleToScale=True ScaleDownStabilized");
        await ReadyAsync(6);
        _clock.Advance(_longerThanAnyWindow);
        await ReadyAsync(2);
    }

    /// <summary>Waits until so many pods serve, and none is to come or go.</summary>
    private async Task ReadyAsync(int count) => await _bench.WaitAsync(
        Resources.Deployments, "default",
        all => all is [{ Spec.Replicas: var wanted, Status: { ReadyReplicas: var ready, Replicas: var there } }] && (wanted, ready, there) == (count, count, count),
        d => $"{d} wants {d.Spec.Replicas}, ready {d.Status.ReadyReplicas}");

    private async Task ConditionAsync(string words) => await _bench.WaitAsync(
        Resources.HorizontalPodAutoscalers, "default",
        all => all is [var one] && Words(one).Contains(words),
        one => $"{string.Join(", ", Words(one))}; desired {one.Status.DesiredReplicas}");

    private static IEnumerable<string> Words(HorizontalPodAutoscaler autoscaler) =>
        autoscaler.Status.Conditions.Select(c => $"{c.Type}={c.Status} {c.Reason}");
}
