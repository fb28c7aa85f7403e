using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer;
using Etcdish.ApiServer.Security;
using Etcdish.ApiServer.Storage;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Server;
using Etcdish.Kubernetes.Client;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Server;

/// <summary>
/// An API server with TLS, and the server of the kubelet of its node <c>node-1</c>, whose containers are this machine. Users: who shows the
/// tokens metrics-token, proxy-token and pods-token may read what they say of nodes, and who shows nobody-token nothing.
/// </summary>
internal sealed class ServerBench : IAsyncDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder;
    private readonly NodeObjectStore _store;
    private readonly KubernetesApiServer _api;
    private readonly HttpClient _http;
    private readonly UsageSampler _usage;
    private readonly KubeletServer _server;

    private ServerBench(
        TemporaryFolder folder, NodeObjectStore store, KubernetesApiServer api, ClusterCertificates certificates, UsageSampler usage,
        KubeletServer server)
    {
        (_folder, _store, _api, _usage, _server, Certificates) = (folder, store, api, usage, server, certificates);
        _http = new HttpClient(api.ConnectInProcess("tester", "system:masters")) { BaseAddress = new Uri(api.Url) };
    }

    public required HostRuntime Runtime { get; init; }

    public required FakePods Pods { get; init; }

    public required PodFolders Folders { get; init; }

    public ClusterCertificates Certificates { get; }

    public string Url => $"https://{_server.EndPoint}";

    public static async Task<ServerBench> StartAsync()
    {
        var folder = new TemporaryFolder();
        var certificates = ClusterCertificates.Open(folder.File("pki"));
        var node = await Etcdish.Cluster.Node.OpenAsync(new Etcdish.Cluster.NodeOptions { DataDirectory = folder.File("store") });
        var store = new NodeObjectStore(node, ownsNode: true);
        string[] tokens = ["metrics-token,metrics,1", "proxy-token,proxy,2", "pods-token,pods,3", "nobody-token,nobody,4"];
        await System.IO.File.WriteAllLinesAsync(folder.File("tokens"), tokens);
        var api = await KubernetesApiServer.StartAsync(new ApiServerOptions
        {
            Store = store,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Certificates = certificates,
            TokenFile = folder.File("tokens"),
            Warn = TestContext.Out.WriteLine,
        });
        Kubeconfig.WriteAdmin(folder.File("kubeconfig"), api.Url, certificates);
        var runtime = new HostRuntime();
        var pods = new FakePods();
        var folders = new PodFolders(folder.File("root"), folder.File("logs"), folder.File("links"));
        var usage = new UsageSampler(runtime, TimeProvider.System);
        var serving = ServingCertificate.Issue(certificates.Authority, "node-1", [IPAddress.Loopback], TimeProvider.System);
        var server = await KubeletServer.StartAsync(
            new KubeletServerParts
            {
                Options = new KubeletOptions
                {
                    NodeName = "node-1",
                    BindAddress = IPAddress.Loopback,
                    Port = 0,
                    Folder = folder.FullPath,
                },
                Pods = pods,
                Runtime = runtime,
                Folders = folders,
                Usage = usage,
                Client = new KubernetesClient(api.ConnectInProcess("system:node:node-1", "system:masters"), new Uri(api.Url)),
                Security = new ServerSecurity(
                    () => serving,
                    [X509Certificate2.CreateFromPem(certificates.AuthorityPem)]),
                Clock = TimeProvider.System,
                Warn = TestContext.Out.WriteLine,
            },
            CancellationToken.None);
        var bench = new ServerBench(folder, store, api, certificates, usage, server) { Runtime = runtime, Pods = pods, Folders = folders };
        await bench.AddObjectsAsync();
        return bench;
    }

    public string File(string name) => _folder.File(name);

    /// <summary>A client of the kubelet's server, which it knows by the cluster's authority.</summary>
    public HttpClient Connect(string? token = null, (string Certificate, string Key)? pair = null)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { X509Certificate2.CreateFromPem(Certificates.AuthorityPem) },
        };
        if (pair is { } given)
        {
            using var made = X509Certificate2.CreateFromPem(given.Certificate, given.Key);
            handler.SslOptions.ClientCertificates = [X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null)];
        }

        var http = new HttpClient(handler) { BaseAddress = new Uri(Url), Timeout = _limit };
        http.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    /// <summary>A client that may do everything.</summary>
    public HttpClient ConnectMaster() => Connect(pair: Certificates.MakeClient("tests", "system:masters"));

    /// <summary>A pod that runs on the node, with one container; the API knows it too.</summary>
    /// <returns>The path of its log.</returns>
    public async Task<string> AddPodAsync(string name, string log)
    {
        var pod = Pods.Add(name, "{'containers':[{'name':'main','image':'none'}]}");
        const string Running = "{'running':{'startedAt':'2026-01-01T00:00:00Z'}}";
        var status = $$"""
            {'phase':'Running','conditions':[{'type':'Ready','status':'True'}],
             'containerStatuses':[{'name':'main','containerID':'host://{{name}}-1','state':{{Running}} }]}
            """;
        Pods.SetStatus(name, status);
        Runtime.Set(HostRuntime.Container(name + "-1", pod.Identity(), "main", ContainerPhase.Running));
        await SendAsync(
            HttpMethod.Post, "/api/v1/namespaces/default/pods",
            $$"""{'metadata':{'name':'{{name}}'},'spec':{'nodeName':'node-1','containers':[{'name':'main','image':'none'}]} }""");
        await SendAsync(HttpMethod.Patch, $"/api/v1/namespaces/default/pods/{name}/status", $$"""{'status':{{status}} }""");
        var path = Folders.Log(pod.Identity(), "main", 0);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await System.IO.File.WriteAllTextAsync(path, log);
        return path;
    }

    /// <summary>Starts kubectl.</summary>
    public ChildProcess Start(params string[] arguments) => ChildProcess.Start(
        Tools.Kubectl(), arguments, new Dictionary<string, string> { ["KUBECONFIG"] = File("kubeconfig"), ["HOME"] = _folder.FullPath });

    /// <summary>Runs kubectl to its end.</summary>
    public CommandResult Run(params string[] arguments) => RunWithInput("", arguments);

    /// <summary>Runs kubectl to its end, with input.</summary>
    public CommandResult RunWithInput(string input, params string[] arguments)
    {
        using var process = Start(arguments);
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var exitCode = process.WaitForExit(_limit);
        return new CommandResult(exitCode, process.StandardOutput.Text, process.StandardError.Text);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        _usage.Dispose();
        await _api.DisposeAsync();
        await _store.DisposeAsync();
        Certificates.Dispose();
        _folder.Dispose();
    }

    private async Task AddObjectsAsync()
    {
        await SendAsync(HttpMethod.Post, "/api/v1/nodes", "{'metadata':{'name':'node-1'} }");
        await SendAsync(HttpMethod.Patch, "/api/v1/nodes/node-1/status", $$$"""
            {'status':{'addresses':[{'type':'InternalIP','address':'127.0.0.1'}],
             'daemonEndpoints':{'kubeletEndpoint':{'Port': {{{_server.EndPoint.Port}}} } } } }
            """);
        foreach (var name in new[] { "metrics", "proxy", "pods" })
        {
            const string Group = "/apis/rbac.authorization.k8s.io/v1";
            await SendAsync(HttpMethod.Post, Group + "/clusterroles", $$"""
                {'metadata':{'name':'{{name}}'},'rules':[{'apiGroups':[''],'resources':['nodes/{{name}}'],'verbs':['get']}]}
                """);
            await SendAsync(HttpMethod.Post, Group + "/clusterrolebindings", $$"""
                {'metadata':{'name':'{{name}}'},'subjects':[{'kind':'User','name':'{{name}}','apiGroup':'rbac.authorization.k8s.io'}],
                 'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':'ClusterRole','name':'{{name}}'} }
                """);
        }
    }

    private async Task SendAsync(HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, path);
        var type = method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json";
        request.Content = new StringContent(JsonNode.Parse(body.Replace('\'', '"'))!.ToJsonString(), Encoding.UTF8, type);
        using var response = await _http.SendAsync(request);
        Assert.That(response.IsSuccessStatusCode, Is.True, await response.Content.ReadAsStringAsync());
    }
}
