using Etcdish.ApiServer.Metrics;
using Etcdish.ApiServer.Tests.Streaming;

namespace Etcdish.ApiServer.Tests.Metrics;

/// <summary>metrics.k8s.io, with one kubelet that answers and one that does not.</summary>
public class MetricsApiTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Root = "/apis/metrics.k8s.io/v1beta1";
    private const string Pods = Root + "/namespaces/default/pods";
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io";

    private FakeKubelet _kubelet = null!;
    private KubeletText _text = null!;

    [SetUp]
    public async Task AddNodes()
    {
        _text = new KubeletText()
            .Add("default", "web", "main", 0.25, 3 << 20).Add("default", "web", "side", 0.125, 1 << 10)
            .Add("kube-system", "dns", "dns", 0.0000001, 1001);
        _kubelet = await FakeKubelet.StartAsync(null);
        _kubelet.Metrics = _text.Next;
        await AddNodeAsync("node-1", _kubelet.Port);
        await AddNodeAsync("node-2", 1);
        await AddPodAsync("default", "web", "node-1");
        await AddPodAsync("default", "lost", "node-2");
        await AddPodAsync("default", "waiting", "");
        await AddPodAsync("kube-system", "dns", "node-1");
    }

    [TearDown]
    public async Task StopKubelet() => await _kubelet.DisposeAsync();

    [Test]
    public async Task Nodes_that_answer_are_listed()
    {
        var list = await Cluster.GetAsync(Root + "/nodes");
        var items = list.Body["items"]!.AsArray();
        Assert.That(list["kind"] + list["apiVersion"], Is.EqualTo("NodeMetricsListmetrics.k8s.io/v1beta1"), list.Text);
        Assert.That(items, Has.Count.EqualTo(1));
        items[0]!["metadata"]!.AsObject().Remove("creationTimestamp");
        Assert.That(items[0]!.ToJsonString(), Is.EqualTo(
            Quoted("{'kind':'NodeMetrics','apiVersion':'metrics.k8s.io/v1beta1','metadata':{'name':'node-1','labels':{'on':'node-1'}},"
            + "'timestamp':'2026-01-01T00:00:20Z','window':'10s','usage':{'cpu':'2','memory':'1Gi'}}")));
    }

    [Test]
    public async Task Pods_are_told_by_container()
    {
        var pod = await Cluster.GetAsync(Pods + "/web");
        pod.Body["metadata"]!.AsObject().Remove("creationTimestamp");
        Assert.That(pod.Body.ToJsonString(), Is.EqualTo(
            Quoted("{'kind':'PodMetrics','apiVersion':'metrics.k8s.io/v1beta1','metadata':{'name':'web','namespace':'default','labels':{'app':'web'}},"
            + "'timestamp':'2026-01-01T00:00:20Z','window':'10s','containers':["
            + "{'name':'main','usage':{'cpu':'250m','memory':'3Mi'}},{'name':'side','usage':{'cpu':'125m','memory':'1Ki'}}]}")));
    }

    [TestCase("/pods", "web dns")]
    [TestCase("/namespaces/default/pods", "web")]
    [TestCase("/namespaces/kube-system/pods", "dns")]
    [TestCase("/pods?labelSelector=app%3Ddns", "dns")]
    [TestCase("/pods?fieldSelector=metadata.namespace%3Ddefault", "web")]
    [TestCase("/namespaces/default/pods?labelSelector=app%3Dlost", "")]
    [TestCase("/nodes?labelSelector=on%3Dnode-1", "node-1")]
    [TestCase("/nodes?labelSelector=on%3Dnode-2", "")]
    public async Task They_are_selected_as_what_is_measured(string path, string names)
    {
        var list = await Cluster.GetAsync(Root + path);
        Assert.That(list.Body["items"]!.AsArray().Select(item => $"{item!["metadata"]!["name"]}"), Is.EqualTo(names.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
    }

    [TestCase("/nodes/node-2", "nodemetrics.metrics.k8s.io \"node-2\" not found")]
    [TestCase("/nodes/node-3", "nodes \"node-3\" not found")]
    [TestCase("/namespaces/default/pods/waiting", "podmetrics.metrics.k8s.io \"default/waiting\" not found")]
    [TestCase("/namespaces/default/pods/none", "pods \"none\" not found")]
    public async Task What_is_not_known_is_not_found(string path, string message)
    {
        var answer = await Cluster.GetAsync(Root + path);
        Assert.That((answer.Status, answer["message"]), Is.EqualTo((404, message)));
    }

    [Test]
    public async Task Kubelets_are_asked_once_a_period()
    {
        await Cluster.GetAsync(Pods);
        await Task.WhenAll(Cluster.GetAsync(Pods), Cluster.GetAsync(Root + "/nodes"), Cluster.GetAsync(Root + "/nodes/node-1"));
        Assert.That(_text.Asked, Is.EqualTo(2), "the two samples of the first window");
    }

    [Test]
    public async Task They_are_shown_as_a_table()
    {
        var list = await Cluster.GetAsync(Pods, Table);
        Assert.That(
            list.Body["columnDefinitions"]!.AsArray().Select(column => $"{column!["name"]}"), Is.EqualTo(["Name", "cpu", "memory", "Window"]));
        Assert.That(list.Body["rows"]![0]!["cells"]!.ToJsonString(), Is.EqualTo("""["web","375m","3073Ki","10s"]"""));
        var node = await Cluster.GetAsync(Root + "/nodes/node-1", Table);
        Assert.That(node.Body["rows"]![0]!["cells"]!.ToJsonString(), Is.EqualTo("""["node-1","2","1Gi","10s"]"""));
    }

    [Test]
    public async Task Clients_find_it()
    {
        var group = await Cluster.GetAsync(Root);
        Assert.That(
            group.Body["resources"]!.AsArray().Select(r => $"{r!["name"]} {r["kind"]} {r["namespaced"]} {string.Join(',', r["verbs"]!.AsArray())}"),
            Is.EqualTo(["nodes NodeMetrics false get,list", "pods PodMetrics true get,list"]));
        var paths = (await Cluster.GetAsync("/openapi/v3/apis/metrics.k8s.io/v1beta1")).Body["paths"]!.AsObject();
        Assert.That(paths[Pods.Replace("default", "{namespace}") + "/{name}"]!.AsObject().Select(path => path.Key), Is.EquivalentTo(["parameters", "get"]));
    }

    [TestCase("POST", "/namespaces/default/pods", 405)]
    [TestCase("DELETE", "/nodes/node-1", 405)]
    [TestCase("GET", "/nodes?watch=true", 405)]
    [TestCase("GET", "/pods/web", 404)]
    [TestCase("GET", "/namespaces/default/nodes", 404)]
    [TestCase("GET", "/namespaces/default/pods/web/status", 404)]
    [TestCase("GET", "/pods?labelSelector=%2C%2C", 400)]
    public async Task They_are_only_read(string method, string path, int status) =>
        Assert.That((await Cluster.SendAsync(new HttpMethod(method), Root + path)).Status, Is.EqualTo(status));

    private protected override ApiServerOptions Change(ApiServerOptions options) => options with
    {
        Metrics = new MetricsSettings { FirstWindow = TimeSpan.Zero, Period = TimeSpan.FromHours(1) },
    };

    private async Task AddNodeAsync(string name, int kubeletPort)
    {
        await Cluster.PostAsync("/api/v1/nodes", Quoted($"{{'metadata':{{'name':'{name}','labels':{{'on':'{name}'}}}}}}"));
        await Cluster.PatchAsync($"/api/v1/nodes/{name}/status", Quoted(
            "{'status':{'addresses':[{'type':'InternalIP','address':'127.0.0.1'}],"
            + $"'daemonEndpoints':{{'kubeletEndpoint':{{'Port':{kubeletPort}}}}}}}}}"), "merge");
    }

    private Task<Answer> AddPodAsync(string ns, string name, string node) => Cluster.PostAsync($"/api/v1/namespaces/{ns}/pods", Quoted(
        $"{{'metadata':{{'name':'{name}','labels':{{'app':'{name}'}}}},"
        + $"'spec':{{'nodeName':'{node}','containers':[{{'name':'main','image':'i'}}]}}}}"));

    private static string Quoted(string json) => json.Replace('\'', '"');
}
