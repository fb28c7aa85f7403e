using Etcdish.Controllers.Services;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Services;

/// <summary>What a service tells of a pod.</summary>
public sealed class PodEndpointsTests
{
    [TestCase(true, false, false, ExpectedResult = "ready=True serving=True terminating=False")]
    [TestCase(false, false, false, ExpectedResult = "ready=False serving=False terminating=False")]
    [TestCase(true, true, false, ExpectedResult = "ready=False serving=True terminating=True")]
    [TestCase(false, true, false, ExpectedResult = "ready=False serving=False terminating=True")]
    [TestCase(false, false, true, ExpectedResult = "ready=True serving=False terminating=False")]
    [TestCase(false, true, true, ExpectedResult = "ready=True serving=False terminating=True")]
    public string Conditions(bool isReady, bool isTerminating, bool publishesNotReady)
    {
        var service = Service();
        service.Spec.PublishNotReadyAddresses = publishesNotReady;
        var pod = Pod(isReady);
        pod.Metadata.DeletionTimestamp = isTerminating ? DateTimeOffset.UnixEpoch : null;
        var said = PodEndpoints.Make(service, pod, null, "IPv4")!.Conditions;
        return $"ready={said.Ready} serving={said.Serving} terminating={said.Terminating}";
    }

    [TestCase("", "n", "z", ExpectedResult = "")]
    [TestCase("PreferClose", "n", "z", ExpectedResult = "zone z")]
    [TestCase("PreferSameZone", "n", "z", ExpectedResult = "zone z")]
    [TestCase("PreferSameNode", "n", "z", ExpectedResult = "zone z,node n")]
    [TestCase("PreferSameNode", "n", "", ExpectedResult = "node n")]
    [TestCase("PreferSameZone", "n", "", ExpectedResult = "")]
    [TestCase("Whatever", "n", "z", ExpectedResult = "")]
    public string Hints(string distribution, string node, string zone)
    {
        var service = Service();
        service.Spec.TrafficDistribution = distribution;
        var pod = Pod(isReady: true);
        pod.Spec.NodeName = node;
        var hints = PodEndpoints.Make(service, pod, NodeIn(zone), "IPv4")!.Hints;
        return hints is null
            ? ""
            : string.Join(',', hints.ForZones.Select(z => $"zone {z.Name}").Concat(hints.ForNodes.Select(n => $"node {n.Name}")));
    }

    [Test]
    public void Endpoints_that_get_no_traffic_and_services_of_the_old_annotation_have_no_hints()
    {
        var service = Service();
        service.Spec.TrafficDistribution = "PreferClose";
        Assert.That(PodEndpoints.Make(service, Pod(isReady: false), NodeIn("z"), "IPv4")!.Hints, Is.Null);
        service.Metadata.Annotations = new() { ["service.kubernetes.io/topology-mode"] = "Auto" };
        Assert.That(PodEndpoints.Make(service, Pod(isReady: true), NodeIn("z"), "IPv4")!.Hints, Is.Null);
    }

    [TestCase("IPv4", ExpectedResult = "10.0.0.7")]
    [TestCase("IPv6", ExpectedResult = "fd00::7")]
    public string Addresses_are_of_one_family(string family)
    {
        var pod = Pod(isReady: true);
        pod.Status.PodIps = [new PodAddress { Ip = "10.0.0.7" }, new PodAddress { Ip = "fd00::7" }];
        return PodEndpoints.Make(Service(), pod, null, family)!.Addresses.Single();
    }

    [Test]
    public void A_pod_without_an_address_of_a_family_is_not_told_of_there() =>
        Assert.That(PodEndpoints.Make(Service(), Pod(isReady: true), null, "IPv6"), Is.Null);

    [TestCase("Running", false, ExpectedResult = true)]
    [TestCase("Pending", false, ExpectedResult = true)]
    [TestCase("Succeeded", false, ExpectedResult = false)]
    [TestCase("Failed", false, ExpectedResult = false)]
    [TestCase("Running", true, ExpectedResult = false)]
    public bool Who_is_told_of_in_endpoints(string phase, bool isTerminating)
    {
        var pod = Pod(isReady: true);
        pod.Status.Phase = phase;
        pod.Metadata.DeletionTimestamp = isTerminating ? DateTimeOffset.UnixEpoch : null;
        return PodEndpoints.IsListed(pod, includeTerminating: false);
    }

    [TestCase("web", "a", ExpectedResult = "a")]
    [TestCase("other", "a", ExpectedResult = "")]
    [TestCase("", "a", ExpectedResult = "")]
    public string Hostnames_are_of_the_service_that_the_pod_names(string subdomain, string hostname)
    {
        var pod = Pod(isReady: true);
        (pod.Spec.Subdomain, pod.Spec.Hostname) = (subdomain, hostname);
        return PodEndpoints.Make(Service(), pod, null, "IPv4")!.Hostname;
    }

    [Test]
    public void Ports_by_name_are_those_of_the_pod_and_missing_ones_are_left_out()
    {
        var service = Service();
        service.Spec.Ports =
        [
            new ServicePort { Name = "http", Port = 80, TargetPort = new IntOrString("web"), AppProtocol = "h2c" },
            new ServicePort { Name = "dns", Port = 53, TargetPort = new IntOrString("web"), Protocol = "UDP" },
            new ServicePort { Name = "side", Port = 81, TargetPort = new IntOrString("sidecar") },
            new ServicePort { Name = "raw", Port = 90, TargetPort = new IntOrString(9090) },
        ];
        var pod = Pod(isReady: true);
        pod.Spec.Containers = [new Container { Ports = [new ContainerPort { Name = "web", Port = 8080 }] }];
        pod.Spec.InitContainers =
        [
            new Container { Ports = [new ContainerPort { Name = "sidecar", Port = 1 }] },
            new Container { RestartPolicy = "Always", Ports = [new ContainerPort { Name = "sidecar", Port = 15000 }] },
        ];
        var ports = new PodPorts(service).Of(pod);
        Assert.That(
            ports.Select(port => $"{port.Name} {port.Protocol} {port.Port} {port.AppProtocol}"),
            Is.EqualTo(["http TCP 8080 h2c", "side TCP 15000 ", "raw TCP 9090 "]));
    }

    [Test]
    public void Subsets_are_addresses_with_the_same_ports()
    {
        var service = Service();
        service.Spec.Ports = [new ServicePort { Name = "http", Port = 80, TargetPort = new IntOrString("web") }];
        Pod[] pods =
        [
            WithPort(8080, "10.0.0.9", true),
            WithPort(8080, "10.0.0.10", false),
            WithPort(8081, "10.0.0.2", true),
            WithPort(8080, "10.0.0.3", true),
        ];
        var subsets = EndpointSubsets.Make(service, pods);
        Assert.That(subsets.Select(Said), Is.EqualTo(["10.0.0.3 10.0.0.9 / 10.0.0.10 : 8080", "10.0.0.2 /  : 8081"]));
    }

    [TestCase(600, 600, ExpectedResult = "600+400")]
    [TestCase(1200, 10, ExpectedResult = "1000+0")]
    [TestCase(900, 100, ExpectedResult = "900+100")]
    public string Too_many_addresses_are_left_out(int ready, int notReady)
    {
        var pods = Enumerable.Range(0, ready + notReady).Select(i => WithPort(80, $"10.0.{i / 250}.{i % 250}", i < ready)).ToList();
        var subsets = EndpointSubsets.Make(Service(), pods);
        Assert.That(EndpointSubsets.Truncate(subsets), Is.EqualTo(ready + notReady > 1000));
        return $"{subsets.Sum(s => s.Addresses.Length)}+{subsets.Sum(s => s.NotReadyAddresses.Length)}";
    }

    private static string Said(EndpointSubset subset) =>
        $"{Said(subset.Addresses)} / {Said(subset.NotReadyAddresses)} : {subset.Ports[0].Port}";

    private static string Said(EndpointAddress[] addresses) => string.Join(' ', addresses.Select(a => a.Ip));

    private static Pod WithPort(int port, string ip, bool isReady)
    {
        var pod = Pod(isReady);
        pod.Status.PodIps = [new PodAddress { Ip = ip }];
        pod.Spec.Containers = [new Container { Ports = [new ContainerPort { Name = "web", Port = port }] }];
        return pod;
    }

    private static Service Service() => new()
    {
        Metadata = new ObjectMetadata { Namespace = "ns", Name = "web" },
        Spec = new ServiceSpec { ClusterIp = "10.96.0.7", IpFamilies = ["IPv4"], Ports = [new ServicePort { Port = 80 }] },
    };

    private static Node NodeIn(string zone) => new()
    {
        Metadata = new ObjectMetadata { Name = "n", Labels = zone.Length == 0 ? [] : new() { ["topology.kubernetes.io/zone"] = zone } },
    };

    private static Pod Pod(bool isReady) => new()
    {
        Metadata = new ObjectMetadata { Namespace = "ns", Name = "a", Uid = "u" },
        Status = new PodStatus
        {
            Phase = "Running",
            PodIps = [new PodAddress { Ip = "10.0.0.1" }],
            Conditions = [new Condition { Type = "Ready", Status = isReady ? "True" : "False" }],
        },
    };
}
