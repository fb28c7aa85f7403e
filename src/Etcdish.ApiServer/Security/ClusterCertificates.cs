using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.ApiServer.Security.Tokens;

namespace Etcdish.ApiServer.Security;

/// <summary>
/// The cluster's own authority, with the certificates that it gives to the server and to the administrator. Kept in a folder: the
/// authority lasts, the rest is made anew at each start.
/// </summary>
public sealed class ClusterCertificates : IDisposable
{
    private const string AuthorityFile = "ca.crt";
    private const string AuthorityKeyFile = "ca.key";
    private const string SigningKeyFile = "sa.key";
    private const int SerialBytes = 16;

    private static readonly TimeSpan _authorityLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan _life = TimeSpan.FromDays(365);
    private static readonly TimeSpan _clockSkew = TimeSpan.FromMinutes(5);

    private readonly X509Certificate2 _authority;
    private readonly string _folder;

    private ClusterCertificates(X509Certificate2 authority, string folder) => (_authority, _folder) = (authority, folder);

    /// <summary>The authority's certificate, without its key.</summary>
    public string AuthorityPem => _authority.ExportCertificatePem();

    /// <summary>The authority with its private key, for programs that sign in its name. Disposed of with this object.</summary>
    public X509Certificate2 Authority => _authority;

    /// <summary>Opens the authority of a folder, or makes one there. The folder is for its owner alone.</summary>
    /// <exception cref="IOException">The folder cannot be read or written.</exception>
    public static ClusterCertificates Open(string folder)
    {
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var certificate = Path.Combine(folder, AuthorityFile);
        var key = Path.Combine(folder, AuthorityKeyFile);
        if (File.Exists(certificate) && File.Exists(key))
        {
            return new ClusterCertificates(X509Certificate2.CreateFromPemFile(certificate, key), folder);
        }

        var made = MakeAuthority();
        SecretFile.Write(key, made.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        SecretFile.Write(certificate, made.ExportCertificatePem());
        return new ClusterCertificates(made, folder);
    }

    /// <summary>A certificate for the server: for localhost, the service's names, and the addresses by which it is reached.</summary>
    public X509Certificate2 MakeServer(params IReadOnlyList<IPAddress> addresses)
    {
        var names = new SubjectAlternativeNameBuilder();
        string[] service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
        foreach (var name in service.Prepend("localhost"))
        {
            names.AddDnsName(name);
        }

        foreach (var ip in addresses.Append(IPAddress.Loopback).Append(IPAddress.IPv6Loopback).Distinct())
        {
            names.AddIpAddress(ip);
        }

        if (addresses.Any(IsAny))
        {
            names.AddDnsName(Dns.GetHostName());
            foreach (var ip in Dns.GetHostAddresses(Dns.GetHostName()))
            {
                names.AddIpAddress(ip);
            }
        }

        using var issued = Issue("CN=kube-apiserver", "1.3.6.1.5.5.7.3.1", names);

        // A key that was never written to a store cannot be used by TLS on every system; a copy by way of PKCS #12 can.
        return X509CertificateLoader.LoadPkcs12(issued.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>A certificate for a user, with its key, as two PEM texts.</summary>
    /// <param name="user">The user's name.</param>
    /// <param name="group">The user's group.</param>
    public (string Certificate, string Key) MakeClient(string user, string group)
    {
        using var issued = Issue($"O={group}, CN={user}", "1.3.6.1.5.5.7.3.2", names: null);
        return (issued.ExportCertificatePem(), issued.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Whether a client's certificate was given by this authority and is valid.</summary>
    public bool Trusts(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        return chain.Build(certificate);
    }

    /// <summary>The private key by which tokens of service accounts are signed, as PEM; made if there is none.</summary>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public string ReadAccountKey()
    {
        OpenSigningKey().Dispose();
        return File.ReadAllText(Path.Combine(_folder, SigningKeyFile));
    }

    /// <summary>The key by which tokens of service accounts are signed, kept beside the authority; made if there is none.</summary>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    internal SigningKey OpenSigningKey() => SigningKey.Open(Path.Combine(_folder, SigningKeyFile));

    /// <inheritdoc/>
    public void Dispose() => _authority.Dispose();

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static X509Certificate2 MakeAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=etcdish-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now - _clockSkew, now + _authorityLife);
    }

    private X509Certificate2 Issue(string subject, string purpose, SubjectAlternativeNameBuilder? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
                _authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (names is not null)
        {
            request.CertificateExtensions.Add(names.Build());
        }

        var now = DateTimeOffset.UtcNow;
        using var issued = request.Create(_authority, now - _clockSkew, now + _life, RandomNumberGenerator.GetBytes(SerialBytes));
        return issued.CopyWithPrivateKey(key);
    }
}
