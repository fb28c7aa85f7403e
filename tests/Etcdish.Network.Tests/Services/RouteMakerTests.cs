using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Services;
using static Etcdish.Network.Tests.Services.ServiceSamples;

namespace Etcdish.Network.Tests.Services;

/// <summary>What a node does for a service.</summary>
public sealed class RouteMakerTests
{
    private static readonly NodePlace _here = new("here", "z1");

    [TestCase("None", "ClusterIP", "", ExpectedResult = 0)]
    [TestCase("", "ExternalName", "", ExpectedResult = 0)]
    [TestCase("10.96.0.7", "ExternalName", "", ExpectedResult = 0)]
    [TestCase("10.96.0.7", "ClusterIP", "service.kubernetes.io/headless", ExpectedResult = 0)]
    [TestCase("10.96.0.7", "ClusterIP", "service.kubernetes.io/service-proxy-name", ExpectedResult = 0)]
    [TestCase("10.96.0.7", "ClusterIP", "app", ExpectedResult = 1)]
    public int Who_is_served(string clusterIp, string type, string label) => RouteMaker.Make(
        Web(service =>
        {
            (service.Spec.ClusterIp, service.Spec.ClusterIps, service.Spec.Type) = (clusterIp, [clusterIp], type);
            service.Metadata.Labels = label.Length > 0 ? new() { [label] = "" } : [];
        }),
        [],
        _here).Length;

    // What stands after an address: its state, then its node, if that is named.
    [TestCase("1 ready, 2 ready", ExpectedResult = "internal 1 2, external 1 2", TestName = "All that are ready")]
    [TestCase("1 unsaid", ExpectedResult = "internal 1, external 1", TestName = "Conditions that nobody said are good")]
    [TestCase("1 ready, 2 not ready, 3 ending", ExpectedResult = "internal 1, external 1", TestName = "No other while one is ready")]
    [TestCase("1 ending, 2 ended, 3 not ready", ExpectedResult = "internal 1, external 1", TestName = "Those that end, when none is ready")]
    [TestCase("1 ended, 3 not ready", ExpectedResult = "internal , external , none serves", TestName = "None that does not serve")]
    public string Readiness(string endpoints) => Describe(Route(endpoints, "Cluster", "Cluster"));

    [TestCase("1 ready here, 2 ready there", "Local", "Cluster", ExpectedResult = "internal 1, external 1 2")]
    [TestCase("1 ready here, 2 ready there", "Cluster", "Local", ExpectedResult = "internal 1 2, external 1")]
    [TestCase("1 ready there, 2 ready there", "Local", "Local", ExpectedResult = "internal , external ")]
    [TestCase("1 ending here, 2 ready there", "Local", "Local", ExpectedResult = "internal 1, external 1")]
    [TestCase("1 ended here, 2 ready there", "Local", "Local", ExpectedResult = "internal , external ")]
    [TestCase("1 ended here, 2 ended there", "Local", "Local", ExpectedResult = "internal , external , none serves")]
    [TestCase("1 ending there, 2 ended here", "Local", "Cluster", ExpectedResult = "internal , external 1")]
    public string Policies(string endpoints, string internalPolicy, string externalPolicy) =>
        Describe(Route(endpoints, internalPolicy, externalPolicy));

    [TestCase("z1|", "z2|", ExpectedResult = "1", TestName = "Those for this zone")]
    [TestCase("z1 z2|", "z2|", ExpectedResult = "1", TestName = "Those for this zone among others")]
    [TestCase("z1|", "|", ExpectedResult = "1 2", TestName = "Hints that some lack count for nothing")]
    [TestCase("z3|", "z2|", ExpectedResult = "1 2", TestName = "Hints that leave this zone out count for nothing")]
    [TestCase("z1|there", "z1|here", ExpectedResult = "2", TestName = "Those for this node before those for its zone")]
    [TestCase("z1|there", "z2|other", ExpectedResult = "1", TestName = "The zone when no hint is for this node")]
    public string Hints(string first, string second)
    {
        Endpoint[] endpoints = [.. new[] { first, second }.Select((hint, i) => At(
            $"10.0.0.{i + 1}", zones: hint.Split('|')[0], nodes: hint.Split('|')[1]))];
        return Last(RouteMaker.Make(Web(), [Slice(endpoints)], _here)[0].InternalEndpoints);
    }

    [Test]
    public void Hints_of_endpoints_that_are_not_ready_do_not_matter()
    {
        var slice = Slice(At("10.0.0.1", zones: "z1"), At("10.0.0.2", zones: "z2"), At("10.0.0.3", "not ready"));
        Assert.That(Last(RouteMaker.Make(Web(), [slice], _here)[0].InternalEndpoints), Is.EqualTo("1"));
    }

    [Test]
    public void A_node_without_a_zone_uses_all()
    {
        var slice = Slice(At("10.0.0.1", zones: "z1"), At("10.0.0.2", zones: "z2"));
        Assert.That(Last(RouteMaker.Make(Web(), [slice], new NodePlace("here", ""))[0].InternalEndpoints), Is.EqualTo("1 2"));
    }

    [Test]
    public void Ports_are_found_by_name_and_protocol_and_families_are_chosen_each_by_itself()
    {
        var service = Web(s =>
        {
            s.Spec.ClusterIps = ["10.96.0.7", "fd00:96::7"];
            s.Spec.Ports =
            [
                new ServicePort { Name = "dns", Port = 53, Protocol = "UDP" }, new ServicePort { Name = "http", Port = 80 },
            ];
        });
        var four = Slice(At("10.0.0.1", "ending"));
        four.Ports = [new EndpointPort { Name = "http", Port = 8080 }, new EndpointPort { Name = "dns", Protocol = "UDP", Port = 5353 }];
        var six = Slice(At("fd00::2"), At("fd00::1", "ending"));
        six.AddressType = "IPv6";
        var routes = RouteMaker.Make(service, [four, six], _here);
        Assert.That(
            routes.Select(route => $"{route.Key} {string.Join(' ', route.InternalEndpoints.Select(e => $"{e.Address}|{e.Port}"))}"),
            Is.EqualTo(["shop/web:dns 10.0.0.1|5353", "shop/web:http 10.0.0.1|8080 fd00::2|8080"]));
    }

    [Test]
    public void One_that_is_in_two_slices_is_one_and_ready_if_either_says_so()
    {
        var route = RouteMaker.Make(Web(), [Slice(At("10.0.0.1")), Slice(At("10.0.0.1", "not ready"), At("10.0.0.2"))], _here)[0];
        Assert.That(Last(route.InternalEndpoints), Is.EqualTo("1 2"));
    }

    [Test]
    public void What_a_load_balancer_brings()
    {
        var route = RouteMaker.Make(
            Web(s =>
            {
                (s.Spec.Type, s.Spec.ExternalTrafficPolicy, s.Spec.HealthCheckNodePort) = ("LoadBalancer", "Local", 32000);
                s.Spec.LoadBalancerSourceRanges = [" 192.0.2.0/24"];
                s.Spec.ExternalIps = ["203.0.113.9"];
                s.Spec.Ports[0].NodePort = 30080;
                s.Status.LoadBalancer.Ingress =
                [
                    new LoadBalancerIngress { Ip = "203.0.113.1" },
                    new LoadBalancerIngress { Ip = "203.0.113.2", IpMode = "Proxy" },
                    new LoadBalancerIngress { Hostname = "lb.example" },
                ];
            }),
            [Slice(At("10.0.0.1", node: "here"), At("10.0.0.2", "ending", "here"), At("10.0.0.3", node: "there"))],
            _here)[0];
        Assert.Multiple(() =>
        {
            Assert.That(route.LoadBalancerIps.Select(ip => ip.ToString()), Is.EqualTo(["203.0.113.1"]));
            Assert.That(route.ExternalIps.Select(ip => ip.ToString()), Is.EqualTo(["203.0.113.9"]));
            Assert.That(route.SourceRanges, Is.EqualTo(["192.0.2.0/24"]));
            Assert.That((route.NodePort, route.HealthCheckNodePort, route.ReadyOnThisNode), Is.EqualTo((30080, 32000, 1)));
        });
    }

    [TestCase("None", null, ExpectedResult = null)]
    [TestCase("ClientIP", null, ExpectedResult = 10_800)]
    [TestCase("ClientIP", 60, ExpectedResult = 60)]
    public int? Affinity(string affinity, int? seconds)
    {
        var service = Web(s =>
        {
            s.Spec.SessionAffinity = affinity;
            s.Spec.SessionAffinityConfig = new() { ClientIp = new ClientIpConfig { TimeoutSeconds = seconds } };
        });
        return (int?)RouteMaker.Make(service, [], _here)[0].Affinity?.TotalSeconds;
    }

    [Test]
    public void Equal_inputs_make_equal_routes_in_whatever_order_they_come()
    {
        var one = RouteMaker.Make(Web(), [Slice(At("10.0.0.1"), At("10.0.0.2"))], _here)[0];
        var other = RouteMaker.Make(Web(), [Slice(At("10.0.0.2")), Slice(At("10.0.0.1"))], _here)[0];
        var third = RouteMaker.Make(Web(), [Slice(At("10.0.0.2"))], _here)[0];
        Assert.That(other, Is.EqualTo(one));
        Assert.That(third, Is.Not.EqualTo(one));
    }

    private static ServiceRoute Route(string endpoints, string internalPolicy, string externalPolicy)
    {
        var service = Web(s =>
        {
            (s.Spec.Type, s.Spec.InternalTrafficPolicy, s.Spec.ExternalTrafficPolicy) = ("NodePort", internalPolicy, externalPolicy);
            s.Spec.Ports[0].NodePort = 30080;
        });
        return RouteMaker.Make(service, [Slice([.. endpoints.Split(", ").Select(Parse)])], _here)[0];
    }

    private static Endpoint Parse(string text)
    {
        var words = text.Split(' ', 2);
        var node = words[1].EndsWith("here", StringComparison.Ordinal) ? words[1].Split(' ')[^1] : "";
        var state = node.Length > 0 ? words[1][..^(node.Length + 1)] : words[1];
        return At($"10.0.0.{words[0]}", state, node);
    }

    private static string Describe(ServiceRoute route) => string.Concat(
        $"internal {Last(route.InternalEndpoints)}, external {Last(route.ExternalEndpoints)}",
        route.HasEndpointsElsewhere ? "" : ", none serves");

    private static string Last(EndpointSet endpoints) => string.Join(' ', endpoints.Select(e => e.Address.ToString().Split('.')[^1]));
}
