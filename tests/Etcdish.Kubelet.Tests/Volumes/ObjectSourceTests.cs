using System.Collections.Concurrent;
using Etcdish.ClusterBench;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Tests.Volumes;

public sealed class ObjectSourceTests
{
    private const int Patience = 20_000;
    private ControlBench _api = null!;
    private CountingHandler _requests = null!;
    private KubernetesClient _client = null!;
    private ObjectSource _objects = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _api = await ControlBench.StartAsync();
        _client = _api.Connect(inner => _requests = new CountingHandler(inner));
        _objects = new ObjectSource(_client, TimeProvider.System, TestContext.Out.WriteLine);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _objects.DisposeAsync();
        _client.Dispose();
        await _api.DisposeAsync();
    }

    [Test]
    public async Task Many_pods_share_one_watch_which_ends_with_the_last()
    {
        await CreateAsync("m", "1");
        for (var i = 0; i < 20; i++)
        {
            _objects.Register(PodOf(i));
        }

        for (var i = 0; i < 20; i++)
        {
            Assert.That((await FindAsync("m"))!["data"]!["a"]!.GetValue<string>(), Is.EqualTo("1"));
        }

        Assert.That(_requests.All, Is.EqualTo(["/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Dm"]));
        for (var i = 0; i < 20; i++)
        {
            Assert.That(_objects.WatchCount, Is.EqualTo(1));
            _objects.Unregister($"uid-p{i}");
        }

        Assert.That(_objects.WatchCount, Is.Zero);
        Assert.That(() => _requests.Open, Is.Zero.After(Patience, 5));
    }

    [Test]
    public async Task Who_uses_an_object_hears_of_its_changes_and_nobody_else()
    {
        var touched = new ConcurrentQueue<string>();
        _objects.Register(PodOf(1));
        _objects.Register(VolumePods.With("other", "{'name':'v','configMap':{'name':'x'}}"));
        Assert.That(await FindAsync("m"), Is.Null);
        _objects.PodTouched += touched.Enqueue;
        await CreateAsync("m", "1");
        await CreateAsync("unused", "1");
        Assert.That(() => touched.ToArray(), Is.EqualTo(["uid-p1"]).After(Patience, 5));
        await SetAsync("m", "2");
        Assert.That(() => touched.ToArray(), Is.EqualTo(["uid-p1", "uid-p1"]).After(Patience, 5));
        Assert.That((await FindAsync("m"))!["data"]!["a"]!.GetValue<string>(), Is.EqualTo("2"));
        await _client.DeleteAsync(Resources.ConfigMaps, "default", "m", null, CancellationToken.None);
        Assert.That(() => touched.Count, Is.EqualTo(3).After(Patience, 5));
        Assert.That(await FindAsync("m"), Is.Null);
    }

    [Test]
    public async Task What_never_changes_is_not_watched()
    {
        await _api.CreateAsync(Resources.ConfigMaps, "default", "{'metadata':{'name':'m'},'data':{'a':'1'},'immutable':true}");
        _objects.Register(PodOf(1));
        Assert.That(await FindAsync("m"), Is.Not.Null);
        Assert.That(() => _requests.Open, Is.Zero.After(Patience, 5));
        _objects.Register(PodOf(2));
        Assert.That(await FindAsync("m"), Is.Not.Null);
        Assert.That(_requests.All, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task What_no_pod_uses_is_asked_for()
    {
        await CreateAsync("m", "1");
        Assert.That((await FindAsync("m"))!["data"]!["a"]!.GetValue<string>(), Is.EqualTo("1"));
        Assert.That(await FindAsync("none"), Is.Null);
        Assert.That(_requests.All, Is.EqualTo(["/api/v1/namespaces/default/configmaps/m", "/api/v1/namespaces/default/configmaps/none"]));
    }

    [Test]
    public async Task Services_of_a_namespace_and_the_API_are_listed()
    {
        using var stop = new CancellationTokenSource();
        var running = _objects.RunAsync(stop.Token);
        await _api.Client.SendAsync(
            HttpMethod.Post,
            "/api/v1/namespaces",
            System.Text.Json.Nodes.JsonNode.Parse("""{"metadata":{"name":"x"}}"""),
            null,
            CancellationToken.None);
        await _api.CreateAsync(Resources.Services, "x", "{'metadata':{'name':'web'},'spec':{'ports':[{'port':80}]}}");
        await _api.CreateAsync(Resources.Services, "default", "{'metadata':{'name':'other'},'spec':{'ports':[{'port':80}]}}");
        await _objects.ServicesSynced.WaitAsync(TimeSpan.FromMilliseconds(Patience));
        Assert.That(() => NamesIn("x"), Does.Contain("web").And.Not.Contain("other").After(Patience, 5));
        await stop.CancelAsync();
        await running;
    }

    private IEnumerable<string> NamesIn(string ns) =>
        _objects.ListServices(ns).Select(service => service["metadata"]!["name"]!.GetValue<string>());

    private Task<System.Text.Json.Nodes.JsonObject?> FindAsync(string name) =>
        _objects.FindConfigMapAsync("default", name, CancellationToken.None);

    private Task<ConfigMap> CreateAsync(string name, string value) =>
        _api.CreateAsync(Resources.ConfigMaps, "default", $$$"""{'metadata':{'name':'{{{name}}}'},'data':{'a':'{{{value}}}'}}""");

    private Task<ConfigMap> SetAsync(string name, string value) =>
        _api.PatchAsync(Resources.ConfigMaps, "default", name, $$$"""{'data':{'a':'{{{value}}}'}}""");

    private static Kinds.PodManifest PodOf(int number) => VolumePods.With($"p{number}", "{'name':'v','configMap':{'name':'m'}}");

    /// <summary>Notes what is asked for, and how many watches are open.</summary>
    private sealed class CountingHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private int _open;

        public ConcurrentQueue<string> All { get; } = [];

        public int Open => Volatile.Read(ref _open);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var query = request.RequestUri!.Query;
            var selector = query.Split('&', '?').FirstOrDefault(part => part.StartsWith("fieldSelector", StringComparison.Ordinal));
            All.Enqueue(request.RequestUri.AbsolutePath + (selector is null ? "" : "?" + selector));
            if (query.Contains("watch=true"))
            {
                Interlocked.Increment(ref _open);
                cancellationToken.Register(() => Interlocked.Decrement(ref _open));
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
