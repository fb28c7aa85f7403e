namespace Etcdish.ApiServer.Tests;

/// <summary>Built-in resources that show the objects of others, and events that go by themselves.</summary>
[TestFixture(StoreKind.InProcess)]
[TestFixture(StoreKind.GenuineEtcd)]
public class SecondViewTests(StoreKind kind)
{
    private const string CoreEvents = "/api/v1/namespaces/default/events";
    private const string NewEvents = "/apis/events.k8s.io/v1/namespaces/default/events";
    private const string Scalers1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
    private const string Scalers2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";

    private const string Event = """
        {"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p","namespace":"default"},"reason":"Started","message":"It runs.",
        "count":3,"type":"Normal","source":{"component":"kubelet"}}
        """;

    [Test]
    public async Task Events_are_the_same_under_both_names()
    {
        await using var cluster = await TestCluster.StartAsync(kind);
        using var events = await cluster.WatchAsync(NewEvents + "?watch=1&fieldSelector=regarding.name%3Dp");
        await cluster.PostAsync(CoreEvents, Event);
        var seen = await events.NextAsync();
        var read = await cluster.GetAsync(NewEvents + "/e");
        await cluster.PatchAsync(NewEvents + "/e", """{"note":"It still runs."}""", "merge");
        var core = await cluster.GetAsync(CoreEvents + "/e");

        Assert.That(Answer.Read(seen, "type") + Answer.Read(seen, "object.note"), Is.EqualTo("ADDEDIt runs."));
        Assert.That(
            string.Join(' ', new[] { "apiVersion", "regarding.name", "deprecatedCount", "deprecatedSource.component", "message" }
                .Select(f => read[f])),
            Is.EqualTo("events.k8s.io/v1 p 3 kubelet "));
        Assert.That(core["apiVersion"] + core["message"] + core["involvedObject.kind"], Is.EqualTo("v1It still runs.Pod"));
    }

    [Test]
    public async Task Events_go_after_their_time()
    {
        await using var cluster = await TestCluster.StartAsync(kind, o => o with { EventTimeToLive = TimeSpan.FromSeconds(1) });
        using var events = await cluster.WatchAsync(CoreEvents + "?watch=1");
        await cluster.PostAsync(CoreEvents, Event);

        Assert.That(await events.NamesAsync(2), Is.EqualTo(["ADDED e", "DELETED e"]));
    }

    [Test]
    public async Task Autoscalers_of_the_first_version_are_those_of_the_second()
    {
        await using var cluster = await TestCluster.StartAsync(kind);
        await cluster.PostAsync(Scalers1, """
            {"metadata":{"name":"a"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"maxReplicas":5,
            "targetCPUUtilizationPercentage":70}}
            """);
        var second = await cluster.GetAsync(Scalers2 + "/a");
        await cluster.PatchAsync(Scalers2 + "/a", """
            [{"op":"add","path":"/spec/metrics/-","value":{"type":"Pods","pods":{"metric":{"name":"hits"},
            "target":{"type":"AverageValue","averageValue":"9"}}}}]
            """, "json");
        var first = await cluster.GetAsync(Scalers1 + "/a");
        await cluster.PatchAsync(Scalers1 + "/a", """{"spec":{"maxReplicas":6}}""", "merge");
        var after = await cluster.GetAsync(Scalers2 + "/a");

        Assert.That(
            second["spec.metrics.0.resource.name"] + second["spec.metrics.0.resource.target.averageUtilization"], Is.EqualTo("cpu70"));
        Assert.That(first["spec.targetCPUUtilizationPercentage"], Is.EqualTo("70"));
        Assert.That(
            first.Body["metadata"]!["annotations"]!["autoscaling.alpha.kubernetes.io/metrics"]!.ToString(),
            Is.EqualTo("""[{"type":"Pods","pods":{"metricName":"hits","targetAverageValue":"9"}}]"""));
        Assert.That(after["spec.maxReplicas"], Is.EqualTo("6"));
        Assert.That(
            after.Body["spec"]!["metrics"]!.AsArray().Select(m => Answer.Read(m, "type")), Is.EquivalentTo(["Pods", "Resource"]));
    }

    [Test]
    public async Task What_does_nothing_yet_says_so()
    {
        await using var cluster = await TestCluster.StartAsync(kind);
        var created = await cluster.PostAsync(
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", """{"metadata":{"name":"w"},"webhooks":[]}""");

        Assert.That(created.Status, Is.EqualTo(201));
        Assert.That(created.Warnings, Has.One.Contains("does not act by them yet"));
    }
}
