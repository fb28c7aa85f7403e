using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Kubelet.Server;

/// <summary>Certificates that a kubelet serves with: given as files, signed by the cluster's authority, or by itself.</summary>
internal static class ServingCertificate
{
    private const string ServerPurpose = "1.3.6.1.5.5.7.3.1";
    private const int SerialBytes = 16;

    private static readonly TimeSpan _life = TimeSpan.FromDays(365);
    private static readonly TimeSpan _clockSkew = TimeSpan.FromMinutes(5);

    /// <summary>Reads a certificate and its key.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">What they hold is no certificate with its key.</exception>
    public static X509Certificate2 Read(string certificateFile, string keyFile)
    {
        using var read = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        return ForTls(read);
    }

    /// <summary>Makes one that the cluster's authority signs.</summary>
    /// <param name="authority">The authority, with its key.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="addresses">The node's addresses; that of the machine itself is added.</param>
    /// <param name="clock">The clock.</param>
    public static X509Certificate2 Issue(X509Certificate2 authority, string node, IEnumerable<IPAddress> addresses, TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = MakeRequest(key, node, addresses);
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var now = clock.GetUtcNow();
        var end = now + _life < authority.NotAfter ? now + _life : authority.NotAfter;
        using var issued = request.Create(authority, now - _clockSkew, end, RandomNumberGenerator.GetBytes(SerialBytes));
        using var pair = issued.CopyWithPrivateKey(key);
        return ForTls(pair);
    }

    /// <summary>Makes one that nobody else has signed, for clusters whose API server does not ask who a kubelet is.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="addresses">The node's addresses; that of the machine itself is added.</param>
    /// <param name="clock">The clock.</param>
    public static X509Certificate2 SelfSign(string node, IEnumerable<IPAddress> addresses, TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = clock.GetUtcNow();
        using var made = MakeRequest(key, node, addresses).CreateSelfSigned(now - _clockSkew, now + _life);
        return ForTls(made);
    }

    private static CertificateRequest MakeRequest(ECDsa key, string node, IEnumerable<IPAddress> addresses)
    {
        var request = new CertificateRequest($"O=system:nodes, CN=system:node:{node}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerPurpose)], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in new[] { node, "localhost" }.Distinct())
        {
            names.AddDnsName(name);
        }

        foreach (var address in addresses.Append(IPAddress.Loopback).Append(IPAddress.IPv6Loopback).Distinct())
        {
            names.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(names.Build());
        return request;
    }

    /// <summary>A copy by way of PKCS #12: TLS takes keys out of that on every system.</summary>
    private static X509Certificate2 ForTls(X509Certificate2 pair) =>
        X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
}
