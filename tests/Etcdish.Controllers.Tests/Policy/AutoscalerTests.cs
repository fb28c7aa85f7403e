using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Policy;
using Etcdish.Controllers.Tests.Jobs;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Policy;

/// <summary>Autoscalers of a replica set whose pods a test makes, on a clock that the tests move.</summary>
public sealed class AutoscalerTests
{
    private readonly ScriptedMetrics _metrics = new();
    private ControlBench _bench = null!;
    private MovableClock _clock = null!;

    [SetUp]
    public async Task Start()
    {
        _clock = new MovableClock();
        _bench = await ControlBench.StartAsync(_clock);
        _metrics.Pods = () => _bench.Context.Informers.Of(Resources.Pods).All.Select(pod => pod.Metadata.Name);
        _metrics.OfPod = null;
        await _bench.CreateAsync(
            Resources.ReplicaSets, "default",
            "{'metadata':{'name':'r'},'spec':{'replicas':2,'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"
            + "'spec':{'containers':[{'name':'c','image':'i'}]}}}}");
        await _bench.PatchAsync(Resources.ReplicaSets, "default", "r", "{'status':{'replicas':2}}", "status");
        for (var i = 0; i < 2; i++)
        {
            await _bench.CreateAsync(
                Resources.Pods, "default",
                $"{{'metadata':{{'name':'p{i}','labels':{{'a':'b'}}}},'spec':{{'containers':[{{'name':'c','image':'i','resources':{{'requests':{{'cpu':'1'}}}}}}]}}}}");
            await _bench.PatchAsync(
                Resources.Pods, "default", $"p{i}",
                "{'status':{'phase':'Running','startTime':'2025-12-31T00:00:00Z','conditions':[{'type':'Ready','status':'True','lastTransitionTime':'2025-12-31T00:00:01Z'}]}}",
                "status");
        }
    }

    [TearDown]
    public async Task Stop()
    {
        await _bench.DisposeAsync();
        Assert.That(_bench.Warnings, Has.None.Contains("a defect"));
    }

    [Test]
    public async Task More_work_makes_more_pods()
    {
        _metrics.OfPod = _ => 900;
        _metrics.Time = _clock.GetUtcNow();
        await RunAsync(_metrics, Spec("{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':50}}}"));
        await _bench.WaitAsync(Resources.ReplicaSets, "default", sets => sets is [{ Spec.Replicas: 4 }]);
        var status = await StatusAsync(a => a.Status is { DesiredReplicas: 4, LastScaleTime: not null });
        Assert.That(Words(status), Is.EqualTo("AbleToScale=True SucceededRescale, ScalingActive=True ValidMetricFound, ScalingLimited=False DesiredWithinRange"));
        Assert.That(status["conditions"]![1]!["message"]!.GetValue<string>(), Is.EqualTo(
            "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)"));
        Assert.That(status["currentMetrics"]!.ToJsonString(), Is.EqualTo(
            Make.Json("{'m':[{'type':'Resource','resource':{'name':'cpu','current':{'averageUtilization':90,'averageValue':'900m'}}}]}")["m"]!.ToJsonString()));
        await EventAsync("SuccessfulRescale", "New size: 4; reason: cpu resource utilization (percentage of request) above target");
    }

    [Test]
    public async Task Without_metrics_nothing_is_done()
    {
        await RunAsync(null, Spec("{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':50}}}"));
        var status = await StatusAsync(a => a.Status.Conditions.Length == 2);
        const string cause =
            "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API";
        Assert.That(Words(status), Is.EqualTo("AbleToScale=True SucceededGetScale, ScalingActive=False FailedGetResourceMetric"));
        Assert.That(status["conditions"]![1]!["message"]!.GetValue<string>(), Is.EqualTo($"the HPA was unable to compute the replica count: {cause}"));
        Assert.That(status["currentReplicas"]!.GetValue<int>(), Is.EqualTo(2));
        await EventAsync("FailedGetResourceMetric", cause);
        await EventAsync("FailedComputeMetricsReplicas", $"invalid metrics (1 invalid out of 1), first error is: {cause}");
    }

    [Test]
    public async Task Less_work_makes_fewer_pods_after_a_while()
    {
        _metrics.OfOther = 1000;
        await RunAsync(_metrics, Spec("{'type':'External','external':{'metric':{'name':'queue'},'target':{'type':'AverageValue','averageValue':'5'}}}"));
        var status = await StatusAsync(a => a.Status.Conditions.Length == 3);
        Assert.That(status["conditions"]![0]!["reason"]!.GetValue<string>(), Is.EqualTo("ScaleDownStabilized"));
        _clock.Advance(TimeSpan.FromSeconds(301));
        await _bench.PatchAsync(Resources.HorizontalPodAutoscalers, "default", "h", "{'metadata':{'annotations':{'touched':'yes'}}}");
        _clock.Advance(TimeSpan.FromSeconds(15));
        await _bench.WaitAsync(Resources.ReplicaSets, "default", sets => sets is [{ Spec.Replicas: 1 }]);
        await EventAsync("SuccessfulRescale", "New size: 1; reason: All metrics below target");
    }

    [Test]
    public async Task Limits_are_kept_without_metrics()
    {
        await RunAsync(null, "'minReplicas':3,'maxReplicas':5,'metrics':[{'type':'Resource','resource':{'name':'cpu','target':{'type':'Utilization','averageUtilization':50}}}]");
        await _bench.WaitAsync(Resources.ReplicaSets, "default", sets => sets is [{ Spec.Replicas: 3 }]);
        await EventAsync("SuccessfulRescale", "New size: 3; reason: Current number of replicas below Spec.MinReplicas");
    }

    [Test]
    public async Task What_is_not_there_is_not_scaled()
    {
        await RunAsync(_metrics, "'maxReplicas':5", "nobody");
        var status = await StatusAsync(a => a.Status.Conditions.Length == 1);
        Assert.That(Words(status), Is.EqualTo("AbleToScale=False FailedGetScale"));
        Assert.That(status["conditions"]![0]!["message"]!.GetValue<string>(), Does.StartWith(
            "the HPA controller was unable to get the target's current scale: ").And.EndsWith("\"nobody\" not found"));
    }

    private static string Spec(string metric) => $"'minReplicas':1,'maxReplicas':10,'metrics':[{metric}]";

    private async Task RunAsync(ScriptedMetrics? metrics, string spec, string target = "r")
    {
        _bench.Add(new AutoscalerController(_bench.Context, metrics));
        await _bench.RunAsync();
        await _bench.CreateAsync(
            Resources.HorizontalPodAutoscalers, "default",
            $"{{'metadata':{{'name':'h'}},'spec':{{'scaleTargetRef':{{'apiVersion':'apps/v1','kind':'ReplicaSet','name':'{target}'}},{spec}}}}}");
    }

    private async Task<JsonObject> StatusAsync(Func<HorizontalPodAutoscaler, bool> condition)
    {
        await _bench.WaitAsync(
            Resources.HorizontalPodAutoscalers, "default", all => all.Count == 1 && condition(all[0]),
            a => $"{a} {a.Status.DesiredReplicas} " + string.Join(", ", a.Status.Conditions.Select(c => $"{c.Type}={c.Status} {c.Reason} {c.Message}")));
        return (await _bench.ReadAsync(Resources.HorizontalPodAutoscalers, "default", "h"))!["status"]!.AsObject();
    }

    private static string Words(JsonObject status) =>
        string.Join(", ", status["conditions"]!.AsArray().Select(c => $"{c!["type"]}={c["status"]} {c["reason"]}"));

    private async Task EventAsync(string reason, string message) => await _bench.WaitAsync(
        EventForTests.Events, "default", events => events.Any(e => e.Reason == reason && e.Message == message), e => $"{e.Reason} {e.Message}");
}
