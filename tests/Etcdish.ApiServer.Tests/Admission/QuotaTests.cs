namespace Etcdish.ApiServer.Tests.Admission;

public class QuotaTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Core = "/api/v1/namespaces/default/";
    private const string Pods = Core + "pods";
    private const string Quota = Core + "resourcequotas/q";

    [Test]
    public async Task Of_parallel_creators_as_many_succeed_as_there_is_room_for()
    {
        const int Creators = 50;
        const int Limit = 20;
        await AddAsync($$$"""{"hard":{"count/configmaps":"{{{Limit + 1}}}"}}""");
        var before = int.Parse(await UsedAsync("count/configmaps"));
        var answers = await Task.WhenAll(Enumerable.Range(0, Creators).Select(
            i => Cluster.PostAsync(Core + "configmaps", $$$"""{"metadata":{"name":"c{{{i}}}"}}""")));
        var refused = answers.Where(answer => answer.Status != 201).ToArray();
        var there = (await Cluster.GetAsync(Core + "configmaps")).Body["items"]!.AsArray().Count;

        Assert.That(there, Is.EqualTo(Limit + 1));
        Assert.That(answers.Count(answer => answer.Status == 201), Is.EqualTo(Limit + 1 - before));
        Assert.That(refused.Select(answer => answer.Status), Is.All.EqualTo(403));
        Assert.That(await UsedAsync("count/configmaps"), Is.EqualTo($"{Limit + 1}"));

        // What goes makes room for just as many.
        await Task.WhenAll(
            answers.Where(a => a.Status == 201).Take(3).Select(a => Cluster.DeleteAsync($"{Core}configmaps/{a["metadata.name"]}")));
        var again = await Task.WhenAll(Enumerable.Range(0, 6).Select(
            i => Cluster.PostAsync(Core + "configmaps", $$$"""{"metadata":{"name":"d{{{i}}}"}}""")));
        Assert.That(again.Count(answer => answer.Status == 201), Is.EqualTo(3));
    }

    [Test]
    public async Task The_refusal_says_what_is_used_and_what_is_left()
    {
        await AddAsync("""{"hard":{"pods":"2","requests.cpu":"1","limits.memory":"1Gi"}}""");
        await Expect(
            AddPodAsync("a", "{}"),
            403,
            "pods \"a\" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c");
        await Expect(AddPodAsync("a", Resources("600m", "512Mi")), 201, "");
        await Expect(AddPodAsync("b", Resources("600m", "512Mi")), 403,
            "pods \"b\" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1");
        await Expect(AddPodAsync("b", Resources("400m", "512Mi")), 201, "");
        await Expect(AddPodAsync("c", Resources("1", "1")), 403,
            "pods \"c\" is forbidden: exceeded quota: q, requested: limits.memory=1,pods=1,requests.cpu=1, "
            + "used: limits.memory=1Gi,pods=2,requests.cpu=1, limited: limits.memory=1Gi,pods=2,requests.cpu=1");
    }

    [Test]
    public async Task Finished_pods_use_no_resources()
    {
        await AddAsync("""{"hard":{"pods":"1","count/pods":"2"}}""");
        await Expect(AddPodAsync("a", "{}"), 201, "");
        await Cluster.PatchAsync(Pods + "/a/status", """{"status":{"phase":"Succeeded"}}""", "merge");
        Assert.That(await UsedAsync("pods") + await UsedAsync("count/pods"), Is.EqualTo("01"));
        await Expect(AddPodAsync("b", "{}"), 201, "");
        await Expect(AddPodAsync("c", "{}"), 403,
            "pods \"c\" is forbidden: exceeded quota: q, requested: count/pods=1,pods=1, used: count/pods=2,pods=1, limited: count/pods=2,pods=1");
    }

    [TestCase("""{"hard":{"pods":"0"},"scopes":["BestEffort"]}""", "{}", 403)]
    [TestCase("""{"hard":{"pods":"0"},"scopes":["NotBestEffort"]}""", "{}", 201)]
    [TestCase("""{"hard":{"pods":"0"},"scopes":["Terminating"]}""", "{}", 201)]
    [TestCase("""{"hard":{"pods":"0"},"scopes":["NotTerminating"]}""", "{}", 403)]
    [TestCase("""{"hard":{"pods":"0"},"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In","values":["system-node-critical"]}]}}""", "{}", 201)]
    [TestCase("""{"hard":{"pods":"0"},"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"DoesNotExist"}]}}""", "{}", 403)]
    public async Task Scopes_say_which_pods_count(string spec, string resources, int status)
    {
        await AddAsync(spec);

        Assert.That((await AddPodAsync("a", resources)).Status, Is.EqualTo(status));
    }

    [TestCase("BestEffort", 201)]
    [TestCase("NotBestEffort", 403)]
    public async Task What_a_pod_asks_for_as_a_whole_says_which_scope_it_is_in(string scope, int status)
    {
        await AddAsync($$"""{"hard":{"pods":"0"},"scopes":["{{scope}}"]}""");
        var added = await Cluster.PostAsync(
            Pods, """{"metadata":{"name":"a"},"spec":{"resources":{"requests":{"cpu":"1"}},"containers":[{"name":"c","image":"i"}]}}""");

        Assert.That(added.Status, Is.EqualTo(status), added.Text);
    }

    [Test]
    public async Task Services_and_claims_are_counted_by_what_they_are()
    {
        await AddAsync("""{"hard":{"services":"3","services.nodeports":"1","requests.storage":"10Gi","gold.storageclass.storage.k8s.io/requests.storage":"4Gi"}}""");
        await Expect(AddServiceAsync("b", "ClusterIP"), 201, "");
        await Expect(Cluster.PatchAsync(Core + "services/b", """{"spec":{"type":"NodePort"}}""", "merge"), 200, "");
        await Expect(AddServiceAsync("d", "NodePort"), 403,
            "services \"d\" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1");
        await Expect(Cluster.PatchAsync(Core + "services/b", """{"spec":{"type":"ClusterIP"}}""", "merge"), 200, "");
        Assert.That(await UsedAsync("services.nodeports"), Is.EqualTo("0"));
        await Expect(AddClaimAsync("x", "6Gi", "plain"), 201, "");
        await Expect(AddClaimAsync("y", "5Gi", "gold"), 403,
            "persistentvolumeclaims \"y\" is forbidden: exceeded quota: q, requested: gold.storageclass.storage.k8s.io/requests.storage=5Gi,requests.storage=5Gi, "
            + "used: gold.storageclass.storage.k8s.io/requests.storage=0,requests.storage=6Gi, "
            + "limited: gold.storageclass.storage.k8s.io/requests.storage=4Gi,requests.storage=10Gi");
    }

    [Test]
    public async Task A_quota_begins_with_what_is_there_and_follows_its_limits()
    {
        await AddServiceAsync("s", "ClusterIP");
        var created = await AddAsync("""{"hard":{"services":"9"}}""");
        var used = int.Parse(created["status.used.services"]);
        await Cluster.PatchAsync(Quota, """{"spec":{"hard":{"secrets":"3"}}}""", "merge");

        Assert.That(used, Is.EqualTo(2), "the service of the API itself, and the one added");
        Assert.That(await UsedAsync("secrets"), Is.EqualTo("0"));
        Assert.That((await Cluster.GetAsync(Quota))["status.hard.secrets"], Is.EqualTo("3"));
    }

    [Test]
    public async Task Wrong_usage_refuses_nobody()
    {
        await AddAsync("""{"hard":{"secrets":"2"}}""");
        await Cluster.PatchAsync(Quota + "/status", """{"status":{"used":{"secrets":"2"}}}""", "merge");
        await Expect(Cluster.PostAsync(Core + "secrets", """{"metadata":{"name":"a"}}"""), 201, "");

        Assert.That(await UsedAsync("secrets"), Is.EqualTo("1"));
    }

    [Test]
    public async Task What_is_not_written_is_not_counted()
    {
        await AddAsync("""{"hard":{"secrets":"2"}}""");
        await Cluster.PostAsync(Core + "secrets?dryRun=All", """{"metadata":{"name":"a"}}""");
        await Cluster.PostAsync(Core + "secrets", """{"metadata":{"name":"a"}}""");
        await Cluster.PostAsync(Core + "secrets", """{"metadata":{"name":"a"}}""");
        await Cluster.PostAsync(Core + "secrets", """{"metadata":{"name":"Wrong_name"}}""");
        Assert.That(await UsedAsync("secrets"), Is.EqualTo("1"));

        await Cluster.PatchAsync(Core + "secrets/a", """{"metadata":{"finalizers":["example.com/hold"]}}""", "merge");
        await Cluster.DeleteAsync(Core + "secrets/a");
        Assert.That(await UsedAsync("secrets"), Is.EqualTo("1"));
        await Cluster.PatchAsync(Core + "secrets/a", """{"metadata":{"finalizers":null}}""", "merge");
        Assert.That(await UsedAsync("secrets"), Is.EqualTo("0"));
    }

    [Test]
    public async Task Events_are_not_counted()
    {
        await AddAsync("""{"hard":{"count/events":"0","count/events.events.k8s.io":"0"}}""");
        var added = await Cluster.PostAsync(
            Core + "events", """{"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","namespace":"default","name":"p"}}""");
        Assert.That(added.Status, Is.EqualTo(201), added.Text);
        Assert.That((await Cluster.DeleteAsync(Core + "events/e")).Status, Is.EqualTo(200));
    }

    private Task<Answer> AddAsync(string spec) =>
        Cluster.PostAsync(Core + "resourcequotas", $$$"""{"metadata":{"name":"q"},"spec":{{{spec}}}}""");

    private Task<Answer> AddPodAsync(string name, string resources) => Cluster.PostAsync(
        Pods, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"i","resources":{{{resources}}}}]}}""");

    private Task<Answer> AddServiceAsync(string name, string type) => Cluster.PostAsync(
        Core + "services", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"type":"{{{type}}}","ports":[{"port":80}]}}""");

    private Task<Answer> AddClaimAsync(string name, string size, string storageClass) => Cluster.PostAsync(Core + "persistentvolumeclaims", $$$"""
        {"metadata":{"name":"{{{name}}}"},"spec":{"storageClassName":"{{{storageClass}}}","accessModes":["ReadWriteOnce"],
        "resources":{"requests":{"storage":"{{{size}}}"} } } }
        """);

    private async Task<string> UsedAsync(string name) => (await Cluster.GetAsync(Quota)).Body["status"]!["used"]![name]!.ToString();

    private static string Resources(string cpu, string memory) =>
        $$$"""{"requests":{"cpu":"{{{cpu}}}"},"limits":{"memory":"{{{memory}}}"}}""";

    private static async Task Expect(Task<Answer> request, int status, string message)
    {
        var answer = await request;
        Assert.That((answer.Status, answer["message"]), Is.EqualTo((status, message)), answer.Text);
    }
}
