using System.Collections.Concurrent;
using System.Net;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Ingress;
using Etcdish.Network.Tests.Ingress.Rolling;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Network.Tests.Ingress;

/// <summary>Where requests lead as services and slices change, by the API. Endpoint 10.x.y.z is at 127.x.y.z.</summary>
public sealed class EndpointSliceRoutingTests
{
    private const int Port = 8080;
    private const int OtherPort = 8090;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private readonly ConcurrentBag<string> _dialled = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly List<TestBackend> _backends = [];
    private ControlBench _bench = null!;
    private IngressController _ingress = null!;
    private HttpClient _client = null!;
    private Task _running = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        foreach (var (host, port, name) in ((byte, int, string)[])[(1, Port, "a"), (2, OtherPort, "b"), (1, OtherPort, "admin")])
        {
            _backends.Add(await TestBackend.StartAsync(
                context => context.Response.WriteAsync(name), address: new IPEndPoint(new IPAddress([127, 78, 0, host]), port)));
        }

        _bench = await ControlBench.StartAsync();
        _ingress = new IngressController(_bench.Context, new IngressOptions
        {
            HttpPort = 0,
            HttpsPort = 0,
            BindAddress = IPAddress.Loopback,
            Dial = (endpoint, cancellation) =>
            {
                _dialled.Add(endpoint.Host);
                return RollingKubelet.DialAsync(endpoint, cancellation);
            },
        });
        _running = _ingress.RunAsync(_stop.Token);
        await _ingress.Ready;
        _client = new HttpClient();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client.Dispose();
        await _ingress.DisposeAsync();
        await _bench.DisposeAsync();
        foreach (var backend in _backends)
        {
            await backend.DisposeAsync();
        }

        _stop.Dispose();
    }

    [Test]
    public async Task RequestsFollowTheConditionsOfAllSlices()
    {
        await _bench.CreateAsync(Resources.Ingresses, "default", Rule("web", "http", "web"));
        await UntilAsync("web", all => all is ["503"]);
        await CreateServiceAsync("web", "'IPv4'");
        await UntilAsync("web", all => all is ["503"]);
        await CreateSliceAsync("web-1", "web", "IPv4", $"{{'name':'http','port':{Port}}}", "10.78.0.1");
        await UntilAsync("web", all => all is ["a"]);
        await CreateSliceAsync("web-2", "web", "IPv4", $"{{'name':'http','port':{OtherPort}}}", "10.78.0.2");
        await UntilAsync("web", all => all is ["a", "b"]);

        await SetConditionsAsync("web-1", "10.78.0.1", "'ready':false,'serving':true,'terminating':true");
        await UntilAsync("web", all => all is ["b"]);
        await SetConditionsAsync("web-2", "10.78.0.2", "'ready':false,'serving':false,'terminating':false");
        await UntilAsync("web", all => all is ["a"]);
        await SetConditionsAsync("web-1", "10.78.0.1", "'ready':false,'serving':false,'terminating':true");
        await UntilAsync("web", all => all is ["503"]);
        await SetConditionsAsync("web-2", "10.78.0.2", "'ready':true,'serving':true,'terminating':false");
        await UntilAsync("web", all => all is ["b"]);

        await _bench.Client.DeleteAsync(Resources.Services, "default", "web", new(), CancellationToken.None);
        await UntilAsync("web", all => all is ["503"]);
        await _bench.Client.DeleteAsync(Resources.Ingresses, "default", "web", new(), CancellationToken.None);
        await UntilAsync("web", all => all is ["404"]);
    }

    [Test]
    public async Task APortHasTheNumberThatItsSliceSays()
    {
        await CreateServiceAsync("ports", "'IPv4'");
        await CreateSliceAsync(
            "ports-1", "ports", "IPv4", $"{{'name':'http','port':{Port}}},{{'name':'admin','port':{OtherPort}}}", "10.78.0.1");
        await CreateSliceAsync("ports-2", "ports", "IPv4", $"{{'name':'http','port':{OtherPort}}}", "10.78.0.2");
        await _bench.CreateAsync(Resources.Ingresses, "default", Rule("ports", "http", "ports"));
        await _bench.CreateAsync(Resources.Ingresses, "default", Rule("ports", "admin", "admin"));
        await _bench.CreateAsync(Resources.Ingresses, "default", Rule("ports", "none", "none"));
        await UntilAsync("ports", all => all is ["a", "b"]);
        await UntilAsync("admin", all => all is ["admin"]);
        await UntilAsync("none", all => all is ["503"]);
    }

    [Test]
    public async Task APodWithTwoAddressesIsAskedByTheServicesFirstFamily()
    {
        await CreateServiceAsync("dual", "'IPv4'");
        await CreateSliceAsync("dual-6", "dual", "IPv6", $"{{'name':'http','port':{Port}}}", "fd00::1");
        await CreateSliceAsync("dual-4", "dual", "IPv4", $"{{'name':'http','port':{Port}}}", "10.78.0.1");
        await _bench.CreateAsync(Resources.Ingresses, "default", Rule("dual", "http", "dual"));
        await UntilAsync("dual", all => all is ["a"]);
        _dialled.Clear();
        for (var i = 0; i < 20; i++)
        {
            Assert.That(await AskAsync("dual"), Is.EqualTo("a"));
        }

        Assert.That(_dialled, Has.None.EqualTo("fd00::1"));
    }

    private static string Rule(string service, string port, string name) =>
        $"{{'metadata':{{'name':'{name}'}},'spec':{{'rules':[{{'host':'{name}.example',"
        + "'http':{'paths':[{'path':'/','pathType':'Prefix','backend':{'service':"
        + $"{{'name':'{service}','port':{{'name':'{port}'}}}}}}}}]}}}}]}}}}";

    private Task<Service> CreateServiceAsync(string name, string families) => _bench.CreateAsync(
        Resources.Services,
        "default",
        $"{{'metadata':{{'name':'{name}'}},'spec':{{'ipFamilies':[{families}],"
        + "'ports':[{'name':'http','port':80},{'name':'admin','port':81}]}}");

    private Task<EndpointSlice> CreateSliceAsync(string name, string service, string family, string ports, string address) =>
        _bench.CreateAsync(
        Resources.EndpointSlices,
        "default",
        $"{{'metadata':{{'name':'{name}','labels':{{'kubernetes.io/service-name':'{service}'}}}},'addressType':'{family}',"
        + $"'ports':[{ports}],'endpoints':[{{'addresses':['{address}'],'conditions':{{'ready':true}}}}]}}");

    private Task<EndpointSlice> SetConditionsAsync(string slice, string address, string conditions) => _bench.PatchAsync(
        Resources.EndpointSlices, "default", slice, $"{{'endpoints':[{{'addresses':['{address}'],'conditions':{{{conditions}}}}}]}}");

    /// <summary>Asks until a round of requests gets exactly these answers.</summary>
    private async Task UntilAsync(string name, Func<string[], bool> isIt)
    {
        const int round = 24;
        using var patience = new CancellationTokenSource(_patience);
        string[] answers;
        do
        {
            patience.Token.ThrowIfCancellationRequested();
            SortedSet<string> got = [];
            for (var i = 0; i < round; i++)
            {
                got.Add(await AskAsync(name));
            }

            answers = [.. got];
        }
        while (!isIt(answers));
    }

    private async Task<string> AskAsync(string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{_ingress.HttpEndPoint}/");
        request.Headers.Host = $"{name}.example";
        using var response = await _client.SendAsync(request);
        return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : $"{(int)response.StatusCode}";
    }
}
