using System.Net;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.LoadBalancers;

namespace Etcdish.Network.Tests.LoadBalancers;

/// <summary>Addresses of pools, and of nodes.</summary>
public sealed class AddressPoolTests
{
    [TestCase("192.0.2.0/30", "192.0.2.3", ExpectedResult = true)]
    [TestCase("192.0.2.0/30", "192.0.2.4", ExpectedResult = false)]
    [TestCase("192.0.2.10-192.0.2.20", "192.0.2.20", ExpectedResult = true)]
    [TestCase("192.0.2.10 - 192.0.2.20", "192.0.2.21", ExpectedResult = false)]
    [TestCase("192.0.2.10", "192.0.2.10", ExpectedResult = true)]
    [TestCase("0.0.0.0/0", "255.255.255.255", ExpectedResult = true)]
    [TestCase("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ExpectedResult = true)]
    [TestCase("fd00::/64", "10.0.0.1", ExpectedResult = false)]
    public bool Ranges(string range, string address) => AddressRange.Parse(range).Contains(IPAddress.Parse(address));

    [TestCase("")]
    [TestCase("web")]
    [TestCase("192.0.2.9-192.0.2.1")]
    [TestCase("192.0.2.9-fd00::1")]
    [TestCase("192.0.2.0/33")]
    public void What_is_no_range(string text) => Assert.That(() => AddressRange.Parse(text), Throws.InstanceOf<FormatException>());

    [Test]
    public void The_lowest_free_address_is_given_until_none_is()
    {
        var pool = new AddressPool([AddressRange.Parse("192.0.2.1-192.0.2.2"), AddressRange.Parse("198.51.100.7")]);
        Assert.That(Said(pool.Ensure(Web("a"), [])), Is.EqualTo("192.0.2.1"));
        Assert.That(Said(pool.Ensure(Web("b"), [])), Is.EqualTo("192.0.2.2"));
        Assert.That(Said(pool.Ensure(Web("c"), [])), Is.EqualTo("198.51.100.7"));
        Assert.That(Said(pool.Ensure(Web("d"), [])), Is.EqualTo("no IPv4 address is free"));
        Assert.That(Said(pool.Ensure(Web("b"), [])), Is.EqualTo("192.0.2.2"));
        Assert.That(pool.Release(Web("a").Key));
        Assert.That(pool.Release(Web("a").Key), Is.False);
        Assert.That(Said(pool.Ensure(Web("d"), [])), Is.EqualTo("192.0.2.1"));
    }

    [Test]
    public void A_wish_is_heard_if_it_can_be_and_costs_nothing_if_not()
    {
        var pool = new AddressPool([AddressRange.Parse("192.0.2.0/24")]);
        Assert.That(Said(pool.Ensure(Web("a", "192.0.2.77"), [])), Is.EqualTo("192.0.2.77"));
        Assert.That(Said(pool.Ensure(Web("b"), [])), Is.EqualTo("192.0.2.0"));
        Assert.That(Said(pool.Ensure(Web("b", "192.0.2.77"), [])), Is.EqualTo("192.0.2.0 address 192.0.2.77 is service ns/a's"));
        Assert.That(Said(pool.Ensure(Web("b", "10.0.0.1"), [])), Is.EqualTo("192.0.2.0 address 10.0.0.1 is in no pool for this service"));
        var moved = pool.Ensure(Web("b", "192.0.2.5"), []);
        Assert.That(Said(moved), Is.EqualTo("192.0.2.5"));
        Assert.That(moved.HasFreed, "192.0.2.0 is free again");
        Assert.That(Said(pool.Ensure(Web("c"), [])), Is.EqualTo("192.0.2.0"));
    }

    [Test]
    public void Services_of_two_families_get_what_pools_have()
    {
        var four = new AddressPool([AddressRange.Parse("192.0.2.0/24")]);
        var both = new AddressPool([AddressRange.Parse("192.0.2.0/24"), AddressRange.Parse("fd00::/120")]);
        var service = Web("a");
        service.Spec.IpFamilies = ["IPv6", "IPv4"];
        Assert.That(Said(four.Ensure(service, [])), Is.EqualTo("192.0.2.0"));
        Assert.That(Said(both.Ensure(service, [])), Is.EqualTo("fd00:: 192.0.2.0"));
        service.Spec.IpFamilies = ["IPv6"];
        Assert.That(Said(four.Ensure(service, [])), Is.EqualTo("192.0.2.0 no pool has IPv6 addresses"));
    }

    [Test]
    public void Whatever_happens_no_address_is_two_services()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var pool = new AddressPool([AddressRange.Parse("192.0.2.0/29"), AddressRange.Parse("198.51.100.0/31")]);
        Dictionary<string, string> has = [];
        for (var i = 0; i < 5000; i++)
        {
            var name = $"s{random.Next(14)}";
            if (random.Next(3) == 0)
            {
                pool.Release(Web(name).Key);
                has.Remove(name);
            }
            else
            {
                var wish = random.Next(4) == 0 ? $"192.0.2.{random.Next(10)}" : "";
                var grant = pool.Ensure(Web(name, wish), [IPAddress.Parse($"192.0.2.{random.Next(10)}")]);
                has.Remove(name);
                if (grant.Addresses.Count > 0)
                {
                    has[name] = grant.Addresses.Single().ToString();
                }
            }

            Assert.That(has.Values, Is.Unique, $"seed {seed}, step {i}");
            Assert.That(has.Values, Is.All.Matches<string>(address => pool.Gives(IPAddress.Parse(address!))));
        }
    }

    [Test]
    public void Services_share_the_nodes_addresses_by_their_ports()
    {
        IPAddress[] nodes = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"), IPAddress.Parse("fd00::1")];
        var source = new NodeAddressSource(() => nodes, new HashSet<int> { 6443 });
        Assert.That(Said(source.Ensure(Web("a"), [])), Is.EqualTo("10.0.0.1 10.0.0.2"));
        Assert.That(Said(source.Ensure(Web("b"), [])), Is.EqualTo("port 80/TCP of the nodes is service ns/a's"));
        Assert.That(Said(source.Ensure(Web("b", port: 81), [])), Is.EqualTo("10.0.0.1 10.0.0.2"));
        Assert.That(Said(source.Ensure(Web("c", port: 6443), [])), Is.EqualTo("port 6443/TCP is the nodes' own"));
        Assert.That(Said(source.Ensure(Web("c", "10.0.0.2", 82), [])), Is.EqualTo("10.0.0.2"));
        Assert.That(Said(source.Ensure(Web("d", "10.0.0.9", 83), [])), Is.EqualTo("address 10.0.0.9 is no node's"));
        Assert.That(source.Ensure(Web("a", port: 84), []).HasFreed, "port 80");
        Assert.That(Said(source.Ensure(Web("e"), [])), Is.EqualTo("10.0.0.1 10.0.0.2"));
    }

    private static string Said(Grant grant) =>
        string.Join(' ', grant.Addresses.Select(address => address.ToString()).Append(grant.Problem)).Trim();

    private static Service Web(string name, string wish = "", int port = 80) => new()
    {
        Metadata = new ObjectMetadata { Namespace = "ns", Name = name },
        Spec = new ServiceSpec { IpFamilies = ["IPv4"], LoadBalancerIp = wish, Ports = [new ServicePort { Port = port }] },
    };
}
