using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Etcdish.ApiServer.Security.Authentication;

/// <summary>
/// Users by their certificates: the common name, and each organisation as a group. A certificate is verified once for each connection, and
/// its time at each request.
/// </summary>
internal sealed class CertificateUsers(ClusterCertificates authority, TimeProvider clock)
{
    private const string Organisation = "2.5.4.10";

    private readonly ConditionalWeakTable<X509Certificate2, Known> _known = [];

    /// <summary>Whose a certificate is; null if the cluster's authority did not give it, or not for now.</summary>
    public RequestUser? Find(X509Certificate2 certificate)
    {
        var known = _known.GetValue(certificate, Verify);
        var now = clock.GetUtcNow();
        return now >= known.From && now <= known.Until ? known.User : null;
    }

    private Known Verify(X509Certificate2 certificate)
    {
        var name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        var user = name.Length > 0 && authority.Trusts(certificate)
            ? new RequestUser(name, [.. Groups(certificate), RequestUser.Authenticated])
            {
                Extra = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)
                {
                    [RequestUser.CredentialKey] = [$"X509SHA256={certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant()}"],
                },
            }
            : null;
        return new Known(user, certificate.NotBefore, certificate.NotAfter);
    }

    private static IEnumerable<string> Groups(X509Certificate2 certificate) =>
        certificate.SubjectName.EnumerateRelativeDistinguishedNames()
            .Where(name => !name.HasMultipleElements && name.GetSingleElementType().Value == Organisation)
            .Select(name => name.GetSingleElementValue() ?? "");

    private sealed record Known(RequestUser? User, DateTimeOffset From, DateTimeOffset Until);
}
