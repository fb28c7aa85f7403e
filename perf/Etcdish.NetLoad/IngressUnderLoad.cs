using System.Net;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Ingress;

namespace Etcdish.NetLoad;

/// <summary>The ingress controller's listener with one rule that leads all hosts to one endpoint, without a cluster.</summary>
internal sealed class IngressUnderLoad : IIngressSource, IAsyncDisposable
{
    private readonly IngressListener _listener;
    private readonly EndpointSlice _slice;

    private IngressUnderLoad(int endpointPort)
    {
        _slice = new EndpointSlice
        {
            Ports = [new EndpointPort { Port = endpointPort }],
            Endpoints = [new Endpoint { Addresses = ["127.0.0.1"] }],
        };
        var options = new IngressOptions { HttpPort = 0, HttpsPort = 0, BindAddress = IPAddress.Loopback };
        var router = new IngressRouter(this, options, TimeProvider.System);
        router.Compile();
        _listener = new IngressListener(router, options, TimeProvider.System, Console.Error.WriteLine);
    }

    public int HttpPort => _listener.HttpEndPoint.Port;

    public int HttpsPort => _listener.HttpsEndPoint.Port;

    public IEnumerable<Ingress> Ingresses { get; } =
    [
        new()
        {
            Spec = new IngressSpec
            {
                DefaultBackend = new IngressBackend
                {
                    Service = new IngressServiceBackend { Name = "web", Port = new ServiceBackendPort { Number = 80 } },
                },
            },
        },
    ];

    public static async Task<IngressUnderLoad> StartAsync(int endpointPort)
    {
        var ingress = new IngressUnderLoad(endpointPort);
        await ingress._listener.StartAsync(CancellationToken.None);
        return ingress;
    }

    public Service? FindService(string ns, string name) => new() { Spec = new ServiceSpec { Ports = [new ServicePort { Port = 80 }] } };

    public Secret? FindSecret(string ns, string name) => null;

    public IEnumerable<EndpointSlice> SlicesOf(string ns, string service) => [_slice];

    public ValueTask DisposeAsync() => _listener.DisposeAsync();
}
