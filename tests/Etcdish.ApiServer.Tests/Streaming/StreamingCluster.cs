using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Etcdish.ApiServer.Security;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests.Streaming;

/// <summary>
/// An API server with TLS in this process, a <see cref="FakeKubelet"/> behind it, a pod <c>web</c> on its node with the container
/// <c>main</c>, and the unmodified kubectl before it.
/// </summary>
internal sealed class StreamingCluster : IAsyncDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly ClusterCertificates _certificates;
    private readonly KubernetesApiServer _server;

    private StreamingCluster(ClusterCertificates certificates, KubernetesApiServer server, FakeKubelet kubelet)
    {
        _certificates = certificates;
        _server = server;
        Kubelet = kubelet;
        Http = MakeHttp(server.Url, certificates);
    }

    public FakeKubelet Kubelet { get; }

    /// <summary>An administrator's client.</summary>
    public HttpClient Http { get; }

    public static async Task<StreamingCluster> StartAsync()
    {
        using var folder = new TemporaryFolder();
        var certificates = ClusterCertificates.Open(folder.File("pki"));
        var kubelet = await FakeKubelet.StartAsync(certificates);
        var store = await SharedStores.GetAsync(StoreKind.InProcess);
        var server = await KubernetesApiServer.StartAsync(new ApiServerOptions
        {
            Store = store.Store,
            StorePrefix = SharedStores.NewPrefix(),
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Certificates = certificates,
            Warn = TestContext.Out.WriteLine,
        });
        var cluster = new StreamingCluster(certificates, server, kubelet);
        Kubeconfig.WriteAdmin(cluster.File("kubeconfig"), server.Url, certificates);
        await cluster.AddNodeAsync("node-1", kubelet.Port);
        await cluster.AddPodAsync("web", "node-1", "main");
        return cluster;
    }

    public string File(string name) => _folder.File(name);

    /// <summary>Starts kubectl.</summary>
    /// <param name="isSpdy">Whether it is to speak raw SPDY instead of WebSocket.</param>
    /// <param name="arguments">Its arguments.</param>
    public ChildProcess Start(bool isSpdy, params string[] arguments) =>
        ChildProcess.Start(Tools.Kubectl(), arguments, Environment(isSpdy));

    /// <summary>Starts a shell's script, in which kubectl knows the cluster.</summary>
    public ChildProcess StartShell(bool isSpdy, string script) => ChildProcess.Start("sh", ["-c", script], Environment(isSpdy));

    /// <summary>Runs kubectl to its end.</summary>
    public CommandResult Run(bool isSpdy, string input, params string[] arguments)
    {
        using var process = Start(isSpdy, arguments);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var exitCode = process.WaitForExit(_limit);
        return new CommandResult(exitCode, process.StandardOutput.Text, process.StandardError.Text);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.DisposeAsync();
        await Kubelet.DisposeAsync();
        _certificates.Dispose();
        _folder.Dispose();
    }

    /// <summary>Adds a node whose kubelet is at a port of the loopback address.</summary>
    public async Task AddNodeAsync(string name, int kubeletPort)
    {
        await SendAsync(HttpMethod.Post, "/api/v1/nodes", $$"""{"metadata":{"name":"{{name}}"} }""");
        await SendAsync(HttpMethod.Patch, $"/api/v1/nodes/{name}/status", $$$"""
            {"status":{"addresses":[{"type":"Hostname","address":"no-such-host.invalid"},{"type":"InternalIP","address":"127.0.0.1"}],
             "daemonEndpoints":{"kubeletEndpoint":{"Port": {{{kubeletPort}}} } } } }
            """);
    }

    /// <summary>Adds a pod that runs; without a node one that waits.</summary>
    public async Task AddPodAsync(string name, string node, params string[] containers)
    {
        var list = string.Join(',', containers.Select(container => $$"""{"name":"{{container}}","image":"none"}"""));
        var spec = $$"""{"nodeName":"{{node}}","containers":[{{list}}]}""";
        await SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/pods", $$"""{"metadata":{"name":"{{name}}"},"spec":{{spec}} }""");
        if (node.Length > 0)
        {
            const string Running = """{"running":{"startedAt":"2026-01-01T00:00:00Z"}}""";
            var statuses = string.Join(',', containers.Select(c => $$"""{"name":"{{c}}","ready":true,"state":{{Running}} }"""));
            await SendAsync(HttpMethod.Patch, $"/api/v1/namespaces/default/pods/{name}/status", $$$"""
                {"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{{{statuses}}}]}}
                """);
        }
    }

    /// <summary>Sends a request; a failure of it fails the test.</summary>
    public async Task SendAsync(HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = new StringContent(
            body, Encoding.UTF8, method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
        using var response = await Http.SendAsync(request);
        Assert.That(response.IsSuccessStatusCode, Is.True, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Sends a request that must fail, with a Status whose message begins as it is said here.</summary>
    public async Task ExpectFailureAsync(HttpMethod method, string path, int status, string message)
    {
        using var request = new HttpRequestMessage(method, path);
        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.That((int)response.StatusCode, Is.EqualTo(status), text);
        Assert.That(Answer.Read(System.Text.Json.Nodes.JsonNode.Parse(text), "message"), Does.StartWith(message));
    }

    private Dictionary<string, string> Environment(bool isSpdy)
    {
        var environment = new Dictionary<string, string> { ["KUBECONFIG"] = File("kubeconfig"), ["HOME"] = _folder.FullPath };
        if (isSpdy)
        {
            environment["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = "false";
            environment["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = "false";
        }

        return environment;
    }

    private static HttpClient MakeHttp(string url, ClusterCertificates certificates)
    {
        var (certificate, key) = certificates.MakeClient("tests", "system:masters");
        using var made = X509Certificate2.CreateFromPem(certificate, key);
        var handler = new SocketsHttpHandler();
        handler.SslOptions.ClientCertificates = [X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null)];
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { X509Certificate2.CreateFromPem(certificates.AuthorityPem) },
        };
        return new HttpClient(handler) { BaseAddress = new Uri(url) };
    }
}
