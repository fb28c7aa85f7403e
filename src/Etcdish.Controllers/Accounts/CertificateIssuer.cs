using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Controllers.Accounts;

/// <summary>Makes certificates that an authority signs.</summary>
/// <param name="authority">The authority, with its private key.</param>
/// <param name="longestLife">How long a certificate holds at most.</param>
/// <param name="clock">The clock of their times.</param>
internal sealed class CertificateIssuer(X509Certificate2 authority, TimeSpan longestLife, TimeProvider clock)
{
    private const int SerialBytes = 16;

    private static readonly TimeSpan _shortestLife = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _backdating = TimeSpan.FromMinutes(5);

    /// <summary>A certificate of shorter life is not shortened by the time that it is dated back.</summary>
    private static readonly TimeSpan _shortLife = TimeSpan.FromHours(8);

    private static readonly Dictionary<string, X509KeyUsageFlags> _keyUsages = new()
    {
        ["signing"] = X509KeyUsageFlags.DigitalSignature,
        ["digital signature"] = X509KeyUsageFlags.DigitalSignature,
        ["content commitment"] = X509KeyUsageFlags.NonRepudiation,
        ["key encipherment"] = X509KeyUsageFlags.KeyEncipherment,
        ["key agreement"] = X509KeyUsageFlags.KeyAgreement,
        ["data encipherment"] = X509KeyUsageFlags.DataEncipherment,
        ["cert sign"] = X509KeyUsageFlags.KeyCertSign,
        ["crl sign"] = X509KeyUsageFlags.CrlSign,
        ["encipher only"] = X509KeyUsageFlags.EncipherOnly,
        ["decipher only"] = X509KeyUsageFlags.DecipherOnly,
    };

    private static readonly Dictionary<string, string> _purposes = new()
    {
        ["server auth"] = "1.3.6.1.5.5.7.3.1",
        ["client auth"] = "1.3.6.1.5.5.7.3.2",
    };

    /// <summary>How long a certificate is to hold that was asked for so.</summary>
    public TimeSpan LifeOf(int? seconds) =>
        seconds is not { } wanted || TimeSpan.FromSeconds(wanted) > longestLife ? longestLife
        : TimeSpan.FromSeconds(wanted) < _shortestLife ? _shortestLife
        : TimeSpan.FromSeconds(wanted);

    /// <summary>The certificate, as PEM.</summary>
    public string Issue(AskedCertificate asked, string[] usages, int? seconds)
    {
        var request = new CertificateRequest(asked.Request.SubjectName, asked.Request.PublicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
        var flags = usages.Aggregate(X509KeyUsageFlags.None, (all, usage) => all | _keyUsages.GetValueOrDefault(usage));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(flags, critical: true));
        var purposes = new OidCollection();
        foreach (var usage in usages.Where(_purposes.ContainsKey).Distinct())
        {
            purposes.Add(new Oid(_purposes[usage]));
        }

        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, critical: false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
                authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (asked.AlternativeNames is { } names)
        {
            request.CertificateExtensions.Add(new X509Extension(names.Oid!, names.RawData, names.Critical));
        }

        return Sign(request, LifeOf(seconds));
    }

    private string Sign(CertificateRequest request, TimeSpan life)
    {
        var now = clock.GetUtcNow();
        var begin = now - _backdating;
        var end = life < _shortLife ? now + life : begin + life;
        var last = new DateTimeOffset(authority.NotAfter);
        using var curve = authority.GetECDsaPrivateKey();
        using var rsa = authority.GetRSAPrivateKey();
        var generator = curve is not null
            ? X509SignatureGenerator.CreateForECDsa(curve)
            : X509SignatureGenerator.CreateForRSA(
                rsa ?? throw new CryptographicException("the signing authority has no private key"), RSASignaturePadding.Pkcs1);
        var serial = RandomNumberGenerator.GetBytes(SerialBytes);
        using var made = request.Create(authority.SubjectName, generator, begin, end < last ? end : last, serial);
        return made.ExportCertificatePem() + "\n";
    }
}
