using Etcdish.Kubelet.Cgroups;
using Etcdish.Kubelet.Tests.Fakes;

namespace Etcdish.Kubelet.Tests.Cgroups;

public sealed class GroupSettingsTests
{
    [TestCase("{'containers':[{'name':'a'}]}", 2, -1, -1, "BestEffort")]
    [TestCase("{'containers':[{'name':'a','resources':{'requests':{'cpu':'250m','memory':'1Mi'}}}]}", 256, -1, -1, "Burstable")]
    [TestCase("{'containers':[{'name':'a','resources':{'limits':{'cpu':'2','memory':'1Mi'}}}]}", 2048, 200000, 1 << 20, "Guaranteed")]
    [TestCase("{'containers':[{'name':'a','resources':{'limits':{'cpu':'1','memory':'1Mi'},'requests':{'cpu':'500m','memory':'1Mi'}}}]}", 512, 100000, 1 << 20, "Burstable")]
    [TestCase("{'containers':[{'name':'a','resources':{'limits':{'memory':'1Mi'}}},{'name':'b'}]}", 2, -1, -1, "Burstable")]
    [TestCase("{'initContainers':[{'name':'i','resources':{'requests':{'cpu':'1'}}}],'containers':[{'name':'a','resources':{'requests':{'cpu':'100m'}}}]}", 1024, -1, -1, "Burstable")]
    [TestCase("{'initContainers':[{'name':'s','restartPolicy':'Always','resources':{'requests':{'cpu':'1'}}}],'containers':[{'name':'a','resources':{'requests':{'cpu':'1'}}}]}", 2048, -1, -1, "Burstable")]
    [TestCase("{'overhead':{'cpu':'1'},'containers':[{'name':'a'}]}", 1024, -1, -1, "BestEffort")]
    public void A_pod_gets_what_its_containers_ask_for(string spec, long shares, long quota, long memory, string qos)
    {
        var pod = PodTexts.Read("p", spec);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(GroupSettings.Of(pod), Is.EqualTo(new GroupSettings(shares, quota, memory)));
            Assert.That(PodResources.QosClass(pod), Is.EqualTo(qos));
        }
    }

    [TestCase(2, 1)]
    [TestCase(1024, 39)]
    [TestCase(262144, 10000)]
    public void Weights_of_both_versions(long shares, long weight) => Assert.That(GroupSettings.Weight(shares), Is.EqualTo(weight));
}
