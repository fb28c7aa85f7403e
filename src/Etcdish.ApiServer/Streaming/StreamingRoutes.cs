using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Subresources;

namespace Etcdish.ApiServer.Streaming;

/// <summary>The subresources that lead through the API server to kubelets and pods, with the connections behind them.</summary>
internal sealed class StreamingRoutes : IDisposable
{
    private readonly TcpKubeletConnector? _ownConnector;
    private readonly BackendClients _clients;

    public StreamingRoutes(ApiServerOptions options, ObjectReader reader, ResourceDirectory resources)
    {
        _ownConnector = options.Kubelets is null ? new TcpKubeletConnector(options.Certificates) : null;
        _clients = new BackendClients(options.Kubelets ?? _ownConnector!);
        var kubelets = new KubeletDirectory(reader, resources);
        var backend = new PodBackend(reader, kubelets, _clients);
        Subresources =
        [
            new PodCommandSubresource("exec", backend),
            new PodCommandSubresource("attach", backend),
            new PodPortForwardSubresource(backend),
            new PodLogSubresource(backend),
            new ProxySubresource(new ProxyTargets(reader, resources, kubelets), _clients),
        ];
    }

    public IReadOnlyList<ISubresource> Subresources { get; }

    public void Dispose()
    {
        _clients.Dispose();
        _ownConnector?.Dispose();
    }
}
