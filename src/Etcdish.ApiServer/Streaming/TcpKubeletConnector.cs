using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Etcdish.ApiServer.Security;

namespace Etcdish.ApiServer.Streaming;

/// <summary>
/// Reaches kubelets by TCP at the addresses of their nodes. With certificates by TLS, where each side shows one of the cluster's authority.
/// </summary>
public sealed class TcpKubeletConnector : IKubeletConnector, IDisposable
{
    private const string ClientName = "kube-apiserver-kubelet-client";
    private const string ClientGroup = "system:masters";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly X509Certificate2? _authority;
    private readonly X509Certificate2? _client;

    /// <param name="certificates">The cluster's authority. Null: no TLS.</param>
    public TcpKubeletConnector(ClusterCertificates? certificates)
    {
        if (certificates is null)
        {
            return;
        }

        _authority = X509Certificate2.CreateFromPem(certificates.AuthorityPem);
        var (certificate, key) = certificates.MakeClient(ClientName, ClientGroup);
        using var made = X509Certificate2.CreateFromPem(certificate, key);

        // As with the server's certificate: TLS takes keys out of PKCS #12 on every system.
        _client = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(KubeletAddress kubelet, CancellationToken cancellation)
    {
        if (kubelet.Host.Length == 0)
        {
            throw new IOException($"the node {kubelet.NodeName} reports no address");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_patience);
        try
        {
            return await ConnectWithinAsync(kubelet, limit.Token);
        }
        catch (Exception e) when (e is SocketException or AuthenticationException)
        {
            throw new IOException($"{kubelet.Host}:{kubelet.Port}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"{kubelet.Host}:{kubelet.Port}: no connection within {_patience.TotalSeconds} s", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _authority?.Dispose();
        _client?.Dispose();
    }

    private async Task<Stream> ConnectWithinAsync(KubeletAddress kubelet, CancellationToken cancellation)
    {
        var transport = await TcpDialer.ConnectAsync(kubelet.Host, kubelet.Port, cancellation);
        if (_authority is null)
        {
            return transport;
        }

        var tls = new SslStream(transport);
        try
        {
            await tls.AuthenticateAsClientAsync(MakeOptions(kubelet.Host), cancellation);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private SslClientAuthenticationOptions MakeOptions(string host)
    {
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(_authority!);
        return new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ClientCertificateContext = SslStreamCertificateContext.Create(_client!, null, offline: true),
            CertificateChainPolicy = trust,
        };
    }
}
