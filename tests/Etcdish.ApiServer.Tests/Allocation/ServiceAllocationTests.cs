using System.Net;

namespace Etcdish.ApiServer.Tests.Allocation;

public class ServiceAllocationTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Services = "/api/v1/namespaces/default/services";
    private const string Addresses = "/apis/networking.k8s.io/v1/ipaddresses";

    [Test]
    public async Task The_API_itself_is_a_service()
    {
        var service = await Cluster.GetAsync(Services + "/kubernetes");
        var slice = await Cluster.GetAsync("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes");
        var endpoints = await Cluster.GetAsync("/api/v1/namespaces/default/endpoints/kubernetes");
        var range = await Cluster.GetAsync("/apis/networking.k8s.io/v1/servicecidrs/kubernetes");

        Assert.That(
            (service["spec.clusterIP"], service["spec.ports.0.port"], service["spec.ipFamilies.0"]),
            Is.EqualTo(("10.96.0.1", "443", "IPv4")));
        Assert.That(slice["ports.0.port"], Is.EqualTo(Cluster.Http.BaseAddress!.Port.ToString()));
        Assert.That(endpoints["subsets.0.ports.0.port"], Is.EqualTo(slice["ports.0.port"]));
        Assert.That(range["spec.cidrs.0"] + range["status.conditions.0.type"], Is.EqualTo("10.96.0.0/16Ready"));
    }

    [Test]
    public async Task Parallel_services_have_addresses_and_ports_of_their_own_until_they_go()
    {
        const int Count = 40;
        var all = await Task.WhenAll(Enumerable.Range(0, Count)
            .Select(i => AddAsync($"s{i}", """{"type":"NodePort","ports":[{"port":80,"name":"a"},{"port":81,"name":"b"}]}""")));
        var addresses = all.Select(service => service["spec.clusterIP"]).ToArray();
        var ports = all.SelectMany(service => new[] { service["spec.ports.0.nodePort"], service["spec.ports.1.nodePort"] }).ToArray();

        Assert.That(addresses, Is.Unique);
        Assert.That(addresses.Select(IPAddress.Parse).Select(a => a.GetAddressBytes()).All(b => b is [10, 96, ..]), Is.True);
        Assert.That(ports, Is.Unique);
        Assert.That(ports.Select(int.Parse), Is.All.InRange(30000, 32767));
        Assert.That(await NamesAsync(Addresses), Is.EquivalentTo(addresses.Append("10.96.0.1")));

        await Task.WhenAll(Enumerable.Range(0, Count).Select(i => Cluster.DeleteAsync($"{Services}/s{i}")));
        Assert.That(await NamesAsync(Addresses), Is.EqualTo(["10.96.0.1"]));
        var again = await AddAsync(
            "again", $$"""{"type":"NodePort","clusterIP":"{{addresses[0]}}","ports":[{"port":80,"nodePort":{{ports[0]}}}]}""");
        Assert.That(again.Status, Is.EqualTo(201), again.Text);
    }

    [Test]
    public async Task What_is_asked_for_is_given_once()
    {
        var first = await AddAsync("a", """{"clusterIP":"10.96.0.10","type":"NodePort","ports":[{"port":53,"nodePort":30053,"name":"t"},{"port":53,"nodePort":30053,"protocol":"UDP","name":"u"}]}""");
        var address = await AddAsync("b", """{"clusterIP":"10.96.0.10","ports":[{"port":80}]}""");
        var port = await AddAsync("b", """{"type":"NodePort","ports":[{"port":80,"nodePort":30053}]}""");
        var outside = await AddAsync("b", """{"type":"NodePort","ports":[{"port":80,"nodePort":80}]}""");
        var foreign = await AddAsync("b", """{"clusterIP":"10.97.0.1","ports":[{"port":80}]}""");

        Assert.That(
            (first.Status, first["spec.clusterIPs.0"], first["spec.ports.1.nodePort"]),
            Is.EqualTo((201, "10.96.0.10", "30053")),
            first.Text);
        Assert.That((address.Status, address["message"]), Is.EqualTo((422,
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.10\"]: failed to allocate IP 10.96.0.10: provided IP is already allocated")));
        Assert.That((port.Status, port["message"]), Is.EqualTo((422,
            "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30053: provided port is already allocated")));
        Assert.That(outside["message"], Does.EndWith("provided port is not in the valid range. The range of valid ports is 30000-32767"));
        Assert.That(
            foreign["message"],
            Does.EndWith("the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16"));
        Assert.That(await NamesAsync(Addresses), Is.EquivalentTo(["10.96.0.1", "10.96.0.10"]), "what is refused takes nothing");
    }

    [Test]
    public async Task Types_change_what_a_service_has()
    {
        var created = await AddAsync("a", """{"ports":[{"port":80}]}""");
        var address = created["spec.clusterIP"];
        var exposed = await PatchAsync("a", """{"spec":{"type":"NodePort"}}""");
        var balanced = await PatchAsync("a", """{"spec":{"type":"LoadBalancer","externalTrafficPolicy":"Local"}}""");
        var hidden = await PatchAsync("a", """{"spec":{"type":"ClusterIP","externalTrafficPolicy":null}}""");
        var named = await PatchAsync("a", """{"spec":{"type":"ExternalName","externalName":"example.com","internalTrafficPolicy":null}}""");

        Assert.That(exposed["spec.clusterIP"], Is.EqualTo(address));
        Assert.That(exposed["spec.ports.0.nodePort"], Is.Not.Empty, exposed.Text);
        Assert.That(balanced["spec.ports.0.nodePort"], Is.EqualTo(exposed["spec.ports.0.nodePort"]), balanced.Text);
        Assert.That(balanced["spec.healthCheckNodePort"], Is.Not.Empty, balanced.Text);
        Assert.That(
            (hidden["spec.ports.0.nodePort"], hidden["spec.healthCheckNodePort"], hidden["spec.clusterIP"]),
            Is.EqualTo(("", "", address)),
            hidden.Text);
        Assert.That((named["spec.clusterIP"], named["spec.clusterIPs"]), Is.EqualTo(("", "")), named.Text);
        Assert.That(await NamesAsync(Addresses), Is.EqualTo(["10.96.0.1"]));
        foreach (var port in new[] { exposed["spec.ports.0.nodePort"], balanced["spec.healthCheckNodePort"] })
        {
            var taken = await AddAsync("p" + port, $$"""{"type":"NodePort","ports":[{"port":80,"nodePort":{{port}}}]}""");
            Assert.That(taken.Status, Is.EqualTo(201), taken.Text);
        }
    }

    [Test]
    public async Task A_replaced_service_keeps_what_its_author_left_out()
    {
        var created = await AddAsync("a", """{"type":"NodePort","ports":[{"port":80}]}""");
        var replaced = await Cluster.PutAsync(
            Services + "/a", """{"metadata":{"name":"a"},"spec":{"type":"NodePort","ports":[{"port":81}]}}""");

        Assert.That(replaced.Status, Is.EqualTo(200), replaced.Text);
        Assert.That(
            replaced["spec.clusterIP"] + replaced["spec.ports.0.nodePort"],
            Is.EqualTo(created["spec.clusterIP"] + created["spec.ports.0.nodePort"]));
    }

    [Test]
    public async Task Headless_and_external_services_have_no_address()
    {
        var headless = await AddAsync("h", """{"clusterIP":"None","selector":{"a":"b"},"ports":[{"port":80}]}""");
        var free = await AddAsync("f", """{"clusterIP":"None"}""");
        var external = await AddAsync("e", """{"type":"ExternalName","externalName":"example.com"}""");
        var dual = await AddAsync("d", """{"ipFamilyPolicy":"RequireDualStack","ports":[{"port":80}]}""");
        var preferred = await AddAsync("p", """{"ipFamilyPolicy":"PreferDualStack","ports":[{"port":80}]}""");

        Assert.That((headless["spec.clusterIPs.0"], headless["spec.ipFamilyPolicy"]), Is.EqualTo(("None", "SingleStack")), headless.Text);
        Assert.That((free["spec.ipFamilyPolicy"], free["spec.ipFamilies.1"]), Is.EqualTo(("RequireDualStack", "IPv6")), free.Text);
        Assert.That((external.Status, external["spec.clusterIP"]), Is.EqualTo((201, "")), external.Text);
        Assert.That(dual["message"], Does.Contain(
            "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services"));
        Assert.That(preferred.Body["spec"]!["clusterIPs"]!.AsArray(), Has.Count.EqualTo(1), preferred.Text);
        Assert.That((await NamesAsync(Addresses)).Length, Is.EqualTo(2));
    }

    [Test]
    public async Task Trying_takes_nothing()
    {
        var tried = await Cluster.PostAsync(
            Services + "?dryRun=All", """{"metadata":{"name":"a"},"spec":{"type":"NodePort","ports":[{"port":80}]}}""");

        Assert.That(tried["spec.clusterIP"], Is.Not.Empty, tried.Text);
        Assert.That(await NamesAsync(Addresses), Is.EqualTo(["10.96.0.1"]));
    }

    [Test]
    public async Task What_others_left_behind_is_repaired_at_the_start()
    {
        var created = await AddAsync("a", """{"type":"NodePort","ports":[{"port":80}]}""");
        await Cluster.DeleteAsync($"{Addresses}/{created["spec.clusterIP"]}");
        await Cluster.PostAsync(Addresses, """
            {"metadata":{"name":"10.96.9.9"},"spec":{"parentRef":{"resource":"services","namespace":"default","name":"gone"}}}
            """);
        await Cluster.RestartAsync();

        Assert.That(await NamesAsync(Addresses), Is.EquivalentTo(["10.96.0.1", created["spec.clusterIP"]]));
    }

    private Task<Answer> AddAsync(string name, string spec) =>
        Cluster.PostAsync(Services, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{{{spec}}}}""");

    private Task<Answer> PatchAsync(string name, string patch) => Cluster.PatchAsync($"{Services}/{name}", patch, "merge");

    private async Task<string[]> NamesAsync(string path) =>
        [.. (await Cluster.GetAsync(path)).Body["items"]!.AsArray().Select(item => Answer.Read(item, "metadata.name"))];
}
