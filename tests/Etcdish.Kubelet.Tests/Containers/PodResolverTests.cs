using System.Net;
using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Runtime;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Containers;

public sealed class PodResolverTests
{
    private const string Cluster = "10.96.0.10 | ns.svc.cluster.local svc.cluster.local cluster.local corp.example | ndots:5";
    private const string Node = "192.0.2.53 | corp.example | timeout:1";

    private readonly List<string> _warnings = [];

    [TestCase("{}", Cluster)]
    [TestCase("{'dnsPolicy':'ClusterFirst','hostNetwork':true}", Node)]
    [TestCase("{'dnsPolicy':'ClusterFirstWithHostNet','hostNetwork':true}", Cluster)]
    [TestCase("{'dnsPolicy':'Default'}", Node)]
    [TestCase("{'dnsPolicy':'None','dnsConfig':{'nameservers':['1.1.1.1'],'searches':['a','a'],'options':[{'name':'edns0'}]}}", "1.1.1.1 | a | edns0")]
    [TestCase("{'dnsPolicy':'None'}", " |  | ")]
    [TestCase(
        "{'dnsPolicy':'Default','dnsConfig':{'nameservers':['192.0.2.53','8.8.8.8'],'options':[{'name':'timeout','value':'9'},{'name':'use-vc'}]}}",
        "192.0.2.53 8.8.8.8 | corp.example | timeout:9 use-vc")]
    [TestCase("{'dnsConfig':{'options':[{'name':'ndots','value':'1'}]}}",
        "10.96.0.10 | ns.svc.cluster.local svc.cluster.local cluster.local corp.example | ndots:1")]
    public void Each_policy_has_its_settings(string spec, string expected)
    {
        Assert.That(Text(Make(spec)), Is.EqualTo(expected));
        Assert.That(_warnings, Is.Empty);
    }

    [Test]
    public void Without_a_server_of_the_cluster_the_nodes_is_used_and_that_is_told()
    {
        Assert.That(Text(Make("{}", new KubeletOptions())), Is.EqualTo(Node));
        Assert.That(_warnings, Is.EqualTo(new[]
        {
            "MissingClusterDNS: pod: \"web_ns(u1)\". kubelet does not have ClusterDNS IP configured and cannot create Pod using \"ClusterFirst\" "
            + "policy. Falling back to \"Default\" policy.",
        }));
    }

    [Test]
    public void More_than_three_servers_are_left_out_and_told()
    {
        var made = Make("{'dnsConfig':{'nameservers':['1.1.1.1','2.2.2.2','3.3.3.3']}}");
        Assert.That(made.Servers, Is.EqualTo(new[] { "10.96.0.10", "1.1.1.1", "2.2.2.2" }));
        Assert.That(_warnings, Is.EqualTo(new[]
        {
            "DNSConfigForming: Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: "
            + "10.96.0.10 1.1.1.1 2.2.2.2",
        }));
    }

    [Test]
    public void More_domains_than_resolvers_take_are_left_out_and_told()
    {
        var many = string.Join(',', Enumerable.Range(0, 40).Select(i => $"'d{i}'"));
        Assert.That(Make($"{{'dnsPolicy':'None','dnsConfig':{{'searches':[{many}]}}}}").Searches, Has.Count.EqualTo(32));
        Assert.That(_warnings, Has.Count.EqualTo(1).And.All.StartsWith("DNSConfigForming: Search Line limits were exceeded"));
    }

    [Test]
    public void The_line_of_domains_is_no_longer_than_2048_bytes()
    {
        var many = string.Join(',', Enumerable.Range(0, 30).Select(i => $"'{new string('a', 98)}{i:d2}'"));
        var made = Make($"{{'dnsPolicy':'None','dnsConfig':{{'searches':[{many}]}}}}");
        Assert.That(string.Join(' ', made.Searches), Has.Length.EqualTo((20 * 101) - 1));
    }

    [Test]
    public void A_domain_longer_than_253_bytes_is_left_out() => Assert.That(
        Make($"{{'dnsPolicy':'None','dnsConfig':{{'searches':['{new string('a', 254)}','b']}}}}").Searches, Is.EqualTo(new[] { "b" }));

    [TestCase("nameserver 1.1.1.1\nnameserver\t2.2.2.2 \n", "1.1.1.1 2.2.2.2 |  | ")]
    [TestCase("search a. b\nsearch c.d. .\n", " | c.d . | ")]
    [TestCase("# nameserver 1.1.1.1\n;x\n\noptions a b:1\r\n", " |  | a b:1")]
    [TestCase("nameserver\n", " |  | ")]
    public void Files_are_read_as_resolvers_read_them(string text, string expected) =>
        Assert.That(Text(ResolverFile.Parse(text)), Is.EqualTo(expected));

    private static string Text(ResolverSettings made) =>
        $"{string.Join(' ', made.Servers)} | {string.Join(' ', made.Searches)} | {string.Join(' ', made.Options)}";

    private ResolverSettings Make(string spec, KubeletOptions? options = null)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("resolv.conf"), "nameserver 192.0.2.53\nsearch corp.example\noptions timeout:1\n");
        options ??= new KubeletOptions { ClusterDns = [IPAddress.Parse("10.96.0.10")] };
        return new PodResolver(options, folder.File("resolv.conf"), (_, reason, message) => _warnings.Add($"{reason}: {message}"))
            .Of(Given.Pod(spec));
    }

    [SetUp]
    public void SetUp() => _warnings.Clear();
}
