using Etcdish.Kubelet.Containers;

namespace Etcdish.Kubelet.Tests.Containers;

public sealed class ContainerLimitsTests
{
    private const long Capacity = 8_000_000_000;

    [TestCase("{}", 2, 0, 0, 0)]
    [TestCase("{'requests':{'cpu':'1'}}", 1024, 0, 0, 0)]
    [TestCase("{'requests':{'cpu':'100m'}}", 102, 0, 0, 0)]
    [TestCase("{'requests':{'cpu':'1m'}}", 2, 0, 0, 0)]
    [TestCase("{'requests':{'cpu':'0'},'limits':{'cpu':'1'}}", 2, 100_000, 100_000, 0)]
    [TestCase("{'limits':{'cpu':'500m'}}", 512, 50_000, 100_000, 0)]
    [TestCase("{'limits':{'cpu':'1m'}}", 2, 1000, 100_000, 0)]
    [TestCase("{'limits':{'cpu':'2500m'}}", 2560, 250_000, 100_000, 0)]
    [TestCase("{'requests':{'cpu':'1000'}}", 262_144, 0, 0, 0)]
    [TestCase("{'requests':{'cpu':'8E'}}", 262_144, 0, 0, 0)]
    [TestCase("{'limits':{'memory':'64Mi'}}", 2, 0, 0, 67_108_864)]
    public void Processors_and_memory_are_in_the_kernels_terms(string resources, long shares, long quota, long period, long memory)
    {
        var pod = Given.PodOf($"'resources':{resources}");
        var made = ContainerLimits.Of(pod, pod.Spec.Containers[0], Capacity);
        Assert.That((made.CpuShares, made.CpuQuota, made.CpuPeriod, made.MemoryLimitBytes), Is.EqualTo((shares, quota, period, memory)));
    }

    [TestCase("{}", 1000)]
    [TestCase("{'limits':{'cpu':'1','memory':'1G'}}", -997)]
    [TestCase("{'requests':{'cpu':'1','memory':'1G'},'limits':{'cpu':'1','memory':'1G'}}", -997)]
    [TestCase("{'requests':{'cpu':'1'}}", 999)]
    [TestCase("{'requests':{'memory':'1M'}}", 999)]
    [TestCase("{'requests':{'memory':'2G'}}", 750)]
    [TestCase("{'requests':{'memory':'4G'},'limits':{'memory':'5G'}}", 500)]
    [TestCase("{'requests':{'memory':'9G'}}", 3)]
    public void What_was_promised_least_is_killed_first(string resources, long score)
    {
        var pod = Given.PodOf($"'resources':{resources}");
        Assert.That(ContainerLimits.OomScoreOf(pod, pod.Spec.Containers[0], Capacity), Is.EqualTo(score));
    }

    [Test]
    public void A_sidecar_goes_no_sooner_than_the_main_containers()
    {
        var pod = Given.Pod(
            """
            {'initContainers':[{'name':'s','restartPolicy':'Always'},{'name':'once'}],
             'containers':[{'name':'c','resources':{'requests':{'memory':'4G'}}},{'name':'d','resources':{'requests':{'memory':'2G'}}}]}
            """);
        Assert.That(
            pod.Spec.InitContainers.Select(container => ContainerLimits.OomScoreOf(pod, container, Capacity)), Is.EqualTo(new[] { 500L, 999L }));
    }

    [Test]
    public void What_the_node_cannot_do_without_is_never_killed()
    {
        var pod = Given.Pod("{'priorityClassName':'system-node-critical','containers':[{'name':'c'}]}");
        Assert.That(ContainerLimits.OomScoreOf(pod, pod.Spec.Containers[0], Capacity), Is.EqualTo(-997));
    }
}
