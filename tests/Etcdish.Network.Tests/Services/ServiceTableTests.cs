using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Services;

namespace Etcdish.Network.Tests.Services;

/// <summary>The table of routes, on an API server.</summary>
public sealed class ServiceTableTests
{
    private ControlBench _bench = null!;
    private ServiceTable _table = null!;

    [SetUp]
    public async Task Start()
    {
        _bench = await ControlBench.StartAsync();
        _table = new ServiceTable(_bench.Context, "here");
        await _bench.RunAsync();
        await TakeUntilAsync(changes => changes.Exists(change => change.Key.Service == "kubernetes"));
    }

    [TearDown]
    public async Task Stop() => await _bench.DisposeAsync();

    [Test]
    public async Task A_service_its_endpoints_and_its_end_are_changes_of_its_route_only()
    {
        await CreateServiceAsync("web");
        var made = await TakeUntilAsync(changes => changes.Count > 0);
        Assert.That(made.Select(change => (change.Key.ToString(), change.Before is null)), Is.EqualTo([("default/web:http", true)]));

        await CreateSliceAsync("web", "10.0.0.1", "");
        var grown = await TakeUntilAsync(changes => changes.Count > 0);
        Assert.That(grown.Single().Before, Is.EqualTo(made.Single().Now));
        Assert.That(grown.Single().Now!.InternalEndpoints.Single().Port, Is.EqualTo(8080));

        await _bench.Client.DeleteAsync(Resources.Services, "default", "web", null, CancellationToken.None);
        var gone = await TakeUntilAsync(changes => changes.Count > 0);
        Assert.That(gone.Select(change => (change.Key.Service, change.Now)), Is.EqualTo([("web", (ServiceRoute?)null)]));
        Assert.That(_table.Routes.Select(route => route.Key.Service), Is.EqualTo(["kubernetes"]));
    }

    [Test]
    public async Task Slices_that_come_before_their_service_are_found()
    {
        await CreateSliceAsync("early", "10.0.0.1", "");
        await CreateServiceAsync("early");
        var changes = await TakeUntilAsync(changes => changes.Exists(change => change.Now?.InternalEndpoints.Count == 1));
        Assert.That(changes.Select(change => change.Key.Service).Distinct(), Is.EqualTo(["early"]));
    }

    [Test]
    public async Task A_change_that_concerns_no_route_is_none()
    {
        await CreateServiceAsync("web");
        await TakeUntilAsync(changes => changes.Count > 0);
        await _bench.PatchAsync(Resources.Services, "default", "web", "{'metadata':{'labels':{'a':'b'}}}");
        await CreateServiceAsync("next");
        var changes = await TakeUntilAsync(changes => changes.Count > 0);
        Assert.That(changes.Select(change => change.Key.Service), Is.EqualTo(["next"]));
    }

    [Test]
    public async Task The_zone_of_the_node_decides_about_hints()
    {
        await CreateServiceAsync("web");
        await CreateSliceAsync("web", "10.0.0.1", "a");
        await CreateSliceAsync("web", "10.0.0.2", "b");
        await TakeUntilAsync(changes => changes.Exists(change => change.Now?.InternalEndpoints.Count == 2));
        await _bench.CreateAsync(
            Resources.Nodes, "", "{'metadata':{'name':'here','labels':{'topology.kubernetes.io/zone':'b'}}}");
        var changes = await TakeUntilAsync(changes => changes.Count > 0);
        Assert.That(changes.Single().Now!.InternalEndpoints.Single().Address.ToString(), Is.EqualTo("10.0.0.2"));
    }

    private Task<Service> CreateServiceAsync(string name) => _bench.CreateAsync(
        Resources.Services, "default", $$$"""{'metadata':{'name':'{{{name}}}'},'spec':{'ports':[{'name':'http','port':80}]}}""");

    private Task<EndpointSlice> CreateSliceAsync(string service, string address, string zone)
    {
        var hints = zone.Length > 0 ? $",'hints':{{'forZones':[{{'name':'{zone}'}}]}}" : "";
        return _bench.CreateAsync(
            Resources.EndpointSlices,
            "default",
            $$$"""
            {'metadata':{'name':'{{{service}}}-{{{address}}}','labels':{'kubernetes.io/service-name':'{{{service}}}'}},'addressType':'IPv4',
             'ports':[{'name':'http','port':8080,'protocol':'TCP'}],
             'endpoints':[{'addresses':['{{{address}}}'],'conditions':{'ready':true}{{{hints}}} }]}
            """);
    }

    private async Task<List<RouteChange>> TakeUntilAsync(Predicate<List<RouteChange>> isEnough)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        List<RouteChange> changes = [];
        while (!isEnough(changes))
        {
            await _table.WaitAsync(patience.Token);
            changes.AddRange(_table.TakeChanges());
        }

        return changes;
    }
}
