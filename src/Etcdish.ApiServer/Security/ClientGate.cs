using System.Security.Cryptography.X509Certificates;
using Etcdish.ApiServer.Http;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Security;

/// <summary>
/// Who is let in: holders of a certificate of the cluster's authority whose organisation is <c>system:masters</c>, and nobody else.
/// The authority was checked when the connection was made. Without TLS (tests, in this process) everybody.
/// </summary>
internal sealed class ClientGate(bool isOpen)
{
    private const string Organisation = "2.5.4.10";

    /// <exception cref="ApiException">The client is not let in.</exception>
    public void Check(HttpContext http)
    {
        if (isOpen)
        {
            RequestUser.Server.AttachTo(http);
            return;
        }

        var certificate = http.Connection.ClientCertificate ?? throw ApiErrors.Unauthorized();
        var user = new RequestUser(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), [.. Groups(certificate)]);
        if (!user.Groups.Contains(RequestUser.Masters))
        {
            throw new ApiException(
                403, "Forbidden", $"User \"{user.Name}\" is not one of {RequestUser.Masters}, and nobody else has rights yet");
        }

        user.AttachTo(http);
    }

    private static IEnumerable<string> Groups(X509Certificate2 certificate) =>
        certificate.SubjectName.EnumerateRelativeDistinguishedNames()
            .Where(name => !name.HasMultipleElements && name.GetSingleElementType().Value == Organisation)
            .Select(name => name.GetSingleElementValue() ?? "");
}
