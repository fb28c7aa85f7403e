using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Tests.Subresources;

/// <summary>Binding, ephemeral containers, resizing.</summary>
public class PodSubresourceTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Pod = Pods + "/p";

    [SetUp]
    public async Task Prepare()
    {
        var created = await Cluster.PostAsync(Pods, """
            {"metadata":{"name":"p","labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1",
            "resources":{"requests":{"cpu":"1","memory":"1Gi","example.com/x":"1"},"limits":{"cpu":"2","example.com/x":"1"}}}]}}
            """);
        Assert.That(created.Status, Is.EqualTo(201), created.Text);
    }

    [Test]
    public async Task A_pod_is_bound_once()
    {
        await Cluster.PostAsync("/api/v1/nodes", """{"metadata":{"name":"n","labels":{"topology.kubernetes.io/zone":"z"}}}""");
        var bound = await Cluster.PostAsync(Pod + "/binding", Binding("n", "\"annotations\":{\"k\":\"v\"}"));
        var again = await Cluster.PostAsync(Pod + "/binding", Binding("m", "\"labels\":{}"));
        var pod = await Cluster.GetAsync(Pod);

        Assert.That((bound.Status, bound["kind"], bound["status"]), Is.EqualTo((201, "Status", "Success")), bound.Text);
        Assert.That((pod["spec.nodeName"], pod["metadata.annotations.k"], pod["metadata.generation"]), Is.EqualTo(("n", "v", "1")));
        Assert.That(pod.Body["metadata"]!["labels"]!["topology.kubernetes.io/zone"]!.ToString(), Is.EqualTo("z"));
        Assert.That(pod["status.conditions.0.type"] + pod["status.conditions.0.status"], Is.EqualTo("PodScheduledTrue"));
        Assert.That((again.Status, again["message"]), Is.EqualTo((409,
            "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n\"")));
    }

    [Test]
    public async Task A_binding_leaves_all_of_a_pod_as_it_is_but_what_it_is_about()
    {
        await Cluster.PatchAsync(Pod + "/status", """
            {"status":{"conditions":[{"type":"Special","status":"True"},
            {"type":"PodScheduled","status":"False","reason":"Unschedulable","lastTransitionTime":"2020-01-01T00:00:00Z"},
            {"type":"Other","status":"False"}]}}
            """, "merge");
        await Cluster.PatchAsync(Pod, """{"metadata":{"annotations":{"text":"\"quoted\" \\ \u00fc","k":"old"}}}""", "merge");
        var before = (await Cluster.GetAsync(Pod)).Body;
        await Cluster.PostAsync(Pod + "/binding", Binding("n", "\"annotations\":{\"k\":\"new\"},\"labels\":{\"l\":\"m\"}"));
        var after = (await Cluster.GetAsync(Pod)).Body;

        var scheduled = after["status"]!["conditions"]!.AsArray().Single(c => c!["type"]!.ToString() == "PodScheduled")!;
        Assert.That(scheduled["status"]!.ToString(), Is.EqualTo("True"));
        Assert.That(scheduled["reason"], Is.Null);
        Assert.That(scheduled["lastTransitionTime"]!.ToString(), Is.GreaterThan("2020-01-01T00:00:00Z"));
        before["metadata"]!["annotations"]!["k"] = "new";
        before["metadata"]!["labels"]!["l"] = "m";
        before["metadata"]!["resourceVersion"] = after["metadata"]!["resourceVersion"]!.DeepClone();
        before["spec"]!["nodeName"] = "n";
        before["status"]!["conditions"]!.AsArray()[1] = scheduled.DeepClone();
        Assert.That(JsonNode.DeepEquals(after, before), Is.True, () => $"{before.ToJsonString()}\n{after.ToJsonString()}");
    }

    [Test]
    public async Task Of_many_who_bind_a_pod_one_succeeds()
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(i => Cluster.PostAsync(Pod + "/binding", Binding($"n{i}", "\"labels\":{}"))));

        Assert.That(answers.Count(a => a.Status == 201), Is.EqualTo(1));
        Assert.That(answers.Count(a => a.Status == 409), Is.EqualTo(9));
    }

    [Test]
    public async Task A_binding_must_name_its_pod_a_node_and_the_pod_that_was_seen()
    {
        var other = await Cluster.PostAsync(
            Pod + "/binding", Binding("n", "\"labels\":{}").Replace("\"p\"", "\"q\"", StringComparison.Ordinal));
        var nowhere = await Cluster.PostAsync(Pod + "/binding", Binding("", "\"labels\":{}"));
        var replaced = await Cluster.PostAsync(Pod + "/binding", Binding("n", "\"uid\":\"other\""));
        var dry = await Cluster.PostAsync(Pod + "/binding?dryRun=All", Binding("n", "\"labels\":{}"));

        Assert.That((other.Status, nowhere.Status, replaced.Status, dry.Status), Is.EqualTo((400, 422, 409, 201)));
        Assert.That((await Cluster.GetAsync(Pod))["spec.nodeName"], Is.Empty);
    }

    [Test]
    public async Task A_binding_may_also_come_as_a_resource_of_its_own()
    {
        const string Bindings = "/api/v1/namespaces/default/bindings";
        var dry = await Cluster.PostAsync(Bindings + "?dryRun=All", Binding("n", "\"labels\":{}"));
        var before = await Cluster.GetAsync(Pod);
        var bound = await Cluster.PostAsync(Bindings, Binding("n", "\"annotations\":{\"k\":\"v\"}"));
        var pod = await Cluster.GetAsync(Pod);
        var again = await Cluster.PostAsync(Bindings, Binding("m", "\"labels\":{}"));

        Assert.That((dry.Status, before["spec.nodeName"]), Is.EqualTo((201, "")), dry.Text);
        Assert.That((bound.Status, bound["kind"], bound["status"]), Is.EqualTo((201, "Status", "Success")), bound.Text);
        Assert.That((pod["spec.nodeName"], pod["metadata.annotations.k"]), Is.EqualTo(("n", "v")));
        Assert.That((again.Status, again["reason"]), Is.EqualTo((409, "Conflict")));
    }

    [TestCase("""{"metadata":{"name":"q"},"target":{"name":"n"}}""", 404, "pods \"q\" not found")]
    [TestCase("""{"target":{"name":"n"}}""", 400, "Name parameter required.")]
    [TestCase("""{"metadata":{"name":"p"},"target":{"kind":"Pod","name":"n"}}""", 422, "target.kind: Unsupported value: \"Pod\"")]
    [TestCase(
        """{"metadata":{"name":"p","namespace":"other"},"target":{"name":"n"}}""", 400, "does not match the namespace sent on the request")]
    public async Task A_binding_of_nothing_to_nowhere_or_elsewhere_is_refused(string body, int status, string message)
    {
        var refused = await Cluster.PostAsync("/api/v1/namespaces/default/bindings", body);

        Assert.That(refused.Status, Is.EqualTo(status), refused.Text);
        Assert.That(refused["message"], Does.Contain(message));
    }

    [Test]
    public async Task Bindings_are_created_and_nothing_else()
    {
        const string Bindings = "/api/v1/namespaces/default/bindings";
        var list = await Cluster.GetAsync(Bindings);
        var one = await Cluster.GetAsync(Bindings + "/p");
        var everywhere = await Cluster.PostAsync("/api/v1/bindings", Binding("n", "\"labels\":{}"));
        var paths = (await Cluster.GetAsync("/openapi/v3/api/v1")).Body["paths"]!.AsObject();

        Assert.That((list.Status, one.Status, everywhere.Status), Is.EqualTo((405, 404, 405)));
        Assert.That(
            paths["/api/v1/namespaces/{namespace}/bindings"]!.AsObject().Select(p => p.Key), Is.EquivalentTo(["parameters", "post"]));
        Assert.That(paths.Select(path => path.Key), Has.None.EqualTo("/api/v1/bindings"));
    }

    [Test]
    public async Task Ephemeral_containers_come_and_stay()
    {
        const string Path = Pod + "/ephemeralcontainers";
        var added = await Cluster.PatchAsync(
            Path, """{"spec":{"ephemeralContainers":[{"name":"d","image":"busybox","targetContainerName":"c"}]}}""", "strategic-merge");
        var changed = await Cluster.PatchAsync(
            Path, """{"spec":{"ephemeralContainers":[{"name":"d","image":"other"}]}}""", "strategic-merge");
        var removed = await Cluster.PatchAsync(Path, """{"spec":{"ephemeralContainers":null}}""", "merge");
        var lost = await Cluster.PatchAsync(
            Path, """{"spec":{"ephemeralContainers":[{"name":"e","image":"i","targetContainerName":"x"}]}}""", "strategic-merge");

        Assert.That((added.Status, added["kind"]), Is.EqualTo((200, "Pod")), added.Text);
        Assert.That(added["spec.ephemeralContainers.0.terminationMessagePolicy"], Is.EqualTo("File"));
        Assert.That((changed.Status, changed["message"]), Is.EqualTo((422,
            "Pod \"p\" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be changed\n")));
        Assert.That(removed["message"], Does.Contain("existing ephemeral containers \"d\" may not be removed"));
        Assert.That(lost["message"], Does.EndWith("].targetContainerName: Not found: \"x\""));
    }

    [TestCase("""{"requests":{"cpu":"500m"}}""", "")]
    [TestCase("""{"limits":{"cpu":"3"}}""", "")]
    [TestCase("""{"requests":{"cpu":"3"}}""", "spec.containers[0].resources.requests: Invalid value: \"3\": must be less than or equal to cpu limit of 2")]
    [TestCase("""{"requests":{"example.com/x":"2"},"limits":{"example.com/x":"2"}}""", "spec: Forbidden: only cpu and memory resources are mutable")]
    [TestCase("""{"requests":{"memory":null}}""", "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed")]
    public async Task Resizing_changes_cpu_and_memory(string resources, string refusal)
    {
        var patch = $$$"""{"metadata":{"labels":{"x":"y"}},"spec":{"containers":[{"name":"c","image":"other","resources":{{{resources}}}}]}}""";
        var resized = await Cluster.PatchAsync(Pod + "/resize", patch, "strategic-merge");

        Assert.That(resized.Status, Is.EqualTo(refusal.Length == 0 ? 200 : 422), resized.Text);
        Assert.That(resized["message"], Does.EndWith(refusal));
        if (refusal.Length == 0)
        {
            Assert.That(
                (resized["spec.containers.0.image"], resized["metadata.labels.x"], resized["metadata.generation"]),
                Is.EqualTo(("i:1", "", "2")));
            Assert.That(resized.Body["spec"]!["containers"]![0]!["resources"]!["requests"]!["memory"]!.ToString(), Is.EqualTo("1Gi"));
        }
    }

    [Test]
    public async Task A_resize_keeps_the_quality_of_service()
    {
        var resized = await Cluster.PatchAsync(
            Pod + "/resize",
            """{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"2","memory":"1Gi"}}}]}}""",
            "strategic-merge");

        Assert.That(
            resized["message"], Does.EndWith("spec: Invalid value: \"Burstable\": Pod QOS Class may not change as a result of resizing"));
    }

    [Test]
    public async Task Discovery_tells_of_them()
    {
        var core = await Cluster.GetAsync("/api/v1");
        var resources = core.Body["resources"]!.AsArray().ToDictionary(r => r!["name"]!.ToString(), r => (JsonObject)r!);

        Assert.That(
            resources.Keys, Is.SupersetOf(["bindings", "pods/binding", "pods/eviction", "pods/ephemeralcontainers", "pods/resize"]));
        Assert.That(resources["pods/eviction"]["group"] + "/" + resources["pods/eviction"]["version"], Is.EqualTo("policy/v1"));
    }

    private static string Binding(string node, string more) =>
        $$$"""{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p",{{{more}}}},"target":{"kind":"Node","name":"{{{node}}}"}}""";
}
