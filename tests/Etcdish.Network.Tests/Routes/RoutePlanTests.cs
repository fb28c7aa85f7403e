using System.Net;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Routes;

namespace Etcdish.Network.Tests.Routes;

/// <summary>Which way leads to whose pods.</summary>
public sealed class RoutePlanTests
{
    private static readonly LinkAddress[] _links =
    [
        new("lo", IPAddress.Loopback, 8),
        new("eth0", IPAddress.Parse("192.168.1.1"), 20),
        new("eth0", IPAddress.Parse("fd01::1"), 64),
        new("cni0", IPAddress.Parse("10.244.0.1"), 24),
    ];

    [TestCase("192.168.15.9", "10.244.1.0/24", ExpectedResult = "10.244.1.0/24 192.168.15.9 eth0")]
    [TestCase("192.168.16.9", "10.244.1.0/24", ExpectedResult = "10.244.1.0/24 192.168.16.9 tunnel")]
    [TestCase("192.168.1.2,fd01::2", "10.244.1.0/24,fd10:1::/64", ExpectedResult = "10.244.1.0/24 192.168.1.2 eth0, fd10:1::/64 fd01::2 eth0")]
    [TestCase("192.168.1.2", "fd10:1::/64", ExpectedResult = "fd10:1::/64 192.168.1.2 tunnel")]
    [TestCase("10.244.0.9", "10.244.1.0/24", ExpectedResult = "10.244.1.0/24 10.244.0.9 tunnel")]
    [TestCase("", "10.244.1.0/24", ExpectedResult = "")]
    [TestCase("fd01::2", "10.244.1.0/24", ExpectedResult = "")]
    [TestCase("192.168.1.2", "", ExpectedResult = "")]
    public string Another_node(string addresses, string networks) => Routes(NodeOf("b", addresses, networks));

    [Test]
    public void A_node_has_no_route_to_itself() => Assert.That(Routes(NodeOf("a", "192.168.1.1", "10.244.0.0/24")), Is.Empty);

    [Test]
    public void A_node_that_is_being_deleted_has_none()
    {
        var node = NodeOf("b", "192.168.1.2", "10.244.1.0/24");
        node.Metadata.DeletionTimestamp = DateTimeOffset.UnixEpoch;
        Assert.That(Routes(node), Is.Empty);
    }

    [Test]
    public void Ends_of_tunnels_have_addresses_that_follow_from_their_nodes()
    {
        Assert.That(RoutePlan.HardwareAddressOf(IPAddress.Parse("192.168.1.2")), Is.EqualTo("02:ed:c0:a8:01:02"));
        Assert.That(
            RoutePlan.HardwareAddressOf(IPAddress.Parse("fd01::1")),
            Does.StartWith("02:ed:").And.Not.EqualTo(RoutePlan.HardwareAddressOf(IPAddress.Parse("fd01::2"))));
    }

    private static string Routes(Node node) => string.Join(", ", RoutePlan
        .For([node], new NodeRouteOptions { NodeName = "a", NodeAddress = IPAddress.Parse("192.168.1.1") }, _links)
        .Select(route => $"{route.Network} {route.Node} {route.Device ?? "tunnel"}"));

    internal static Node NodeOf(string name, string addresses, string networks) => new()
    {
        Metadata = new ObjectMetadata { Name = name },
        Spec = new NodeSpec { PodCidrs = networks.Split(',', StringSplitOptions.RemoveEmptyEntries) },
        Status = new NodeStatus
        {
            Addresses = [.. addresses.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(a => new NodeAddress { Type = "InternalIP", Address = a })],
        },
    };
}
