namespace Etcdish.ApiServer.Tests.Subresources;

public class EvictionTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    private const string Ready = """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""";
    private const string Unready = """{"status":{"phase":"Running"}}""";
    private const string Violation = "Cannot evict pod as it would violate the pod's disruption budget.";

    [TestCase(Ready, """{"disruptionsAllowed":1,"currentHealthy":2,"desiredHealthy":1}""", 201, "")]
    [TestCase(Ready, """{"disruptionsAllowed":0,"currentHealthy":2,"desiredHealthy":3}""", 429, "The disruption budget b needs 3 healthy pods and has 2 currently")]
    [TestCase(Ready, """{"disruptionsAllowed":1,"observedGeneration":0}""", 429, "The disruption budget b is still being processed by the server.")]
    [TestCase(Unready, """{"disruptionsAllowed":0,"currentHealthy":2,"desiredHealthy":2}""", 201, "")]
    [TestCase(Unready, """{"disruptionsAllowed":0,"currentHealthy":1,"desiredHealthy":2}""", 429, "The disruption budget b needs 2 healthy pods and has 1 currently")]
    [TestCase("""{"status":{"phase":"Pending"}}""", """{"disruptionsAllowed":0}""", 201, "")]
    [TestCase("""{"status":{"phase":"Succeeded"}}""", """{"disruptionsAllowed":0}""", 201, "")]
    public async Task The_budget_decides_of_the_pods_that_count(string pod, string budget, int status, string cause)
    {
        await AddPodAsync("p", pod);
        await AddBudgetAsync("b", budget, "IfHealthyBudget");
        var answer = await EvictAsync("p");
        var left = await Cluster.GetAsync(Pods + "/p");

        Assert.That((answer.Status, answer["kind"]), Is.EqualTo((status, "Status")), answer.Text);
        Assert.That(left["metadata.deletionTimestamp"].Length > 0 || left.Status == 404, Is.EqualTo(status == 201));
        if (status == 429)
        {
            Assert.That((answer["reason"], answer["message"]), Is.EqualTo(("TooManyRequests", Violation)));
            Assert.That((answer["details.causes.0.reason"], answer["details.causes.0.message"]), Is.EqualTo(("DisruptionBudget", cause)));
        }
    }

    [Test]
    public async Task Unready_pods_go_always_if_the_budget_says_so()
    {
        await AddPodAsync("p", Unready);
        await AddBudgetAsync("b", """{"disruptionsAllowed":0,"currentHealthy":0,"desiredHealthy":2}""", "AlwaysAllow");

        Assert.That((await EvictAsync("p")).Status, Is.EqualTo(201));
    }

    [Test]
    public async Task An_eviction_is_noted_in_the_budget_and_in_the_pod()
    {
        await AddPodAsync("p", Ready);
        await AddBudgetAsync("b", """{"disruptionsAllowed":1}""", "IfHealthyBudget");
        var tried = await EvictAsync("p", "?dryRun=All");
        var before = await Cluster.GetAsync(Budgets + "/b");
        await EvictAsync("p");
        var budget = await Cluster.GetAsync(Budgets + "/b");
        var pod = await Cluster.GetAsync(Pods + "/p");

        Assert.That((tried.Status, before["status.disruptionsAllowed"]), Is.EqualTo((201, "1")));
        Assert.That((budget["status.disruptionsAllowed"], budget["status.conditions.0.reason"]), Is.EqualTo(("0", "InsufficientPods")));
        Assert.That(budget["status.disruptedPods.p"], Is.Not.Empty);
        Assert.That(
            pod["status.conditions.1.type"] + pod["status.conditions.1.reason"], Is.EqualTo("DisruptionTargetEvictionByEvictionAPI"));
        Assert.That(pod["metadata.deletionGracePeriodSeconds"], Is.EqualTo("30"));
    }

    [Test]
    public async Task Of_parallel_evictions_as_many_succeed_as_are_allowed()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => AddPodAsync($"p{i}", Ready)));
        await AddBudgetAsync("b", """{"disruptionsAllowed":3}""", "IfHealthyBudget");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => EvictAsync($"p{i}")));

        Assert.That(answers.Count(a => a.Status == 201), Is.EqualTo(3));
        Assert.That(answers.Count(a => a.Status == 429), Is.EqualTo(5));
    }

    [Test]
    public async Task Two_budgets_for_one_pod_are_too_many()
    {
        await AddPodAsync("p", Ready);
        await AddBudgetAsync("b", """{"disruptionsAllowed":1}""", "IfHealthyBudget");
        await AddBudgetAsync("c", """{"disruptionsAllowed":1}""", "IfHealthyBudget");
        var answer = await EvictAsync("p");

        Assert.That((answer.Status, answer["message"]), Is.EqualTo((500,
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")));
    }

    [Test]
    public async Task Options_are_those_of_a_deletion()
    {
        await AddPodAsync("p", Ready);
        var stale = await Cluster.PostAsync(
            Pods + "/p/eviction", """{"metadata":{"name":"p"},"deleteOptions":{"preconditions":{"resourceVersion":"1"}}}""");
        var soon = await Cluster.PostAsync(Pods + "/p/eviction", """{"metadata":{"name":"p"},"deleteOptions":{"gracePeriodSeconds":1}}""");
        var other = await Cluster.PostAsync(Pods + "/p/eviction", """{"metadata":{"name":"q"}}""");

        Assert.That((stale.Status, soon.Status, other.Status), Is.EqualTo((409, 201, 400)));
        Assert.That((await Cluster.GetAsync(Pods + "/p"))["metadata.deletionGracePeriodSeconds"], Is.EqualTo("1"));
        Assert.That((await EvictAsync("none")).Status, Is.EqualTo(404));
    }

    private Task<Answer> EvictAsync(string name, string query = "") => Cluster.PostAsync(
        $"{Pods}/{name}/eviction{query}", $$$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{name}}}"}}""");

    private async Task AddPodAsync(string name, string status)
    {
        await Cluster.PostAsync(Pods, $$$"""
            {"metadata":{"name":"{{{name}}}","labels":{"a":"b"}},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}}
            """);
        var written = await Cluster.PatchAsync($"{Pods}/{name}/status", status, "merge");
        Assert.That(written.Status, Is.EqualTo(200), written.Text);
    }

    private async Task AddBudgetAsync(string name, string status, string policy)
    {
        await Cluster.PostAsync(Budgets, $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"a":"b"}},"unhealthyPodEvictionPolicy":"{{{policy}}}"}}
            """);
        await Cluster.PatchAsync($"{Budgets}/{name}/status", """{"status":{"observedGeneration":1}}""", "merge");
        var written = await Cluster.PatchAsync($"{Budgets}/{name}/status", $$$"""{"status":{{{status}}}}""", "merge");
        Assert.That(written.Status, Is.EqualTo(200), written.Text);
    }
}
