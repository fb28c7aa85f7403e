using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>An authority in memory that signs what it is asked to.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private int _serial;

    public TestAuthority(string name)
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        Certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>A certificate for both sides of a connection.</summary>
    /// <param name="name">The common name.</param>
    /// <param name="addresses">Addresses that it names.</param>
    /// <param name="hosts">Hosts that it names.</param>
    /// <param name="isExpired">Whether its time is over.</param>
    public SslStreamCertificateContext Sign(string name, string[] addresses, string[] hosts, bool isExpired = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}, O=test", key, HashAlgorithmName.SHA256);
        OidCollection bothSides = [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")];
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(bothSides, critical: false));
        SubjectAlternativeNameBuilder names = new();
        Array.ForEach(addresses, address => names.AddIpAddress(IPAddress.Parse(address)));
        Array.ForEach(hosts, names.AddDnsName);
        if (addresses.Length + hosts.Length > 0)
        {
            request.CertificateExtensions.Add(names.Build());
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        byte[] serial = BitConverter.GetBytes(++_serial);
        DateTimeOffset end = isExpired ? now.AddHours(-1) : now.AddDays(1);
        using X509Certificate2 signed = request.Create(Certificate, now.AddHours(-12), end, serial);
        return SslStreamCertificateContext.Create(signed.CopyWithPrivateKey(key), null, offline: true);
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }
}
