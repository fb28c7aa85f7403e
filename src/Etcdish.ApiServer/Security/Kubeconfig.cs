using System.Text;

namespace Etcdish.ApiServer.Security;

/// <summary>The file by which clients reach a cluster.</summary>
public static class Kubeconfig
{
    /// <summary>
    /// Writes one with a single cluster, named etcdish, and its administrator. It holds a private key: only its owner may read it.
    /// </summary>
    /// <param name="path">The file; what was there is replaced.</param>
    /// <param name="server">The server's URL.</param>
    /// <param name="certificates">The cluster's authority.</param>
    public static void WriteAdmin(string path, string server, ClusterCertificates certificates)
    {
        var (certificate, key) = certificates.MakeClient("kubernetes-admin", "system:masters");
        Write(path, server, certificates, "admin", $"client-certificate-data: {Encode(certificate)}", $"client-key-data: {Encode(key)}");
    }

    /// <summary>Writes one for whoever has a token; as that is a secret, only the file's owner may read it.</summary>
    /// <param name="path">The file; what was there is replaced.</param>
    /// <param name="server">The server's URL.</param>
    /// <param name="certificates">The cluster's authority.</param>
    /// <param name="user">What the user is called in the file.</param>
    /// <param name="token">The token.</param>
    public static void WriteToken(string path, string server, ClusterCertificates certificates, string user, string token) =>
        Write(path, server, certificates, user, $"token: {token}");

    private static void Write(string path, string server, ClusterCertificates certificates, string user, params string[] credentials) =>
        SecretFile.Write(path, $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: etcdish
              cluster:
                server: {server}
                certificate-authority-data: {Encode(certificates.AuthorityPem)}
            users:
            - name: {user}
              user:
                {string.Join("\n    ", credentials)}
            contexts:
            - name: etcdish
              context:
                cluster: etcdish
                user: {user}
            current-context: etcdish

            """);

    private static string Encode(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}
