using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Kubernetes.Client;

/// <summary>Where a cluster is, and how to say who one is: what a kubeconfig holds of the context that is used.</summary>
public sealed record ClusterAccess
{
    // A server that is cut off must be noticed although nobody waits for an answer: watches last for an hour.
    private static readonly TimeSpan _pingAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _pingPatience = TimeSpan.FromSeconds(15);

    /// <summary>The server's URL.</summary>
    public required Uri Server { get; init; }

    /// <summary>Who must have signed the server's certificate; null: whom the machine trusts.</summary>
    public X509Certificate2Collection? Authority { get; init; }

    /// <summary>The name in the server's certificate, if it is not that of the URL.</summary>
    public string? ServerName { get; init; }

    /// <summary>Whether the server's certificate is taken as it is.</summary>
    public bool SkipsVerification { get; init; }

    /// <summary>The certificate by which the user is known, with its key.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The token by which the user is known.</summary>
    public string? Token { get; init; }

    /// <summary>A file that holds the token; it is read again from time to time, as tokens of pods change.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The namespace of commands that name none.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>Sends requests there, as that user.</summary>
    /// <param name="clock">The clock by which a token's file is read again; null: the machine's.</param>
    public HttpMessageHandler MakeHandler(TimeProvider? clock = null)
    {
        var sockets = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = _pingAfter,
            KeepAlivePingTimeout = _pingPatience,
            ConnectTimeout = _pingPatience,
            SslOptions = Tls(),
        };
        return Token is null && TokenFile is null ? sockets : new BearerHandler(Token, TokenFile, clock ?? TimeProvider.System, sockets);
    }

    private SslClientAuthenticationOptions Tls()
    {
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = ServerName,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        };
        if (Authority is not null)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.AddRange(Authority);
        }

        if (SkipsVerification)
        {
#pragma warning disable CA5359 // The kubeconfig says so.
            tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        if (Certificate is not null)
        {
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(Certificate, additionalCertificates: null, offline: true);
        }

        return tls;
    }
}
