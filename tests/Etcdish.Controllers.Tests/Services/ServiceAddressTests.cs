using System.Net;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Services;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Controllers.Tests.Services;

/// <summary>What services have and what is noted as taken are the same.</summary>
public sealed class ServiceAddressTests
{
    private static readonly IPNetwork[] _ranges = [IPNetwork.Parse("10.96.0.0/16"), IPNetwork.Parse("fd00::/108")];

    [TestCase("10.96.0.7", "web", ExpectedResult = null)]
    [TestCase("10.96.0.7", "", ExpectedResult = "Take ClusterIPNotAllocated: Cluster IP [IPv4]: 10.96.0.7 is not allocated; repairing")]
    [TestCase("fd00::7", "", ExpectedResult = "Take ClusterIPNotAllocated: Cluster IP [IPv6]: fd00::7 is not allocated; repairing")]
    [TestCase("10.96.0.7", "gone", ExpectedResult =
        "TakeAnew ClusterIPNotAllocated: the ClusterIP [IPv4]: 10.96.0.7 for Service ns/web has a wrong reference; repairing")]
    [TestCase("10.96.0.7", "same", ExpectedResult =
        "TellOnly ClusterIPAlreadyAllocated: Cluster IP [IPv4]:10.96.0.7 was assigned to multiple services; please recreate service")]
    [TestCase("10.97.0.1", "web", ExpectedResult =
        "TellOnly ClusterIPOutOfRange: Cluster IP [IPv4]: 10.97.0.1 is not within any configured Service CIDR; please recreate service")]
    [TestCase("10.96.0.0", "web", ExpectedResult =
        "TellOnly ClusterIPOutOfRange: Cluster IP [IPv4]: 10.96.0.0 is not within any configured Service CIDR; please recreate service")]
    [TestCase("10.96.255.255", "web", ExpectedResult =
        "TellOnly ClusterIPOutOfRange: Cluster IP [IPv4]: 10.96.255.255 is not within any configured Service CIDR; please recreate service")]
    [TestCase("nonsense", "web", ExpectedResult = "TellOnly ClusterIPNotValid: Cluster IP nonsense is not a valid IP; please recreate Service")]
    public string? An_address_of_a_service(string address, string notedFor)
    {
        var other = notedFor == "same" ? Having("same", address) : null;
        return Said(AddressDecisions.ForService(
            Having("web", address), address, _ranges, notedFor.Length == 0 ? null : NoteFor(notedFor, address), other));
    }

    [TestCase("10.96.0.7", ExpectedResult = null)]
    [TestCase("10.96.0.8", ExpectedResult =
        "GiveBack IPAddressWrongReference: IPAddress: 10.96.0.7 for Service ns/web has a wrong reference; cleaning up")]
    [TestCase(null, ExpectedResult =
        "GiveBack IPAddressNotAllocated: IPAddress: 10.96.0.7 for Service ns/web appears to have leaked: cleaning up")]
    public string? A_note(string? has) =>
        Said(AddressDecisions.ForNote(NoteFor("web", "10.96.0.7"), has is null ? null : Having("web", has)));

    [Test]
    public void A_note_of_something_else_is_none_of_ours()
    {
        var note = NoteFor("web", "10.96.0.7");
        note.Spec.ParentRef.Group = "gateway.networking.k8s.io";
        Assert.That(AddressDecisions.ForNote(note, null), Is.Null);
    }

    [Test]
    public async Task Notes_that_are_missing_are_made_and_those_of_nobody_go_after_a_while()
    {
        var clock = new ManualClock();
        await using var bench = await ControlBench.StartAsync(clock);
        var controller = bench.Add(new ServiceAddressController(bench.Context), 1);
        await bench.RunAsync();
        var service = await bench.CreateAsync(
            Resources.Services, "default", "{'metadata':{'name':'web'},'spec':{'ports':[{'port':80}]}}");
        var address = service.Spec.ClusterIp;
        var first = await bench.Client.GetAsync(Resources.IpAddresses, "", address, CancellationToken.None);
        await bench.Client.DeleteAsync(Resources.IpAddresses, "", address, new DeleteOptions(), CancellationToken.None);
        var made = await bench.WaitAsync(
            Resources.IpAddresses, "", all => all.Any(a => a.Metadata.Name == address && a.Metadata.Uid != first.Metadata.Uid));
        Assert.That(AddressDecisions.ServiceOf(made.Single(a => a.Metadata.Name == address)), Is.EqualTo(service.Key));

        await bench.CreateAsync(
            Resources.IpAddresses,
            "",
            "{'metadata':{'name':'10.96.7.7'},'spec':{'parentRef':{'resource':'services','namespace':'default','name':'gone'}}}");
        await bench.WaitAsync(Resources.IpAddresses, "", all => all.Any(a => a.Metadata.Name == "10.96.7.7"));

        // Seen before, it is looked at again; seen later, it is old enough at once.
        clock.Advance(TimeSpan.FromSeconds(61));
        controller.Queue.Add(new ObjectKey("", "10.96.7.7"));
        await bench.WaitAsync(Resources.IpAddresses, "", all => all.All(a => a.Metadata.Name != "10.96.7.7"));
        Assert.That(await bench.ReadAsync(Resources.IpAddresses, "", address), Is.Not.Null);
    }

    [Test]
    public void Ports_of_nodes_are_told_apart_by_protocol()
    {
        var service = Having("web", "10.96.0.7");
        service.Spec.Ports = [new ServicePort { NodePort = 30000 }, new ServicePort { NodePort = 30000, Protocol = "UDP" }, new ServicePort()];
        service.Spec.HealthCheckNodePort = 31000;
        Assert.That(ServiceAddressController.PortsOf(service), Is.EqualTo(["30000/TCP", "30000/UDP", "31000/TCP"]));
    }

    private static string? Said(AddressProblem? problem) => problem is null ? null : $"{problem.Step} {problem.Reason}: {problem.Message}";

    private static Service Having(string name, string address) => new()
    {
        Metadata = new ObjectMetadata { Namespace = "ns", Name = name },
        Spec = new ServiceSpec { ClusterIp = address, ClusterIps = [address] },
    };

    private static IpAddress NoteFor(string service, string address) => new()
    {
        Metadata = new ObjectMetadata { Name = address },
        Spec = new IpAddressSpec { ParentRef = new ParentReference { Resource = "services", Namespace = "ns", Name = service } },
    };
}
