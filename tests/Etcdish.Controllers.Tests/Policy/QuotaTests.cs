using Etcdish.ClusterBench;
using Etcdish.Controllers.Policy;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Controllers.Tests.Policy;

public sealed class QuotaTests
{
    [Test]
    public async Task What_is_noted_wrong_is_counted_anew()
    {
        var clock = new ManualClock();
        await using var bench = await ControlBench.StartAsync(clock);
        bench.Add(new QuotaController(bench.Context));
        await bench.RunAsync();
        await bench.CreateAsync(
            Resources.Pods, "default",
            "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'100m'}}}]}}");
        await bench.CreateAsync(
            Resources.ResourceQuotas, "default", "{'metadata':{'name':'q'},'spec':{'hard':{'pods':'5','requests.cpu':'1'}}}");
        await bench.WaitAsync(Resources.ResourceQuotas, "default", Uses("1 100m"), Describe);
        await bench.PatchAsync(Resources.ResourceQuotas, "default", "q", "{'status':{'used':{'pods':'4','requests.cpu':'7'}}}", "status");
        clock.Advance(TimeSpan.FromMinutes(6));
        await bench.WaitAsync(Resources.ResourceQuotas, "default", Uses("1 100m"), Describe);
        await bench.PatchAsync(Resources.ResourceQuotas, "default", "q", "{'status':{'used':null}}", "status");
        await bench.WaitAsync(Resources.ResourceQuotas, "default", Uses("1 100m"), Describe);
        Assert.That(bench.Warnings, Has.None.Contains("a defect"));
    }

    private static Func<IReadOnlyList<ResourceQuota>, bool> Uses(string amounts) => quotas => quotas.Count == 1 && Describe(quotas[0]) == amounts;

    private static string Describe(ResourceQuota quota) => string.Join(' ', quota.Status.Used.OrderBy(u => u.Key).Select(u => u.Value.ToString()));
}
