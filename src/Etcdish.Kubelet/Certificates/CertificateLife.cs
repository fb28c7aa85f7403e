using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Kubelet.Certificates;

/// <summary>When certificates are to be renewed.</summary>
internal static class CertificateLife
{
    private const double UsedPart = 0.8;

    /// <summary>When four fifths of its life are over.</summary>
    public static DateTimeOffset RenewalOf(X509Certificate2 certificate)
    {
        var (begin, end) = (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        return begin + ((end - begin) * UsedPart);
    }
}
