using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Testing;

/// <summary>An authority in memory that signs what it is asked to, for members in this process or, in files, for processes.</summary>
public sealed class TestAuthority : IDisposable
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
    public SslStreamCertificateContext Sign(string name, string[] addresses, string[] hosts, bool isExpired = false) =>
        SslStreamCertificateContext.Create(MakePair(name, addresses, hosts, isExpired), null, offline: true);

    /// <summary>As <see cref="Sign"/>, into files of a folder.</summary>
    /// <returns>Where the certificate and its key are.</returns>
    public (string CertFile, string KeyFile) SignToFiles(TemporaryFolder folder, string name, string[] addresses)
    {
        using X509Certificate2 pair = MakePair(name, addresses, [], isExpired: false);
        using ECDsa key = pair.GetECDsaPrivateKey()!;
        (string CertFile, string KeyFile) files = (folder.File(name + ".crt"), folder.File(name + ".key"));
        File.WriteAllText(files.CertFile, pair.ExportCertificatePem());
        File.WriteAllText(files.KeyFile, key.ExportPkcs8PrivateKeyPem());
        return files;
    }

    /// <summary>Writes the authority's own certificate into a file.</summary>
    public string SaveTo(string path)
    {
        File.WriteAllText(path, Certificate.ExportCertificatePem());
        return path;
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    private X509Certificate2 MakePair(string name, string[] addresses, string[] hosts, bool isExpired)
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
        return signed.CopyWithPrivateKey(key);
    }
}
