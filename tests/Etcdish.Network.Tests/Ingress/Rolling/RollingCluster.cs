using System.Net;
using Etcdish.ClusterBench;
using Etcdish.Controllers;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Ingress;

namespace Etcdish.Network.Tests.Ingress.Rolling;

/// <summary>
/// A cluster whose deployments are rolled under load: API server, all controllers and the ingress controller are the real ones; the kubelet
/// runs pods in this process.
/// </summary>
internal sealed class RollingCluster : IAsyncDisposable
{
    /// <summary>Pods that serve on for a while when they end.</summary>
    public const string Web = "web";

    /// <summary>Pods that end at once.</summary>
    public const string Brisk = "brisk";

    private const int Replicas = 3;
    private readonly ControlBench _bench;
    private readonly ControllerManager _controllers;
    private readonly RollingKubelet _kubelet;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private int _rollouts;

    private RollingCluster(ControlBench bench, PodEnd endOfWeb)
    {
        _bench = bench;
        _controllers = new ControllerManager(bench.Context);
        _kubelet = new RollingKubelet(
            bench.Context, pod => pod.Metadata.Labels.GetValueOrDefault("app") == Brisk ? PodEnd.AtOnce : endOfWeb);
        Ingress = new IngressController(bench.Context, new IngressOptions
        {
            HttpPort = 0,
            HttpsPort = 0,
            BindAddress = IPAddress.Loopback,
            Dial = RollingKubelet.DialAsync,

            // What hangs is a failure, soon.
            IdleTimeout = TimeSpan.FromSeconds(10),
        });
    }

    public IngressController Ingress { get; }

    /// <summary>How many pods have ended.</summary>
    public int EndedPods => _kubelet.Ended;

    /// <summary>How often all pods of a deployment were replaced.</summary>
    public int Rollouts => _rollouts;

    /// <summary>The host of a deployment's rule over HTTP/1.1, or over HTTP/2 without TLS.</summary>
    public static string HostOf(string deployment, bool byHttp2) => $"{(byHttp2 ? "h2c." : "")}{deployment}.example";

    /// <summary>Starts it; the pods of both deployments serve.</summary>
    /// <param name="endOfWeb">How pods of <see cref="Web"/> end.</param>
    public static async Task<RollingCluster> StartAsync(PodEnd endOfWeb)
    {
        var bench = await ControlBench.StartAsync();
        var cluster = new RollingCluster(bench, endOfWeb);
        await bench.CreateAsync(Resources.Nodes, "", $"{{'metadata':{{'name':'{RollingKubelet.NodeName}'}}}}");
        await bench.Context.Informers.StartAsync(CancellationToken.None);
        cluster._running = Task.WhenAll(
            cluster._controllers.RunAsync(cluster._stop.Token),
            cluster._kubelet.RunAsync(4, cluster._stop.Token),
            cluster.Ingress.RunAsync(cluster._stop.Token));
        foreach (var name in (string[])[Web, Brisk])
        {
            await cluster.CreateAsync(name);
        }

        await cluster.Ingress.Ready;
        await Task.WhenAll(cluster.WaitAsync(Web, 0), cluster.WaitAsync(Brisk, 0));
        await cluster.WaitUntilServedAsync();
        return cluster;
    }

    /// <summary>Replaces all pods of a deployment; completes when all that are new serve.</summary>
    public async Task RollAsync(string deployment)
    {
        var number = Interlocked.Increment(ref _rollouts);
        var changed = await _bench.PatchAsync(
            Resources.Deployments, "default", deployment, $"{{'spec':{{'template':{{'metadata':{{'annotations':{{'n':'{number}'}}}}}}}}}}");
        await WaitAsync(deployment, changed.Metadata.Generation);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _kubelet.StopAsync();
        await Ingress.DisposeAsync();
        _kubelet.Dispose();
        _controllers.Dispose();
        await _bench.DisposeAsync();
        _stop.Dispose();
    }

    private Task<IReadOnlyList<Deployment>> WaitAsync(string deployment, long generation) => _bench.WaitAsync(
        Resources.Deployments,
        "default",
        all => all.FirstOrDefault(d => d.Metadata.Name == deployment) is { Status: var status }
            && status.ObservedGeneration >= generation
            && (status.Replicas, status.UpdatedReplicas, status.AvailableReplicas) == (Replicas, Replicas, Replicas));

    private async Task CreateAsync(string name)
    {
        await _bench.CreateAsync(
            Resources.Deployments,
            "default",
            $"{{'metadata':{{'name':'{name}'}},'spec':{{'replicas':{Replicas},'selector':{{'matchLabels':{{'app':'{name}'}}}},"
            + "'strategy':{'rollingUpdate':{'maxSurge':1,'maxUnavailable':0}},"
            + $"'template':{{'metadata':{{'labels':{{'app':'{name}'}}}},'spec':{{'nodeName':'{RollingKubelet.NodeName}',"
            + "'containers':[{'name':'c','image':'c','ports':["
            + $"{{'name':'http','containerPort':{PodServer.HttpPort}}},{{'name':'h2c','containerPort':{PodServer.Http2Port}}}]}}]}}}}}}}}");
        await _bench.CreateAsync(
            Resources.Services,
            "default",
            $"{{'metadata':{{'name':'{name}'}},'spec':{{'selector':{{'app':'{name}'}},'ports':["
            + "{'name':'http','port':80,'targetPort':'http'},"
            + "{'name':'h2c','port':81,'targetPort':'h2c','appProtocol':'kubernetes.io/h2c'}]}}");
        var rules = new[] { false, true }.Select(byHttp2 =>
            $"{{'host':'{HostOf(name, byHttp2)}','http':{{'paths':[{{'path':'/','pathType':'Prefix','backend':{{'service':"
            + $"{{'name':'{name}','port':{{'name':'{(byHttp2 ? "h2c" : "http")}'}}}}}}}}]}}}}");
        await _bench.CreateAsync(
            Resources.Ingresses, "default", $"{{'metadata':{{'name':'{name}'}},'spec':{{'rules':[{string.Join(',', rules)}]}}}}");
    }

    /// <summary>The ingress hears of pods after the deployment has.</summary>
    private async Task WaitUntilServedAsync()
    {
        using var client = new HttpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        foreach (var host in from name in (string[])[Web, Brisk] from byHttp2 in new[] { false, true } select HostOf(name, byHttp2))
        {
            HttpStatusCode status;
            do
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{Ingress.HttpEndPoint}/");
                request.Headers.Host = host;
                using var response = await client.SendAsync(request, patience.Token);
                status = response.StatusCode;
            }
            while (status != HttpStatusCode.OK);
        }
    }
}
