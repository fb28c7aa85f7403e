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
        SecretFile.Write(path, $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: etcdish
              cluster:
                server: {server}
                certificate-authority-data: {Encode(certificates.AuthorityPem)}
            users:
            - name: admin
              user:
                client-certificate-data: {Encode(certificate)}
                client-key-data: {Encode(key)}
            contexts:
            - name: etcdish
              context:
                cluster: etcdish
                user: admin
            current-context: etcdish

            """);
    }

    private static string Encode(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}
