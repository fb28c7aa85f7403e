using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.LoadBalancers;

namespace Etcdish.Network.Tests.LoadBalancers;

/// <summary>Services of type LoadBalancer on a real API server.</summary>
public sealed class LoadBalancerControllerTests
{
    private ControlBench _bench = null!;

    [SetUp]
    public async Task Start() => _bench = await ControlBench.StartAsync();

    [TearDown]
    public async Task Stop() => await _bench.DisposeAsync();

    [Test]
    public async Task Addresses_come_from_the_pool_and_go_back_there()
    {
        await RunAsync("192.0.2.1-192.0.2.2");
        await CreateAsync("a");
        await WaitAsync("a 192.0.2.1");
        await CreateAsync("b");
        await WaitAsync("a 192.0.2.1", "b 192.0.2.2");
        await CreateAsync("c");
        await WaitForEventAsync("c", "SyncLoadBalancerFailed", "Error syncing load balancer: failed to ensure load balancer: no IPv4 address is free");
        await CreateAsync("else", "'loadBalancerClass':'example.com/other',");
        await _bench.Client.DeleteAsync(Resources.Services, "default", "a", null, CancellationToken.None);
        await WaitAsync("b 192.0.2.2", "c 192.0.2.1", "else ");
        await WaitForEventAsync("c", "EnsuredLoadBalancer", "Ensured load balancer");

        await _bench.PatchAsync(Resources.Services, "default", "b", "{'spec':{'type':'ClusterIP'}}");
        await WaitAsync("b ", "c 192.0.2.1", "else ");
        await CreateAsync("d", "'loadBalancerClass':'etcdish.io/pool','loadBalancerIP':'192.0.2.2',");
        await WaitAsync("b ", "c 192.0.2.1", "d 192.0.2.2", "else ");
        Assert.That(_bench.Warnings, Is.Empty);
    }

    [Test]
    public async Task What_a_status_shows_at_the_start_stays()
    {
        string[] names = ["a", "b", "c", "d"];
        foreach (var name in names)
        {
            await CreateAsync(name);
        }

        await ShowAsync("b", "192.0.2.1");
        await ShowAsync("c", "192.0.2.1");
        await ShowAsync("d", "192.0.2.0");
        await RunAsync("192.0.2.0/30");
        await _bench.WaitAsync(Resources.Services, "default", HaveTheirs, Said);
        await ShowAsync("b", "192.0.2.3");
        await _bench.WaitAsync(Resources.Services, "default", HaveTheirs, Said);

        // Who showed nothing, or what another one has, gets what is left.
        static bool HaveTheirs(IReadOnlyList<Service> all)
        {
            var said = all.Select(Said).ToList();
            return said.Contains("b 192.0.2.1") && said.Contains("d 192.0.2.0")
                && ((said.Contains("a 192.0.2.2") && said.Contains("c 192.0.2.3"))
                    || (said.Contains("a 192.0.2.3") && said.Contains("c 192.0.2.2")));
        }
    }

    [Test]
    public async Task Without_a_pool_services_share_the_addresses_of_nodes_that_are_ready()
    {
        await NodeAsync("n1", "10.0.0.1", "False");
        await RunAsync();
        await CreateAsync("a");
        await WaitAsync("a 10.0.0.1");
        await CreateAsync("b");
        await WaitForEventAsync(
            "b",
            "SyncLoadBalancerFailed",
            "Error syncing load balancer: failed to ensure load balancer: port 80/TCP of the nodes is service default/a's");
        await NodeAsync("n2", "10.0.0.2", "True");
        await WaitAsync("a 10.0.0.2", "b ");
        await _bench.Client.DeleteAsync(Resources.Services, "default", "a", null, CancellationToken.None);
        await WaitAsync("b 10.0.0.2");
    }

    [Test]
    public void A_pool_that_is_none_is_refused() => Assert.That(
        () => new LoadBalancerController(_bench.Context, new LoadBalancerOptions { Pools = ["lan"] }),
        Throws.InstanceOf<FormatException>().With.Message.Contains("'lan'"));

    [Test]
    public async Task Addresses_are_put_on_the_node_and_taken_off()
    {
        using var place = TestNamespace.Create();
        await place.Ip.RunAsync(["addr", "add", "192.0.2.9/32", "dev", "lo"], CancellationToken.None);
        await place.Ip.RunAsync(["addr", "add", "198.51.100.1/32", "dev", "lo"], CancellationToken.None);
        var announcer = new AddressAnnouncer(_bench.Context, new AddressAnnouncerOptions { Pools = ["192.0.2.0/28"] }, place.Ip);
        using var stop = new CancellationTokenSource();
        await RunAsync("192.0.2.0/28");
        await CreateAsync("a");
        await WaitAsync("a 192.0.2.0");
        var running = announcer.RunAsync(stop.Token);
        await WaitForAddressesAsync(place, announcer, "127.0.0.1 198.51.100.1 192.0.2.0");
        await CreateAsync("b");
        await WaitForAddressesAsync(place, announcer, "127.0.0.1 198.51.100.1 192.0.2.0 192.0.2.1");
        await _bench.Client.DeleteAsync(Resources.Services, "default", "a", null, CancellationToken.None);
        await WaitForAddressesAsync(place, announcer, "127.0.0.1 198.51.100.1 192.0.2.1");
        await stop.CancelAsync();
        await running;
        Assert.That(await AddressesOfAsync(place), Is.EqualTo("127.0.0.1 198.51.100.1"));
        Assert.That(_bench.Warnings, Is.Empty);
        announcer.Dispose();
    }

    [Test]
    public async Task Of_several_nodes_one_that_is_ready_has_each_address_and_by_policy_Local_one_with_an_endpoint()
    {
        using var first = TestNamespace.Create();
        using var second = TestNamespace.Create();
        await NodeAsync("n1", "10.0.0.1", "True");
        await NodeAsync("n2", "10.0.0.2", "True");
        await NodeAsync("n3", "10.0.0.3", "True");
        foreach (var node in (string[])["n1", "n2"])
        {
            await _bench.PatchAsync(Resources.Nodes, "", node, "{'metadata':{'annotations':{'etcdish.io/cluster-dns':'10.0.0.1:53'}}}");
        }

        using var one = Announcer("n1", first);
        using var two = Announcer("n2", second);
        using var stop = new CancellationTokenSource();
        await RunAsync("192.0.2.0/28");
        Task[] running = [one.RunAsync(stop.Token), two.RunAsync(stop.Token)];
        await CreateAsync("local", "'externalTrafficPolicy':'Local',");
        await WaitAsync("local 192.0.2.0");
        await _bench.CreateAsync(
            Resources.EndpointSlices, "default",
            "{'metadata':{'name':'e','labels':{'kubernetes.io/service-name':'local'}},'addressType':'IPv4','ports':[],"
            + "'endpoints':[{'addresses':['10.244.1.1'],'nodeName':'n1'},{'addresses':['10.244.2.1'],'nodeName':'n2','conditions':{'ready':false}}]}");
        await WaitForAddressesAsync(first, one, "127.0.0.1 192.0.2.0");
        await _bench.PatchAsync(
            Resources.EndpointSlices, "default", "e", "{'endpoints':[{'addresses':['10.244.2.1'],'nodeName':'n2'}]}");
        await WaitForAddressesAsync(second, two, "127.0.0.1 192.0.2.0");
        await WaitForAddressesAsync(first, one, "127.0.0.1");

        // By policy Cluster whoever is left has all.
        await _bench.PatchAsync(Resources.Services, "default", "local", "{'spec':{'externalTrafficPolicy':'Cluster'}}");
        await _bench.PatchAsync(Resources.Nodes, "", "n2", "{'status':{'conditions':[{'type':'Ready','status':'Unknown'}]}}", "status");
        await WaitForAddressesAsync(first, one, "127.0.0.1 192.0.2.0");
        await WaitForAddressesAsync(second, two, "127.0.0.1");
        await stop.CancelAsync();
        await Task.WhenAll(running);

        AddressAnnouncer Announcer(string node, TestNamespace place) => new(
            _bench.Context, new AddressAnnouncerOptions { NodeName = node, Pools = ["192.0.2.0/28"] }, place.Ip);
    }

    private static async Task WaitForAddressesAsync(TestNamespace place, AddressAnnouncer announcer, string expected)
    {
        var changes = System.Threading.Channels.Channel.CreateUnbounded<bool>();
        void Note() => changes.Writer.TryWrite(true);
        announcer.Changed += Note;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await AddressesOfAsync(place) != expected)
        {
            await changes.Reader.ReadAsync(patience.Token);
        }

        announcer.Changed -= Note;
    }

    private static async Task<string> AddressesOfAsync(TestNamespace place)
    {
        var text = await place.Ip.RunAsync(["-o", "-4", "addr", "show", "dev", "lo"], CancellationToken.None);
        return string.Join(' ', text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3].Split('/')[0]));
    }

    private async Task RunAsync(params string[] pools)
    {
        _bench.Add(new LoadBalancerController(_bench.Context, new LoadBalancerOptions { Pools = pools }), 1);
        await _bench.RunAsync();
    }

    private async Task CreateAsync(string name, string more = "") => await _bench.CreateAsync(
        Resources.Services,
        "default",
        $"{{'metadata':{{'name':'{name}'}},'spec':{{'type':'LoadBalancer',{more}'ports':[{{'port':80}}]}}}}");

    private async Task ShowAsync(string name, string address) => await _bench.PatchAsync(
        Resources.Services, "default", name, $"{{'status':{{'loadBalancer':{{'ingress':[{{'ip':'{address}'}}]}}}}}}", "status");

    private async Task NodeAsync(string name, string address, string ready)
    {
        await _bench.CreateAsync(Resources.Nodes, "", $"{{'metadata':{{'name':'{name}'}}}}");
        await _bench.PatchAsync(
            Resources.Nodes,
            "",
            name,
            $"{{'status':{{'addresses':[{{'type':'InternalIP','address':'{address}'}}],'conditions':[{{'type':'Ready','status':'{ready}'}}]}}}}",
            "status");
    }

    private async Task WaitAsync(params string[] expected) => await _bench.WaitAsync(
        Resources.Services,
        "default",
        all => all.Where(service => service.Metadata.Name != "kubernetes").Select(Said).Order(StringComparer.Ordinal).SequenceEqual(expected),
        Said);

    private static string Said(Service service) =>
        $"{service.Metadata.Name} {string.Join(' ', service.Status.LoadBalancer.Ingress.Select(ingress => ingress.Ip))}";

    /// <summary>Waits for an event of a service; the controller has recorded it, the recorder writes it in its own time.</summary>
    private async Task WaitForEventAsync(string service, string reason, string message)
    {
        var path = Resources.Events.Path("default") + $"?fieldSelector=involvedObject.name%3D{service}%2Creason%3D{reason}";
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var response = await _bench.Client.OpenAsync(path + "&watch=true", null, patience.Token);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(patience.Token));
        while (await lines.ReadLineAsync(patience.Token) is { } line)
        {
            var text = System.Text.Json.Nodes.JsonNode.Parse(line)!["object"]!["message"]?.GetValue<string>();
            if (text is not null)
            {
                Assert.That(text, Is.EqualTo(message));
                return;
            }
        }

        Assert.Fail($"no {reason} of {service}");
    }
}
