using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Kinds;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Containers;

public sealed class HostsFileTests
{
    private const string Head =
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
        + "fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";

    private static readonly HostAliasManifest[] _aliases =
        [new() { Ip = "1.2.3.4", Hostnames = ["a", "b.c"] }, new() { Ip = "::9", Hostnames = ["d"] }];

    [Test]
    public void All_addresses_of_a_pod_have_its_name() => Assert.That(
        HostsFile.Managed(["10.0.0.1", "fd00::1"], new PodHostname("web", ""), []), Is.EqualTo(Head + "10.0.0.1\tweb\nfd00::1\tweb\n"));

    [Test]
    public void The_full_name_comes_first_and_aliases_last() => Assert.That(
        HostsFile.Managed(["10.0.0.1"], new PodHostname("web", "sub.ns.svc.cluster.local"), _aliases),
        Is.EqualTo(Head + "10.0.0.1\tweb.sub.ns.svc.cluster.local\tweb\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb.c\n::9\td\n"));

    [Test]
    public void In_the_nodes_network_it_is_the_nodes() => Assert.That(
        HostsFile.OfNode("127.0.0.1 node\n", _aliases),
        Is.EqualTo(
            "# Kubernetes-managed hosts file (host network).\n127.0.0.1 node\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb.c\n::9\td\n"));

    [Test]
    public void It_is_written_in_place_for_containers_that_have_it_open()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("pods/u1/etc-hosts");
        HostsFile.Write(path, "one and more");
        using var open = File.OpenText(path);
        HostsFile.Write(path, "two");
        Assert.That(open.ReadToEnd(), Is.EqualTo("two"));
    }

    [TestCase("{}", "web", "", "web")]
    [TestCase("{'hostname':'db','subdomain':'sub'}", "db", "sub.ns.svc.cluster.local", "db")]
    [TestCase("{'subdomain':'sub','setHostnameAsFQDN':true}", "web", "sub.ns.svc.cluster.local", "web.sub.ns.svc.cluster.local")]
    [TestCase("{'setHostnameAsFQDN':true}", "web", "", "web")]
    public void A_pod_is_called_as_it_says(string spec, string name, string domain, string kernel)
    {
        var pod = Given.Pod(spec);
        var hostname = PodHostname.Of(pod, "cluster.local");
        Assert.That(
            (hostname.Name, hostname.Domain, hostname.ForKernel(pod.Spec.SetHostnameAsFqdn)), Is.EqualTo((name, domain, kernel)));
    }

    [Test]
    public void A_long_name_is_cut_where_a_name_may_end()
    {
        var pod = Given.Pod("{}");
        pod.Metadata.Name = new string('a', 62) + "-" + new string('b', 40);
        Assert.That(PodHostname.Of(pod, "cluster.local").Name, Is.EqualTo(new string('a', 62)));
    }

    [Test]
    public void A_full_name_that_the_kernel_cannot_take_is_told()
    {
        var pod = Given.Pod($"{{'subdomain':'{new string('s', 40)}','setHostnameAsFQDN':true}}");
        Assert.That(
            () => PodHostname.Of(pod, "cluster.local").ForKernel(isFull: true),
            Throws.TypeOf<ContainerConfigException>().With.Message.EqualTo(
                $"failed to construct FQDN from pod hostname and cluster domain, FQDN web.{new string('s', 40)}.ns.svc.cluster.local is too long "
                + "(64 characters is the max, 65 characters requested)"));
    }

    [Test]
    public void A_name_that_is_none_is_told() => Assert.That(
        () => PodHostname.Of(Given.Pod("{'hostname':'a.b'}"), "cluster.local"),
        Throws.TypeOf<ContainerConfigException>().With.Message.StartsWith("pod Hostname \"a.b\" is not a valid DNS label: "));
}
