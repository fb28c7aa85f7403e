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
        Backend = new PodBackend(reader, kubelets, _clients);
        Subresources =
        [
            new PodCommandSubresource("exec", Backend),
            new PodCommandSubresource("attach", Backend),
            new PodPortForwardSubresource(Backend),
            new PodLogSubresource(Backend),
            new ProxySubresource(new ProxyTargets(reader, resources, kubelets), _clients),
        ];
    }

    public IReadOnlyList<ISubresource> Subresources { get; }

    /// <summary>The way to kubelets.</summary>
    public PodBackend Backend { get; }

    public void Dispose()
    {
        _clients.Dispose();
        _ownConnector?.Dispose();
    }
}
