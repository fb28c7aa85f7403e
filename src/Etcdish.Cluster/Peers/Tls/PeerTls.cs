using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Cluster.Peers;

/// <summary>Puts TLS on a connection, on either side, and decides whom to trust.</summary>
internal static class PeerTls
{
    private static readonly Oid _clientAuthentication = new("1.3.6.1.5.5.7.3.2");
    private static readonly Oid _serverAuthentication = new("1.3.6.1.5.5.7.3.1");

    /// <summary>Speaks TLS to a member that was dialled.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="host">The host of its URL, which its certificate must name.</param>
    /// <param name="options">Own certificate and whom to trust; null: none, and the system's authorities.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="AuthenticationException">The member is not to be trusted, or does not trust this one.</exception>
    public static async ValueTask SecureDialledAsync(
        PeerConnection connection, string host, PeerTlsOptions? options, CancellationToken cancellation)
    {
        var reasons = new CertificateJudge(options);
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            EnabledSslProtocols = options?.Protocols ?? SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateContext = (options?.ClientCertificate ?? options?.Certificate)?.Invoke(),
            CertificateChainPolicy = ChainPolicy(options, _serverAuthentication),
            RemoteCertificateValidationCallback = reasons.Judge,
        };
        await reasons.ExplainAsync(connection.WrapInTls().AuthenticateAsClientAsync(tls, cancellation)).ConfigureAwait(false);
    }

    /// <summary>Speaks TLS to whoever dialled.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="options">Own certificate and whom to trust.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <returns>The certificate that was shown, or null when none was demanded.</returns>
    /// <exception cref="AuthenticationException">The dialler is not to be trusted, or does not trust this member.</exception>
    public static async ValueTask<X509Certificate2?> SecureAcceptedAsync(
        PeerConnection connection, PeerTlsOptions options, CancellationToken cancellation)
    {
        var reasons = new CertificateJudge(options);
        var tls = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = options.Certificate(),
            ClientCertificateRequired = options.DemandsClientCertificate,
            EnabledSslProtocols = options.Protocols,
            CertificateChainPolicy = ChainPolicy(options, _clientAuthentication),
            RemoteCertificateValidationCallback = options.DemandsClientCertificate ? reasons.Judge : null,
        };
        SslStream stream = connection.WrapInTls();
        await reasons.ExplainAsync(stream.AuthenticateAsServerAsync(tls, cancellation)).ConfigureAwait(false);
        return stream.RemoteCertificate as X509Certificate2;
    }

    private static X509ChainPolicy ChainPolicy(PeerTlsOptions? options, Oid usage)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.ApplicationPolicy.Add(usage);
        if (options is { TrustedAuthorities.Count: > 0 })
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(options.TrustedAuthorities);
        }

        return policy;
    }

    /// <summary>Judges one certificate, and remembers why it was refused: the exception alone does not say.</summary>
    private sealed class CertificateJudge(PeerTlsOptions? options)
    {
        private string? _objection;

        public bool Judge(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            _objection = Objection(certificate as X509Certificate2, chain, errors);
            return _objection is null;
        }

        public async ValueTask ExplainAsync(Task handshake)
        {
            try
            {
                await handshake.ConfigureAwait(false);
            }
            catch (AuthenticationException e) when (_objection is not null)
            {
                throw new AuthenticationException(_objection, e);
            }
        }

        private string? Objection(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            if (certificate is null)
            {
                return "the peer showed no certificate";
            }

            if ((errors & SslPolicyErrors.RemoteCertificateChainErrors) != 0)
            {
                string why = string.Join(", ", chain?.ChainStatus.Select(status => status.Status.ToString()) ?? []);
                return $"the certificate {certificate.Subject} of the peer is not trusted: {why}";
            }

            if ((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0)
            {
                return $"the certificate {certificate.Subject} of the peer does not name the host that was dialled";
            }

            return options is null || CertificateNames.IsAllowed(certificate, options)
                ? null
                : $"the certificate {certificate.Subject} of the peer has none of the allowed names";
        }
    }
}
