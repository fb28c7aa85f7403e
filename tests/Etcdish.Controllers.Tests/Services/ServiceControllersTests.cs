using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Services;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Services;

/// <summary>Services lead to their pods, whatever happens to either.</summary>
public sealed class ServiceControllersTests
{
    private ControlBench _bench = null!;
    private int _address;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _bench = await ControlBench.StartAsync();
        var pods = new ServicePods(_bench.Context);
        _bench.Add(new EndpointSliceController(_bench.Context, pods));
        _bench.Add(new EndpointsController(_bench.Context, pods));
        _bench.Add(new EndpointMirroringController(_bench.Context));
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _bench.DisposeAsync();
        Assert.That(_bench.Warnings, Has.None.Contains("a defect"));
    }

    [Test]
    public async Task A_service_leads_to_its_ready_pods()
    {
        await MakeNamespaceAsync("plain");
        await _bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n1','labels':{'topology.kubernetes.io/zone':'z1'}}}");
        var service = await MakeServiceAsync("plain", "web", "'type':'ClusterIP'");
        await MakePodAsync("plain", "a", "web", node: "n1");
        await MakePodAsync("plain", "b", "web", isReady: false);
        await MakePodAsync("plain", "c", "other");
        var slice = (await WaitForEndpointsAsync("plain", "a b-"))[0];
        var json = (await _bench.ReadAsync(Resources.EndpointSlices, "plain", slice.Metadata.Name))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(slice.Metadata.Name, Does.StartWith("web-"));
            Assert.That(slice.Metadata.Labels, Is.EquivalentTo(new Dictionary<string, string>
            {
                ["team"] = "x",
                ["kubernetes.io/service-name"] = "web",
                ["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io",
            }));
            Assert.That(slice.Metadata.IsControlledBy(service.Metadata.Uid));
            Assert.That(slice.Metadata.Annotations.Keys, Is.EqualTo([TriggerTimes.Annotation]));
            Assert.That(json["ports"]!.ToJsonString(), Is.EqualTo("""[{"name":"","protocol":"TCP","port":8080}]"""));
            var first = json["endpoints"]!.AsArray().Single(e => e!["targetRef"]!["name"]!.ToString() == "a")!.AsObject();
            Assert.That(first["nodeName"]!.ToString(), Is.EqualTo("n1"));
            Assert.That(first["zone"]!.ToString(), Is.EqualTo("z1"));
            Assert.That(first["conditions"]!.ToJsonString(), Is.EqualTo("""{"ready":true,"serving":true,"terminating":false}"""));
        }
    }

    [Test]
    public async Task Endpoints_say_the_same()
    {
        await MakeNamespaceAsync("legacy");
        await MakeServiceAsync("legacy", "web", "'clusterIP':'None'");
        await MakePodAsync("legacy", "a", "web");
        await MakePodAsync("legacy", "b", "web", isReady: false);
        var found = await _bench.WaitAsync(
            Resources.Endpoints, "legacy", all => all is [{ Subsets: [{ Addresses.Length: 1, NotReadyAddresses.Length: 1 }] }]);
        Assert.That(
            found[0].Metadata.Labels.Keys,
            Is.EquivalentTo(["team", "service.kubernetes.io/headless", "endpoints.kubernetes.io/managed-by"]));
        Assert.That(found[0].Subsets[0].Addresses[0].TargetRef!.Name, Is.EqualTo("a"));
        Assert.That(found[0].Subsets[0].Ports[0].Port, Is.EqualTo(8080));

        await _bench.Client.DeleteAsync(Resources.Services, "legacy", "web", null, CancellationToken.None);
        await _bench.WaitAsync(Resources.Endpoints, "legacy", all => all.Count == 0);
    }

    [Test]
    public async Task Pods_come_and_go()
    {
        await MakeNamespaceAsync("moves");
        await MakeServiceAsync("moves", "web", "'type':'ClusterIP'");
        await WaitForEndpointsAsync("moves", "");
        await MakePodAsync("moves", "a", "web");
        await MakePodAsync("moves", "b", "web");
        await WaitForEndpointsAsync("moves", "a b");

        await _bench.PatchAsync(Resources.Pods, "moves", "a", "{'metadata':{'labels':{'app':'other'}}}");
        await WaitForEndpointsAsync("moves", "b");
        await _bench.PatchAsync(Resources.Pods, "moves", "a", "{'metadata':{'labels':{'app':'web'}}}");
        await WaitForEndpointsAsync("moves", "a b");

        await _bench.PatchAsync(Resources.Pods, "moves", "b", "{'status':{'conditions':[{'type':'Ready','status':'False'}]}}", "status");
        await WaitForEndpointsAsync("moves", "a b-");
        await _bench.PatchAsync(Resources.Pods, "moves", "b", "{'status':{'phase':'Succeeded'}}", "status");
        await WaitForEndpointsAsync("moves", "a");

        await _bench.Client.DeleteAsync(Resources.Pods, "moves", "a", new DeleteOptions { GracePeriodSeconds = 0 }, CancellationToken.None);
        await WaitForEndpointsAsync("moves", "");
    }

    [Test]
    public async Task A_pod_that_ends_serves_until_it_has_ended()
    {
        await MakeNamespaceAsync("ending");
        await _bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n2'}}");
        await MakeServiceAsync("ending", "web", "'type':'ClusterIP'");
        await MakePodAsync("ending", "a", "web", node: "n2");
        await WaitForEndpointsAsync("ending", "a");
        await _bench.Client.DeleteAsync(Resources.Pods, "ending", "a", new DeleteOptions { GracePeriodSeconds = 30 }, CancellationToken.None);
        var slice = (await WaitForEndpointsAsync("ending", "a-"))[0];
        Assert.That(slice.Endpoints[0].Conditions.Serving, Is.True);
        Assert.That(slice.Endpoints[0].Conditions.Terminating, Is.True);
        await _bench.WaitAsync(Resources.Endpoints, "ending", all => all is [{ Subsets.Length: 0 }]);
    }

    [Test]
    public async Task A_pod_on_a_node_that_is_not_known_waits_for_it()
    {
        await MakeNamespaceAsync("nodes");
        await MakeServiceAsync("nodes", "web", "'type':'ClusterIP'");
        await MakePodAsync("nodes", "a", "web", node: "n3");
        await MakePodAsync("nodes", "b", "web");
        await WaitForEndpointsAsync("nodes", "b");
        await _bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n3'}}");
        await WaitForEndpointsAsync("nodes", "a b");
    }

    [Test]
    public async Task A_service_that_changes_is_told_of_anew()
    {
        await MakeNamespaceAsync("changes");
        await MakeServiceAsync("changes", "web", "'type':'ClusterIP'");
        await MakePodAsync("changes", "a", "web");
        await MakePodAsync("changes", "b", "db");
        await WaitForEndpointsAsync("changes", "a");
        await _bench.PatchAsync(
            Resources.Services,
            "changes",
            "web",
            "{'metadata':{'labels':{'team':null,'tier':'1'}},'spec':{'selector':{'app':'db'},'ports':[{'port':80,'targetPort':9090,'name':'p'}]}}");
        await _bench.WaitAsync(
            Resources.EndpointSlices,
            "changes",
            slices => slices is [{ Ports: [{ Port: 9090, Name: "p" }] } slice] && Said(slices) == "b"
                && slice.Metadata.Labels.ContainsKey("tier") && !slice.Metadata.Labels.ContainsKey("team"));
    }

    [Test]
    public async Task Many_pods_fill_slices_and_a_change_is_one()
    {
        await MakeNamespaceAsync("large");
        await MakeServiceAsync("large", "web", "'type':'ClusterIP'");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            for (var i = worker; i < 400; i += 8)
            {
                await MakePodAsync("large", $"p{i:000}", "web");
            }
        }));
        var before = await _bench.WaitAsync(
            Resources.EndpointSlices, "large", all => all.Sum(slice => slice.Endpoints.Length) == 400, slice => $"{slice.Endpoints.Length}");
        Assert.That(before.SelectMany(slice => slice.Endpoints).Select(e => e.TargetRef!.Name).Distinct().Count(), Is.EqualTo(400));
        Assert.That(before, Has.All.Matches<EndpointSlice>(slice => slice!.Endpoints.Length <= 100));

        await _bench.PatchAsync(Resources.Pods, "large", "p200", "{'status':{'conditions':[{'type':'Ready','status':'False'}]}}", "status");
        var after = await _bench.WaitAsync(
            Resources.EndpointSlices, "large", all => all.SelectMany(s => s.Endpoints).Any(e => e.Conditions.Ready == false));
        var changed = after.Where(slice => !before.Any(b => b.Metadata.ResourceVersion == slice.Metadata.ResourceVersion)).ToList();
        Assert.That(changed, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Endpoints_written_by_hand_are_mirrored()
    {
        await MakeNamespaceAsync("mirror");
        await _bench.CreateAsync(Resources.Services, "mirror", "{'metadata':{'name':'db'},'spec':{'ports':[{'port':5432}]}}");
        await _bench.CreateAsync(Resources.Endpoints, "mirror", """
            {'metadata':{'name':'db','labels':{'team':'x'},'annotations':{'note':'1'}},'subsets':[{'addresses':[{'ip':'192.0.2.1'}],
            'notReadyAddresses':[{'ip':'192.0.2.2'}],'ports':[{'port':5432}]},{'addresses':[{'ip':'2001:db8::1'}],'ports':[{'port':5432}]}]}
            """);
        var slices = await _bench.WaitAsync(Resources.EndpointSlices, "mirror", all => all.Count == 2);
        var four = slices.Single(slice => slice.AddressType == "IPv4");
        Assert.That(four.Endpoints.Select(e => (e.Addresses[0], e.Conditions.Ready, e.Conditions.Serving)), Is.EqualTo(
            new (string, bool?, bool?)[] { ("192.0.2.1", true, null), ("192.0.2.2", false, null) }));
        Assert.That(four.Metadata.Labels["endpointslice.kubernetes.io/managed-by"], Is.EqualTo("endpointslicemirroring-controller.k8s.io"));
        Assert.That(four.Metadata.Labels["team"], Is.EqualTo("x"));
        Assert.That(four.Metadata.Annotations, Is.EqualTo(new Dictionary<string, string> { ["note"] = "1" }));
        Assert.That(slices.Single(slice => slice.AddressType == "IPv6").Endpoints[0].Addresses, Is.EqualTo(["2001:db8::1"]));

        await _bench.PatchAsync(Resources.Endpoints, "mirror", "db", "{'subsets':[{'addresses':[{'ip':'192.0.2.3'}],'ports':[{'port':5432}]}]}");
        await _bench.WaitAsync(Resources.EndpointSlices, "mirror", all => all is [{ Endpoints: [{ Addresses: ["192.0.2.3"] }] }]);
        await _bench.PatchAsync(Resources.Endpoints, "mirror", "db", "{'metadata':{'labels':{'endpointslice.kubernetes.io/skip-mirror':'true'}}}");
        await _bench.WaitAsync(Resources.EndpointSlices, "mirror", all => all.Count == 0);
    }

    private static string Said(IReadOnlyList<EndpointSlice> slices) => string.Join(' ', slices
        .SelectMany(slice => slice.Endpoints)
        .Select(endpoint => endpoint.TargetRef!.Name + (endpoint.Conditions.Ready == true ? "" : "-"))
        .Order(StringComparer.Ordinal));

    private Task<IReadOnlyList<EndpointSlice>> WaitForEndpointsAsync(string ns, string expected) => _bench.WaitAsync(
        Resources.EndpointSlices, ns, slices => slices.Count == 1 && Said(slices) == expected, slice => Said([slice]));

    private async Task MakeNamespaceAsync(string name) => await _bench.Client.SendAsync(
        HttpMethod.Post, "/api/v1/namespaces", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, null, CancellationToken.None);

    private Task<Service> MakeServiceAsync(string ns, string name, string spec) => _bench.CreateAsync(
        Resources.Services,
        ns,
        $"{{'metadata':{{'name':'{name}','labels':{{'team':'x'}}}},"
        + $"'spec':{{'selector':{{'app':'{name}'}},'ports':[{{'port':80,'targetPort':8080}}],{spec}}}}}");

    private async Task MakePodAsync(string ns, string name, string app, bool isReady = true, string node = "")
    {
        var at = Interlocked.Increment(ref _address);
        var place = node.Length == 0 ? "" : $"'nodeName':'{node}',";
        await _bench.CreateAsync(
            Resources.Pods,
            ns,
            $"{{'metadata':{{'name':'{name}','labels':{{'app':'{app}'}}}},'spec':{{{place}'containers':[{{'name':'c','image':'i'}}]}}}}");
        await _bench.PatchAsync(
            Resources.Pods,
            ns,
            name,
            $"{{'status':{{'phase':'Running','podIP':'10.1.{at / 250}.{at % 250}','podIPs':[{{'ip':'10.1.{at / 250}.{at % 250}'}}],"
            + $"'conditions':[{{'type':'Ready','status':'{isReady}','lastTransitionTime':'2026-01-01T00:00:00Z'}}]}}}}",
            "status");
    }
}
