using Etcdish.Kubelet.Eviction;
using Etcdish.Kubelet.Tests.Fakes;

namespace Etcdish.Kubelet.Tests.Eviction;

public sealed class EvictionRankingTests
{
    private const string Asks = ",'resources':{'requests':{'memory':'100Mi'}}";

    [Test]
    public void Who_uses_more_than_he_asked_for_goes_first_then_priority_then_how_much_more()
    {
        var pods = new[]
        {
            PodTexts.Of("within-low", Asks, priority: -10),
            PodTexts.Of("over-high", Asks, priority: 10),
            PodTexts.Of("over-a-bit", Asks),
            PodTexts.Of("over-much", Asks),
            PodTexts.Of("asks-nothing"),
            PodTexts.Of("within-more", Asks),
            PodTexts.Of("within-less", Asks),
            PodTexts.Of("unknown", priority: 100),
        };
        var usages = new Dictionary<string, PodUsage>
        {
            ["within-low"] = Memory(50),
            ["over-high"] = Memory(500),
            ["over-a-bit"] = Memory(101),
            ["over-much"] = Memory(300),
            ["asks-nothing"] = Memory(150),
            ["within-more"] = Memory(90),
            ["within-less"] = Memory(10),
        };
        Assert.That(
            EvictionRanking.Rank(pods, usages, "memory").Select(pod => pod.Uid),
            Is.EqualTo((string[])
            [
                "unknown", "over-much", "asks-nothing", "over-a-bit", "over-high", "within-low", "within-more", "within-less",
            ]));
    }

    [Test]
    public void For_process_ids_priority_alone_counts()
    {
        var pods = new[] { PodTexts.Of("b", priority: 5), PodTexts.Of("a", priority: 7), PodTexts.Of("c", priority: -1) };
        var ranked = EvictionRanking.Rank(pods, new Dictionary<string, PodUsage> { ["a"] = Memory(1) }, "pids");
        Assert.That(ranked.Select(pod => pod.Uid), Is.EqualTo((string[])["c", "b", "a"]));
    }

    [Test]
    public void What_was_short_is_told()
    {
        var threshold = EvictionThreshold.Parse("memory.available<100Mi")[0];
        var message = EvictionRanking.Message(PodTexts.Of("p", Asks), Memory(200), threshold, new Observation(50 << 20, 1L << 30));
        Assert.That(message, Is.EqualTo(
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
            + "Container c was using 200Mi, request is 100Mi, has larger consumption of memory. "));
    }

    [TestCase("{'containers':[],'volumes':[{'name':'v','emptyDir':{'sizeLimit':'1Mi'}}]}", "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". ")]
    [TestCase("{'containers':[],'volumes':[{'name':'v','emptyDir':{'sizeLimit':'3Mi'}}]}", null)]
    [TestCase("{'containers':[],'volumes':[{'name':'v','emptyDir':{}}]}", null)]
    [TestCase("{'containers':[{'name':'c','resources':{'limits':{'ephemeral-storage':'2Mi'}}}]}", "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ")]
    [TestCase("{'containers':[{'name':'c','resources':{'limits':{'ephemeral-storage':'500Ki'}}},{'name':'d'}]}", "Container c exceeded its local ephemeral storage limit \"500Ki\". ")]
    [TestCase("{'containers':[{'name':'c','resources':{'limits':{'ephemeral-storage':'5Mi'}}}]}", null)]
    public void Limits_of_a_pods_own_disk(string spec, string? expected)
    {
        var usage = new PodUsage
        {
            Disk = new Dictionary<string, long> { ["c"] = 1 << 20 },
            Volumes = new Dictionary<string, long> { ["v"] = 2 << 20 },
        };
        Assert.That(EvictionRanking.Exceeded(PodTexts.Read("p", spec), usage), Is.EqualTo(expected));
    }

    [TestCase("memory.available<100Mi,nodefs.available<10%", 2)]
    [TestCase("", 0)]
    [TestCase("memory.available<0,nodefs.available<0%", 0)]
    public void Thresholds_are_read(string text, int expected) =>
        Assert.That(EvictionThreshold.Parse(text), Has.Count.EqualTo(expected));

    [TestCase("memory<1")]
    [TestCase("memory.available>1Gi")]
    [TestCase("memory.available<many")]
    [TestCase("memory.available<100%")]
    [TestCase("memory.available<1Gi,memory.available<2Gi")]
    public void What_is_no_threshold_is_told(string text) =>
        Assert.That(() => EvictionThreshold.Parse(text), Throws.ArgumentException);

    private static PodUsage Memory(long mebibytes) => new() { Memory = new Dictionary<string, long> { ["c"] = mebibytes << 20 } };
}
