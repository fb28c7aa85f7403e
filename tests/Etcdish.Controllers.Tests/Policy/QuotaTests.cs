using Etcdish.ClusterBench;
using Etcdish.Controllers.Policy;
using Etcdish.Controllers.Tests.Jobs;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Policy;

/// <summary>Quotas whose usage was noted wrong.</summary>
public sealed class QuotaTests
{
    private const string Name = "q";

    [Test]
    public async Task What_is_noted_wrong_is_counted_anew()
    {
        var clock = new MovableClock();
        await using var bench = await ControlBench.StartAsync(clock);
        bench.Add(new QuotaController(bench.Context));
        await bench.RunAsync();
        await bench.CreateAsync(
            Resources.Pods, "default",
            "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'100m'}}}]}}");
        await bench.CreateAsync(
            Resources.ResourceQuotas, "default", "{'metadata':{'name':'q'},'spec':{'hard':{'pods':'5','requests.cpu':'1'}}}");
        await bench.WaitAsync(Resources.ResourceQuotas, "default", Uses("1 100m"), Describe);
        await bench.PatchAsync(Resources.ResourceQuotas, "default", Name, "{'status':{'used':{'pods':'4','requests.cpu':'7'}}}", "status");
        await bench.WaitAsync(Resources.ResourceQuotas, "default", Uses("4 7"), Describe);
        clock.Advance(TimeSpan.FromMinutes(5));
        await bench.WaitAsync(Resources.ResourceQuotas, "default", Uses("1 100m"), Describe);
        await bench.PatchAsync(
            Resources.ResourceQuotas, "default", Name, "{'status':{'hard':{'requests.cpu':null},'used':{'requests.cpu':null}}}", "status");
        await bench.WaitAsync(Resources.ResourceQuotas, "default", Uses("1 100m"), Describe);
        Assert.That(bench.Warnings, Is.Empty);
    }

    [Test]
    public async Task A_count_that_finds_nothing_writes_nothing()
    {
        await using var bench = await ControlBench.StartAsync();
        await bench.CreateAsync(Resources.ResourceQuotas, "default", "{'metadata':{'name':'q'},'spec':{'hard':{'services':'5'}}}");
        var before = await bench.ReadAsync(Resources.ResourceQuotas, "default", Name);
        await bench.PatchAsync(Resources.ResourceQuotas, "default", Name, "{'status':{'used':null}}", "status");
        var after = await bench.ReadAsync(Resources.ResourceQuotas, "default", Name);
        Assert.That(after!.ToJsonString(), Is.EqualTo(before!.ToJsonString()));
    }

    private static Func<IReadOnlyList<ResourceQuota>, bool> Uses(string amounts) =>
        quotas => quotas.Count == 1 && Describe(quotas[0]) == amounts;

    private static string Describe(ResourceQuota quota) =>
        string.Join(' ', quota.Status.Used.OrderBy(u => u.Key, StringComparer.Ordinal).Select(u => u.Value.ToString()));
}
