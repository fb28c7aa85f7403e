using System.Net;

namespace Etcdish.ApiServer.Streaming;

/// <summary>The HTTP clients for what stands behind the API server: kubelets, and what runs in pods.</summary>
internal sealed class BackendClients : IDisposable
{
    private static readonly HttpRequestOptionsKey<KubeletAddress> _kubeletKey = new("kubelet");

    // A node that comes back elsewhere is looked for there at the latest after this time.
    private static readonly TimeSpan _connectionLife = TimeSpan.FromMinutes(1);

    /// <param name="kubelets">Reaches kubelets.</param>
    public BackendClients(IKubeletConnector kubelets)
    {
        Kubelets = Make((context, cancellation) =>
        {
            context.InitialRequestMessage.Options.TryGetValue(_kubeletKey, out var kubelet);
            return kubelets.ConnectAsync(kubelet!, cancellation);
        });
        Pods = Make((context, cancellation) => TcpDialer.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation));
    }

    /// <summary>Reaches kubelets; each request must name its kubelet by <see cref="Address"/>.</summary>
    public HttpMessageInvoker Kubelets { get; }

    /// <summary>Reaches pods and other addresses.</summary>
    public HttpMessageInvoker Pods { get; }

    /// <summary>The URI of a path of a kubelet. The host of it is only a name under which connections are kept.</summary>
    public static Uri UriOf(KubeletAddress kubelet, string pathAndQuery) => new($"http://{kubelet.NodeName}:{kubelet.Port}{pathAndQuery}");

    public static void Address(HttpRequestMessage request, KubeletAddress kubelet) => request.Options.Set(_kubeletKey, kubelet);

    public void Dispose()
    {
        Kubelets.Dispose();
        Pods.Dispose();
    }

    private static HttpMessageInvoker Make(
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> connect) => new(new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = connect,
            PooledConnectionLifetime = _connectionLife,
            UseCookies = false,
            UseProxy = false,

#pragma warning disable CA5359 // With whose certificate a pod serves is not the cluster's to know: whoever asks for https gets just that.
            SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
#pragma warning restore CA5359
        });
}
