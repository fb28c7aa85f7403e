using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Etcdish.Network.Tests.Ingress;

/// <summary>A certificate as a secret holds it.</summary>
internal sealed record TestCertificate(byte[] CertificatePem, byte[] KeyPem)
{
    /// <summary>As a server of this process shows it.</summary>
    public X509Certificate2 ToServer() =>
        X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(CertificatePem), Encoding.ASCII.GetString(KeyPem));

    public static TestCertificate Make(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return new TestCertificate(
            Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()), Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
    }
}
