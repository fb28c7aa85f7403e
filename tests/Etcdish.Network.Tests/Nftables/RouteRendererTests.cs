using Etcdish.Network.Nftables;
using Etcdish.Network.Services;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>The elements and chains of routes, word by word.</summary>
public sealed class RouteRendererTests
{
    [Test]
    public void A_service_of_two_endpoints() => Assert.That(
        Show(SampleRoutes.Web("10.0.0.1 10.0.0.2")),
        Is.EqualTo("""
            cluster-ips 10.96.0.7
            direct-ips 10.96.0.7 . tcp . 80 comment "shop/web:http"
            endpoints 10.96.0.7 . tcp . 80 . 2000 : 10.0.0.1 . 8080
            hairpins 10.0.0.1 . 10.0.0.1
            endpoints 10.96.0.7 . tcp . 80 . 2001 : 10.0.0.2 . 8080
            hairpins 10.0.0.2 . 10.0.0.2
            """));

    [Test]
    public void All_that_leads_from_outside_with_policy_cluster() => Assert.That(
        Show(SampleRoutes.Web("10.0.0.1") with
        {
            NodePort = 30080,
            LoadBalancerIps = SampleRoutes.List("203.0.113.1"),
            ExternalIps = SampleRoutes.List("203.0.113.1 2001:db8::1"),
        }),
        Is.EqualTo("""
            cluster-ips 10.96.0.7
            direct-ips 10.96.0.7 . tcp . 80 comment "shop/web:http"
            endpoints 10.96.0.7 . tcp . 80 . 1000 : 10.0.0.1 . 8080
            hairpins 10.0.0.1 . 10.0.0.1
            direct-ips 203.0.113.1 . tcp . 80 comment "shop/web:http"
            endpoints 203.0.113.1 . tcp . 80 . 1000 : 10.0.0.1 . 8080
            hairpins 10.0.0.1 . 10.0.0.1
            masked-ips 203.0.113.1 . tcp . 80
            direct-nodeports tcp . 30080 comment "shop/web:http"
            nodeport-endpoints tcp . 30080 . 1000 : 10.0.0.1 . 8080
            hairpins 10.0.0.1 . 10.0.0.1
            """));

    [Test]
    public void A_service_whose_clients_stay_with_their_endpoint() => Assert.That(
        Show(SampleRoutes.Web("10.0.0.1 10.0.0.2") with { Affinity = TimeSpan.FromMinutes(1) }),
        Is.EqualTo("""
            service-#-shop/web/tcp/http
              ip daddr 10.96.0.7 tcp dport 80 jump mark-off-cluster
              ip saddr @affinity-#-shop/web/tcp/http__10.0.0.1/8080 goto endpoint-#-shop/web/tcp/http__10.0.0.1/8080
              ip saddr @affinity-#-shop/web/tcp/http__10.0.0.2/8080 goto endpoint-#-shop/web/tcp/http__10.0.0.2/8080
              numgen random mod 2 0 goto endpoint-#-shop/web/tcp/http__10.0.0.1/8080
              goto endpoint-#-shop/web/tcp/http__10.0.0.2/8080
            endpoint-#-shop/web/tcp/http__10.0.0.1/8080
              ip saddr 10.0.0.1 jump mark-for-masquerade
              update @affinity-#-shop/web/tcp/http__10.0.0.1/8080 { ip saddr }
              meta l4proto tcp dnat to 10.0.0.1:8080
            endpoint-#-shop/web/tcp/http__10.0.0.2/8080
              ip saddr 10.0.0.2 jump mark-for-masquerade
              update @affinity-#-shop/web/tcp/http__10.0.0.2/8080 { ip saddr }
              meta l4proto tcp dnat to 10.0.0.2:8080
            cluster-ips 10.96.0.7
            service-ips 10.96.0.7 . tcp . 80 : goto service-#-shop/web/tcp/http
            affinity-#-shop/web/tcp/http__10.0.0.1/8080 type ipv4_addr ; flags dynamic,timeout ; timeout 60s ;
            affinity-#-shop/web/tcp/http__10.0.0.2/8080 type ipv4_addr ; flags dynamic,timeout ; timeout 60s ;
            """));

    [Test]
    public void All_that_leads_from_outside_with_policy_local() => Assert.That(
        Show((SampleRoutes.Web("10.0.0.1 !10.0.0.2") with
        {
            NodePort = 30080,
            LoadBalancerIps = SampleRoutes.List("203.0.113.1"),
            ExternalIps = SampleRoutes.List("203.0.113.2 2001:db8::1"),
            SourceRanges = new Texts("192.0.2.77/24", "192.0.2.128/25", "2001:db8::/32", "nonsense"),
            Affinity = TimeSpan.FromSeconds(60),
        }).Local()),
        Is.EqualTo("""
            service-#-shop/web/tcp/http
              ip daddr 10.96.0.7 tcp dport 80 jump mark-off-cluster
              ip saddr @affinity-#-shop/web/tcp/http__10.0.0.1/8080 goto endpoint-#-shop/web/tcp/http__10.0.0.1/8080
              ip saddr @affinity-#-shop/web/tcp/http__10.0.0.2/8080 goto endpoint-#-shop/web/tcp/http__10.0.0.2/8080
              numgen random mod 2 0 goto endpoint-#-shop/web/tcp/http__10.0.0.1/8080
              goto endpoint-#-shop/web/tcp/http__10.0.0.2/8080
            external-#-shop/web/tcp/http
              ip saddr @pod-cidrs goto service-#-shop/web/tcp/http
              fib saddr type local jump mark-for-masquerade
              fib saddr type local goto service-#-shop/web/tcp/http
              goto endpoint-#-shop/web/tcp/http__10.0.0.1/8080
            firewall-#-shop/web/tcp/http
              ip saddr != { 192.0.2.0/24 } drop
            endpoint-#-shop/web/tcp/http__10.0.0.1/8080
              ip saddr 10.0.0.1 jump mark-for-masquerade
              update @affinity-#-shop/web/tcp/http__10.0.0.1/8080 { ip saddr }
              meta l4proto tcp dnat to 10.0.0.1:8080
            endpoint-#-shop/web/tcp/http__10.0.0.2/8080
              ip saddr 10.0.0.2 jump mark-for-masquerade
              update @affinity-#-shop/web/tcp/http__10.0.0.2/8080 { ip saddr }
              meta l4proto tcp dnat to 10.0.0.2:8080
            cluster-ips 10.96.0.7
            service-ips 10.96.0.7 . tcp . 80 : goto service-#-shop/web/tcp/http
            service-ips 203.0.113.1 . tcp . 80 : goto external-#-shop/web/tcp/http
            service-ips 203.0.113.2 . tcp . 80 : goto external-#-shop/web/tcp/http
            service-nodeports tcp . 30080 : goto external-#-shop/web/tcp/http
            firewall-ips 203.0.113.1 . tcp . 80 : goto firewall-#-shop/web/tcp/http
            affinity-#-shop/web/tcp/http__10.0.0.1/8080 type ipv4_addr ; flags dynamic,timeout ; timeout 60s ;
            affinity-#-shop/web/tcp/http__10.0.0.2/8080 type ipv4_addr ; flags dynamic,timeout ; timeout 60s ;
            """));

    [Test]
    public void The_other_family_without_endpoints_of_its_own() => Assert.That(
        Show(SampleRoutes.Web("10.0.0.1") with { NodePort = 30080 }, NftFamily.V6),
        Is.EqualTo("""
            cluster-ips fd00:96::7
            no-endpoint-services fd00:96::7 . tcp . 80 comment "shop/web:http" : goto reject-chain
            no-endpoint-nodeports tcp . 30080 comment "shop/web:http" : goto reject-chain
            """));

    [Test]
    public void Addresses_of_the_other_family() => Assert.That(
        Show(SampleRoutes.Web("fd00::1", protocol: "UDP"), NftFamily.V6),
        Is.EqualTo("""
            cluster-ips fd00:96::7
            direct-ips fd00:96::7 . udp . 80 comment "shop/web:http"
            endpoints fd00:96::7 . udp . 80 . 1000 : fd00::1 . 8080
            hairpins fd00::1 . fd00::1
            """));

    [Test]
    public void Very_many_endpoints_are_picked_by_a_map_of_their_own()
    {
        var many = string.Join(' ', Enumerable.Range(1, 65).Select(i => $"10.0.0.{i}"));
        var rules = RouteRenderer.Render(SampleRoutes.Web(many), NftFamily.V4);
        Assert.That(rules.Chains[0].Rules[^1], Does.StartWith("numgen random mod 65 vmap { 0 : goto endpoint-"));
    }

    [Test]
    public void A_family_that_the_service_does_not_have_gets_nothing() => Assert.That(
        RouteRenderer.Render(
            SampleRoutes.Web("10.0.0.1") with { ClusterIps = SampleRoutes.List("10.96.0.7"), NodePort = 30080 }, NftFamily.V6),
        Is.SameAs(NftRules.None));

    [Test]
    public void Names_differ_where_only_the_kind_of_letter_does()
    {
        var names = new[] { "a.b", "a/b" }.Select(name => new ServiceNames(new ServicePortKey("ns", name, "", "TCP")).Service);
        Assert.That(names, Is.Unique);
    }

    [Test]
    public void The_longest_names_fit_into_the_kernels_limit()
    {
        const int MaxName = 255;
        var key = new ServicePortKey(new string('n', 63), new string('s', 63), new string('p', 15), "SCTP");
        var endpoint = new ServiceEndpoint(System.Net.IPAddress.Parse("2001:db8:1111:2222:3333:4444:5555:6666"), 65535, false);
        Assert.That(new ServiceNames(key).AffinitySet(endpoint, TimeSpan.FromSeconds(86_400)), Has.Length.LessThanOrEqualTo(MaxName));
    }

    [TestCase("10.0.0.0/8 10.1.0.0/16 10.0.0.0/8", ExpectedResult = "10.0.0.0/8")]
    [TestCase("0.0.0.0/0 10.0.0.0/8", ExpectedResult = "0.0.0.0/1 128.0.0.0/1")]
    [TestCase("10.1.2.3/16 10.2.0.0/33 x", ExpectedResult = "10.1.0.0/16")]
    public string Ranges(string ranges) => string.Join(' ', CidrSet.Reduce(ranges.Split(' '), NftFamily.V4));

    // Hashes are the same for the same name; the tests of names look at them.
    private static string Show(ServiceRoute route, NftFamily? family = null)
    {
        var rules = RouteRenderer.Render(route, family ?? NftFamily.V4);
        var lines = rules.Chains.SelectMany(chain => chain.Rules.Select(rule => "  " + rule).Prepend(chain.Name))
            .Concat(rules.Elements.Select(element => $"{element.Slot.Map} {element}"))
            .Concat(rules.Sets.Select(set => $"{set.Name} {set.Form}"));
        return System.Text.RegularExpressions.Regex.Replace(string.Join('\n', lines), "-[A-Z2-7]{8}-", "-#-");
    }
}
