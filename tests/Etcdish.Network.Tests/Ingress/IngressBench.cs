using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Ingress;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using IngressObject = Etcdish.Kubernetes.Objects.Ingress;

namespace Etcdish.Network.Tests.Ingress;

/// <summary>A listener and its rules, of objects that the test makes, without a cluster.</summary>
internal sealed class IngressBench : IIngressSource, IAsyncDisposable
{
    private readonly Dictionary<(string, string), Service> _services = [];
    private readonly Dictionary<(string, string), Secret> _secrets = [];
    private readonly Dictionary<string, EndpointSlice[]> _slices = [];
    private readonly List<IngressObject> _ingresses = [];
    private readonly List<TestBackend> _backends = [];
    private IngressListener? _listener;

    public IngressBench(IngressOptions? options = null)
    {
        Options = options ?? new IngressOptions { HttpPort = 0, HttpsPort = 0, BindAddress = IPAddress.Loopback };
        Router = new IngressRouter(this, Options, TimeProvider.System);
    }

    public IngressOptions Options { get; }

    public IngressRouter Router { get; }

    public List<string> Warnings { get; } = [];

    public IngressListener Listener => _listener!;

    IEnumerable<IngressObject> IIngressSource.Ingresses => _ingresses;

    /// <summary>One service, web.example of which all paths lead to what the delegate does.</summary>
    public static async Task<IngressBench> ServeAsync(
        RequestDelegate serve,
        IngressOptions? options = null,
        HttpProtocols protocols = HttpProtocols.Http1,
        string appProtocol = "",
        TestCertificate? certificate = null)
    {
        var bench = new IngressBench(options);
        var backend = await bench.AddBackendAsync(serve, protocols, certificate);
        bench.AddService("web", appProtocol, backend.Port);
        bench.AddIngress(Rule("web.example", "/", "Prefix", "web"));
        await bench.StartAsync();
        return bench;
    }

    public static string Rule(string host, string path, string type, string service) =>
        $"{{'host':'{host}','http':{{'paths':[{{'path':'{path}','pathType':'{type}','backend':{{'service':{{'name':'{service}',"
        + "'port':{'number':80}}}}]}}";

    public async Task<TestBackend> AddBackendAsync(
        RequestDelegate serve, HttpProtocols protocols = HttpProtocols.Http1, TestCertificate? certificate = null)
    {
        var backend = await TestBackend.StartAsync(serve, protocols, certificate: certificate);
        _backends.Add(backend);
        return backend;
    }

    public void AddService(string name, string appProtocol, params int[] ports)
    {
        _services[("default", name)] = Parse(
            Resources.Services, $"{{'metadata':{{'name':'{name}'}},'spec':{{'ports':[{{'port':80,'appProtocol':'{appProtocol}'}}]}}}}");
        SetEndpoints(name, ports);
    }

    public void SetEndpoints(string service, params int[] ports)
    {
        _slices[service] =
        [
            .. ports.Select(port => Parse(
                Resources.EndpointSlices,
                $"{{'metadata':{{'name':'a'}},'ports':[{{'port':{port}}}],'endpoints':[{{'addresses':['127.0.0.1']}}]}}")),
        ];
        Router.UpdateEndpoints("default", service);
    }

    public void AddIngress(string rules, string more = "", string annotations = "", int age = 0)
    {
        var time = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(-age).ToString("yyyy-MM-ddTHH:mm:ssZ");
        _ingresses.Add(Parse(
            Resources.Ingresses,
            $"{{'metadata':{{'name':'i{_ingresses.Count}','namespace':'default','creationTimestamp':'{time}',"
            + $"'annotations':{{{annotations}}}}},"
            + $"'spec':{{{more}'rules':[{rules}]}}}}"));
        Router.Compile();
    }

    public void RemoveIngresses()
    {
        _ingresses.Clear();
        Router.Compile();
    }

    public void SetSecret(string name, TestCertificate certificate)
    {
        var secret = new Secret { Type = "kubernetes.io/tls" };
        (secret.Metadata.Name, secret.Metadata.Namespace) = (name, "default");
        secret.Metadata.ResourceVersion = Guid.NewGuid().ToString();
        secret.Data = new() { ["tls.crt"] = certificate.CertificatePem, ["tls.key"] = certificate.KeyPem };
        _secrets[("default", name)] = secret;
        Router.Compile();
    }

    public async Task StartAsync()
    {
        _listener = new IngressListener(Router, Options, TimeProvider.System, Warnings.Add);
        await _listener.StartAsync(CancellationToken.None);
    }

    /// <summary>A client for which all hosts are at the listener.</summary>
    public HttpClient Connect(Version? version = null) => new(Handler())
    {
        DefaultRequestVersion = version ?? HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = TimeSpan.FromSeconds(30),
    };

    public SocketsHttpHandler Handler() => new()
    {
#pragma warning disable CA5359 // Certificates are looked at where they are the matter.
        AllowAutoRedirect = false,
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        ConnectCallback = async (connection, cancellation) =>
        {
            var isTls = connection.InitialRequestMessage.RequestUri!.Scheme is "https" or "wss";
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(isTls ? Listener.HttpsEndPoint : Listener.HttpEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    public Service? FindService(string ns, string name) => _services.GetValueOrDefault((ns, name));

    public Secret? FindSecret(string ns, string name) => _secrets.GetValueOrDefault((ns, name));

    public IEnumerable<EndpointSlice> SlicesOf(string ns, string service) => _slices.GetValueOrDefault(service, []);

    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
        {
            await _listener.DisposeAsync();
        }

        foreach (var backend in _backends)
        {
            await backend.DisposeAsync();
        }

        Assert.That(Warnings, Is.Empty);
    }

    private static T Parse<T>(ApiResource<T> resource, string json)
        where T : KubernetesObject => JsonSerializer.Deserialize(json.Replace('\'', '"'), resource.Form)!;
}
