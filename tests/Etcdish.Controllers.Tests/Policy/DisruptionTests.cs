using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Policy;
using Etcdish.Controllers.Tests.Jobs;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Policy;

public sealed class DisruptionTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 0, 5, 0, TimeSpan.Zero);

    // spec, ready pods, other pods, scale of their owners -> expected, desired, healthy, allowed
    [TestCase("{'minAvailable':2}", 3, 0, 0, 3, 2, 3, 1)]
    [TestCase("{'minAvailable':2}", 2, 1, 0, 3, 2, 2, 0)]
    [TestCase("{'minAvailable':5}", 3, 0, 0, 3, 5, 3, 0)]
    [TestCase("{'minAvailable':'30%'}", 10, 0, 10, 10, 3, 10, 7)]
    [TestCase("{'minAvailable':'28%'}", 10, 0, 10, 10, 3, 10, 7)]
    [TestCase("{'maxUnavailable':1}", 3, 0, 3, 3, 2, 3, 1)]
    [TestCase("{'maxUnavailable':1}", 2, 0, 3, 3, 2, 2, 0)]
    [TestCase("{'maxUnavailable':5}", 3, 0, 3, 3, 0, 3, 3)]
    [TestCase("{'maxUnavailable':'30%'}", 9, 0, 10, 10, 7, 9, 2)]
    [TestCase("{'maxUnavailable':'28%'}", 9, 0, 10, 10, 7, 9, 2)]
    [TestCase("{'minAvailable':0}", 0, 0, 0, 0, 0, 0, 0)]
    [TestCase("{}", 3, 0, 0, 0, 0, 3, 0)]
    public void A_budget_allows_what_is_left(string spec, int ready, int other, int scale, int expected, int desired, int healthy, int allowed)
    {
        var budget = Budget(spec);
        var pods = Enumerable.Range(0, ready + other).Select(i => Pod($"p{i}", isReady: i < ready)).ToArray();
        var count = BudgetCount.Of(budget, pods, scale, _now);
        Assert.That((count.Expected, count.Desired, count.Healthy, count.Allowed), Is.EqualTo((expected, desired, healthy, allowed)));
    }

    [Test]
    public void An_eviction_that_is_under_way_counts_until_it_is_given_up()
    {
        var budget = Budget("{'minAvailable':1}", "{'disruptedPods':{'p0':'2026-01-01T00:04:00Z','p1':'2026-01-01T00:02:00Z','gone':'2026-01-01T00:04:59Z'}}");
        var count = BudgetCount.Of(budget, [Pod("p0", true), Pod("p1", true), Pod("p2", true)], 0, _now);
        Assert.That(count.Healthy, Is.EqualTo(2));
        Assert.That(count.Disrupted.Keys, Is.EqualTo(["p0"]));
        Assert.That(count.Recheck, Is.EqualTo(_now.AddMinutes(1)));
        var status = count.StatusFor(budget, _now)!;
        Assert.That(status["disruptedPods"]!.ToJsonString(), Is.EqualTo("{\"p0\":\"2026-01-01T00:04:00Z\",\"p1\":null,\"gone\":null}"));
    }

    [Test]
    public void What_is_said_is_not_said_again()
    {
        var budget = Budget("{'minAvailable':1}");
        var count = BudgetCount.Of(budget, [Pod("p0", true), Pod("p1", true)], 0, _now);
        var status = count.StatusFor(budget, _now)!;
        Assert.That(status["conditions"]!.ToJsonString(), Is.EqualTo(Make.Json(
            "{'c':[{'type':'DisruptionAllowed','status':'True','observedGeneration':0,'lastTransitionTime':'2026-01-01T00:05:00Z',"
            + "'reason':'SufficientPods','message':''}]}")["c"]!.ToJsonString()));
        status["disruptedPods"] = new JsonObject();
        Assert.That(count.StatusFor(Budget("{'minAvailable':1}", status.ToJsonString()), _now), Is.Null);
    }

    [Test]
    public async Task Evictions_go_as_far_as_the_budget()
    {
        var clock = new MovableClock();
        await using var bench = await ControlBench.StartAsync(clock);
        bench.Add(new DisruptionController(bench.Context));
        bench.Add(new StaleDisruptionController(bench.Context));
        bench.Add(new InstantKubelet(bench.Context));
        await bench.RunAsync();
        var set = await bench.CreateAsync(
            Resources.ReplicaSets, "default",
            "{'metadata':{'name':'r'},'spec':{'replicas':3,'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"
            + "'spec':{'containers':[{'name':'c','image':'i'}]}}}}");
        for (var i = 0; i < 3; i++)
        {
            await bench.CreateAsync(
                Resources.Pods, "default",
                $"{{'metadata':{{'name':'p{i}','labels':{{'a':'b'}},'ownerReferences':[{{'apiVersion':'apps/v1','kind':'ReplicaSet','name':'r',"
                + $"'uid':'{set.Metadata.Uid}','controller':true}}]}},'spec':{{'containers':[{{'name':'c','image':'i'}}]}}}}");
        }

        await bench.CreateAsync(
            Resources.DisruptionBudgets, "default",
            "{'metadata':{'name':'d'},'spec':{'maxUnavailable':1,'selector':{'matchLabels':{'a':'b'}}}}");
        await bench.WaitAsync(Resources.DisruptionBudgets, "default", Counts(3, 2, 3, 1), Describe);
        await EvictAsync(bench, "p0");
        await bench.WaitAsync(Resources.DisruptionBudgets, "default", Counts(3, 2, 2, 0), Describe);
        Assert.That(() => EvictAsync(bench, "p1"), Throws.TypeOf<ApiStatusException>().With.Property("Code").EqualTo(429));
        var budget = (await bench.ReadAsync(Resources.DisruptionBudgets, "default", "d"))!;
        Assert.That(budget["status"]!["conditions"]![0]!["reason"]!.GetValue<string>(), Is.EqualTo("InsufficientPods"));
        await bench.PatchAsync(
            Resources.Pods, "default", "p1",
            "{'status':{'conditions':[{'type':'DisruptionTarget','status':'True','lastTransitionTime':'2025-12-31T23:00:00Z'}]}}", "status");
        await bench.WaitAsync(Resources.Pods, "default", pods => pods.Any(p => p.Status.Find("DisruptionTarget") is { Status: "False" }));
    }

    [Test]
    public async Task Pods_of_nobody_known_allow_nothing()
    {
        await using var bench = await ControlBench.StartAsync();
        bench.Add(new DisruptionController(bench.Context));
        await bench.RunAsync();
        await bench.CreateAsync(
            Resources.Pods, "default",
            "{'metadata':{'name':'p','labels':{'a':'b'},'ownerReferences':[{'apiVersion':'example.com/v1','kind':'Thing','name':'t','uid':'1',"
            + "'controller':true}]},'spec':{'containers':[{'name':'c','image':'i'}]}}");
        await bench.CreateAsync(
            Resources.DisruptionBudgets, "default", "{'metadata':{'name':'d'},'spec':{'maxUnavailable':1,'selector':{}}}");
        var budgets = await bench.WaitAsync(
            Resources.DisruptionBudgets, "default", b => b is [{ Status.Conditions: [{ Reason: "SyncFailed" }] }], Describe);
        Assert.That(budgets[0].Status.Conditions[0].Message, Is.EqualTo("found no controllers for pod \"p\""));
    }

    private static async Task EvictAsync(ControlBench bench, string pod) => await bench.Client.SendAsync(
        HttpMethod.Post, Resources.Pods.Path("default", pod, "eviction"),
        Make.Json($"{{'apiVersion':'policy/v1','kind':'Eviction','metadata':{{'name':'{pod}','namespace':'default'}}}}"), null, CancellationToken.None);

    private static Func<IReadOnlyList<PodDisruptionBudget>, bool> Counts(int expected, int desired, int healthy, int allowed) => budgets =>
        budgets is [{ Status: var s }] && (s.ExpectedPods, s.DesiredHealthy, s.CurrentHealthy, s.DisruptionsAllowed) == (expected, desired, healthy, allowed);

    private static string Describe(PodDisruptionBudget b) =>
        $"{b} {b.Status.ExpectedPods} {b.Status.DesiredHealthy} {b.Status.CurrentHealthy} {b.Status.DisruptionsAllowed} "
        + string.Join(',', b.Status.Conditions.Select(c => $"{c.Reason} {c.Message}"));

    private static PodDisruptionBudget Budget(string spec, string status = "{}") =>
        Make.Object(Resources.DisruptionBudgets, $"{{'metadata':{{'name':'d','namespace':'ns'}},'spec':{spec},'status':{status}}}");

    private static Pod Pod(string name, bool isReady) => Make.Object(
        Resources.Pods,
        $"{{'metadata':{{'name':'{name}','namespace':'ns'}},'status':{{'phase':'Running','conditions':[{{'type':'Ready','status':'{(isReady ? "True" : "False")}'}}]}}}}");
}
