using System.Security.Cryptography.X509Certificates;

namespace Etcdish.Kubelet.Server;

/// <summary>Who sends requests to a kubelet.</summary>
/// <param name="Name">His name.</param>
/// <param name="Uid">What tells him from others that had the name; empty if nothing does.</param>
/// <param name="Groups">The groups he is in.</param>
internal sealed record ServerUser(string Name, string Uid, IReadOnlyList<string> Groups)
{
    /// <summary>The group of those who may do everything, whatever the policy says.</summary>
    public const string Masters = "system:masters";

    private const string Authenticated = "system:authenticated";
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";

    /// <summary>Whether he may do everything.</summary>
    public bool IsMaster => Groups.Contains(Masters);

    /// <summary>The user that a certificate names: the common name, in the groups that are its organizations. Null: it names none.</summary>
    public static ServerUser? FromCertificate(X509Certificate2 certificate)
    {
        var name = "";
        List<string> groups = [];
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
            {
                continue;
            }

            var (type, value) = (part.GetSingleElementType().Value, part.GetSingleElementValue() ?? "");
            if (type == CommonName)
            {
                name = value;
            }
            else if (type == Organization)
            {
                groups.Add(value);
            }
        }

        return name.Length == 0 ? null : new ServerUser(name, "", [.. groups, Authenticated]);
    }
}
