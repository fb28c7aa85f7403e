using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Ingress;

/// <summary>Certificates as TLS takes them.</summary>
internal static class TlsCertificates
{
    private const string CertificateEntry = "tls.crt";
    private const string KeyEntry = "tls.key";

    /// <summary>The certificate of a secret of type kubernetes.io/tls, with the chain that follows it.</summary>
    /// <exception cref="CryptographicException">The secret holds no certificate with its key; the message says what is wrong.</exception>
    public static SslServerAuthenticationOptions Read(Secret secret)
    {
        var (certificates, key) = (Entry(secret, CertificateEntry), Entry(secret, KeyEntry));
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificates);
            var leaf = X509Certificate2.CreateFromPem(certificates, key);
            chain.RemoveAt(0);
            return ToOptions(leaf, chain);
        }
        catch (ArgumentException e)
        {
            throw new CryptographicException(e.Message, e);
        }
    }

    /// <summary>A certificate of our own making, for hosts that have none.</summary>
    public static SslServerAuthenticationOptions MakeOwn(TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Etcdish Ingress Default Certificate", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("ingress.local");
        request.CertificateExtensions.Add(names.Build());
        var now = clock.GetUtcNow();
        return ToOptions(request.CreateSelfSigned(now.AddDays(-1), now.AddYears(1)), []);
    }

    private static string Entry(Secret secret, string name) => secret.Data.TryGetValue(name, out var bytes)
        ? Encoding.UTF8.GetString(bytes)
        : throw new CryptographicException($"there is no {name} in it");

    private static SslServerAuthenticationOptions ToOptions(X509Certificate2 leaf, X509Certificate2Collection chain) => new()
    {
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ServerCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true),
    };
}
