namespace Etcdish.ApiServer.Tests.Subresources;

public class ScaleTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Web = "/apis/apps/v1/namespaces/default/deployments/web";
    private const string Scale = Web + "/scale";

    [SetUp]
    public async Task Prepare()
    {
        await Cluster.PostAsync("/apis/apps/v1/namespaces/default/deployments", """
            {"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"},
            "matchExpressions":[{"key":"tier","operator":"Exists"}]},"template":{"metadata":{"labels":{"app":"web","tier":"x"}},
            "spec":{"containers":[{"name":"c","image":"nginx:1"}]}}}}
            """);
    }

    [Test]
    public async Task It_shows_the_replicas_and_the_identity_of_its_object()
    {
        var web = await Cluster.GetAsync(Web);
        var scale = await Cluster.GetAsync(Scale);

        Assert.That(scale["kind"] + scale["apiVersion"], Is.EqualTo("Scaleautoscaling/v1"));
        Assert.That(
            scale["metadata.uid"] + scale["metadata.resourceVersion"], Is.EqualTo(web["metadata.uid"] + web["metadata.resourceVersion"]));
        Assert.That((scale["spec.replicas"], scale["status.replicas"], scale["status.selector"]), Is.EqualTo(("2", "0", "app=web,tier")));
    }

    [Test]
    public async Task It_is_shown_as_a_table()
    {
        var table = await Cluster.GetAsync(Scale, "application/json;as=Table;v=v1;g=meta.k8s.io");

        Assert.That(table["columnDefinitions.1.name"] + table["columnDefinitions.2.name"], Is.EqualTo("DesiredAvailable"));
        Assert.That(table["rows.0.cells.0"] + table["rows.0.cells.1"] + table["rows.0.cells.2"], Is.EqualTo("web20"));
    }

    [Test]
    public async Task A_put_writes_the_replicas_and_nothing_else()
    {
        var before = await Cluster.GetAsync(Scale);
        var scaled = await Cluster.PutAsync(Scale, before.Text.Replace("\"replicas\":2", "\"replicas\":5", StringComparison.Ordinal));
        var web = await Cluster.GetAsync(Web);
        var stale = await Cluster.PutAsync(Scale, before.Text);

        Assert.That((scaled.Status, scaled["spec.replicas"]), Is.EqualTo((200, "5")), scaled.Text);
        Assert.That((web["spec.replicas"], web["metadata.generation"]), Is.EqualTo(("5", "2")));
        Assert.That(web["spec.template.spec.containers.0.image"], Is.EqualTo("nginx:1"));
        Assert.That((stale.Status, stale["reason"]), Is.EqualTo((409, "Conflict")));
    }

    [Test]
    public async Task A_put_may_come_without_a_content_type()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, Scale)
        {
            Content = new ByteArrayContent("""{"metadata":{"name":"web"},"spec":{"replicas":1}}"""u8.ToArray()),
        };
        using var answer = await Cluster.Http.SendAsync(request);

        Assert.That((int)answer.StatusCode, Is.EqualTo(200));
        Assert.That((await Cluster.GetAsync(Web))["spec.replicas"], Is.EqualTo("1"));
    }

    [TestCase("merge", """{"spec":{"replicas":0}}""")]
    [TestCase("json", """[{"op":"replace","path":"/spec/replicas","value":0}]""")]
    [TestCase("strategic-merge", """{"spec":{"replicas":0}}""")]
    public async Task Patches_are_of_the_scale(string patch, string body)
    {
        var scaled = await Cluster.PatchAsync(Scale, body, patch);

        Assert.That((scaled.Status, scaled["kind"], scaled["spec.replicas"]), Is.EqualTo((200, "Scale", "0")), scaled.Text);
        Assert.That((await Cluster.GetAsync(Web))["spec.replicas"], Is.EqualTo("0"));
    }

    [Test]
    public async Task What_makes_no_sense_is_refused()
    {
        var negative = await Cluster.PatchAsync(Scale, """{"spec":{"replicas":-1}}""", "merge");
        var missing = await Cluster.PatchAsync(Web + "x/scale", """{"spec":{"replicas":1}}""", "merge");
        var other = await Cluster.PutAsync(Scale, """{"metadata":{"name":"other"},"spec":{"replicas":1}}""");
        var none = await Cluster.GetAsync("/apis/apps/v1/namespaces/default/daemonsets/x/scale");

        Assert.That((negative.Status, negative["message"]), Is.EqualTo((422,
            "Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0")));
        Assert.That((missing.Status, missing["message"]), Is.EqualTo((404, "deployments.apps \"webx\" not found")));
        Assert.That((other.Status, none.Status), Is.EqualTo((400, 404)));
    }

    [Test]
    public async Task Every_kind_with_replicas_is_scaled()
    {
        await Cluster.PostAsync("/api/v1/namespaces/default/replicationcontrollers", """
            {"metadata":{"name":"rc"},"spec":{"replicas":1,"selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}},
            "spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        var scaled = await Cluster.PatchAsync(
            "/api/v1/namespaces/default/replicationcontrollers/rc/scale", """{"spec":{"replicas":3}}""", "merge");

        Assert.That((scaled["spec.replicas"], scaled["status.selector"]), Is.EqualTo(("3", "a=b")), scaled.Text);
    }
}
