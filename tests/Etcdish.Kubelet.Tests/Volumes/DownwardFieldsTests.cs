using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Tests.Volumes;

public sealed class DownwardFieldsTests
{
    private static readonly PodManifest _pod = VolumePods.Parse("""
        {'metadata':{'name':'p','namespace':'n','uid':'u','labels':{'b':'2','a':'1'},'annotations':{'k':'x \\y\n\'z\'','e':'ä\u0001'}},
         'spec':{'containers':[{'name':'c','resources':{
            'limits':{'cpu':'1500m','memory':'64Mi'},'requests':{'cpu':'1m','memory':'1000'}}},{'name':'d'}]}}
        """);

    [TestCase("metadata.name", "p")]
    [TestCase("metadata.namespace", "n")]
    [TestCase("metadata.uid", "u")]
    [TestCase("metadata.labels", "a=\"1\"\nb=\"2\"")]
    [TestCase("metadata.labels['b']", "2")]
    [TestCase("metadata.labels['none']", "")]
    [TestCase("metadata.annotations['k']", "x \\y\n\"z\"")]
    [TestCase("metadata.annotations", "e=\"ä\\x01\"\nk=\"x \\\\y\\n\\\"z\\\"\"")]
    public void Fields_are_text(string path, string text) => Assert.That(DownwardFields.Read(_pod, path), Is.EqualTo(text));

    [TestCase("status.podIP")]
    [TestCase("metadata")]
    [TestCase("metadata.labels['")]
    public void Others_are_refused(string path) =>
        Assert.That(() => DownwardFields.Read(_pod, path), Throws.TypeOf<FormatException>().With.Message.Contains(path));

    [TestCase("c", "limits.cpu", "0", "2")]
    [TestCase("c", "limits.cpu", "1m", "1500")]
    [TestCase("c", "requests.cpu", "1", "1")]
    [TestCase("c", "limits.memory", "0", "67108864")]
    [TestCase("c", "limits.memory", "1Mi", "64")]
    [TestCase("c", "requests.memory", "1Ki", "1")]
    [TestCase("d", "limits.cpu", "1", "8")]
    [TestCase("d", "limits.memory", "1Gi", "4")]
    [TestCase("d", "requests.memory", "1", "0")]
    public void Resources_are_rounded_up_to_units(string container, string resource, string divisor, string text)
    {
        var allocatable = new Dictionary<string, Quantity> { ["cpu"] = new(8), ["memory"] = new(4L << 30) };
        var field = new ResourceFieldManifest { ContainerName = container, Resource = resource, Divisor = Quantity.Parse(divisor) };
        Assert.That(DownwardFields.Read(_pod, field, allocatable), Is.EqualTo(text));
    }

    [TestCase("x", "limits.cpu", "container x not found")]
    [TestCase("c", "limits.gpu", "unsupported container resource : limits.gpu")]
    [TestCase("c", "cpu", "unsupported container resource : cpu")]
    public void What_is_not_there_is_refused(string container, string resource, string problem)
    {
        var field = new ResourceFieldManifest { ContainerName = container, Resource = resource };
        Assert.That(
            () => DownwardFields.Read(_pod, field, new Dictionary<string, Quantity>()),
            Throws.TypeOf<FormatException>().With.Message.EqualTo(problem));
    }
}
