using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Cluster.Peers;

/// <summary>Certificates between members, with the meaning of etcd's --peer-* flags.</summary>
public sealed record PeerTlsOptions
{
    /// <summary>
    /// Gives the certificate with its chain and key (--peer-cert-file, --peer-key-file), shown to those who dial and, unless there is
    /// another for that, to those who are dialled. Asked for every connection, so that a renewed file counts without a restart.
    /// </summary>
    public required Func<SslStreamCertificateContext> Certificate { get; init; }

    /// <summary>Gives the certificate shown to those who are dialled (--peer-client-cert-file, --peer-client-key-file).</summary>
    public Func<SslStreamCertificateContext>? ClientCertificate { get; init; }

    /// <summary>The only authorities that count (--peer-trusted-ca-file); empty: those of the system.</summary>
    public X509Certificate2Collection TrustedAuthorities { get; init; } = [];

    /// <summary>Whether who dials must show a certificate (--peer-client-cert-auth).</summary>
    public bool RequireClientCertificate { get; init; }

    /// <summary>Common names that a peer's certificate may have (--peer-cert-allowed-cn); empty: any.</summary>
    public IReadOnlyList<string> AllowedCommonNames { get; init; } = [];

    /// <summary>Host names or addresses of which a peer's certificate must match one (--peer-cert-allowed-hostname); empty: any.</summary>
    public IReadOnlyList<string> AllowedHostNames { get; init; } = [];

    /// <summary>
    /// Whether who dials may come from an address that its certificate does not name (--peer-skip-client-san-verification).
    /// A certificate that names neither addresses nor hosts may come from anywhere.
    /// </summary>
    public bool SkipClientAddressCheck { get; init; }

    /// <summary>The versions spoken: 1.2 and 1.3.</summary>
    public SslProtocols Protocols { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>Whether who dials must show a certificate: as in etcd also when authorities or names are given.</summary>
    internal bool DemandsClientCertificate =>
        RequireClientCertificate || TrustedAuthorities.Count > 0 || AllowedCommonNames.Count > 0 || AllowedHostNames.Count > 0;

    internal void Validate()
    {
        if (AllowedCommonNames.Count > 0 && AllowedHostNames.Count > 0)
        {
            throw new ArgumentException("allowed common names and allowed host names of peers exclude each other");
        }
    }
}
