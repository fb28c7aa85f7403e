using System.Security.Cryptography;
using System.Text;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubelet.Certificates;

/// <summary>
/// The kubeconfig by which a node is known to the API as <c>system:node:NAME</c>. Where there is none, the node asks for its certificate as
/// somebody who may ask for nodes: an administrator, or the owner of a bootstrap token with that right.
/// </summary>
public static class NodeKubeconfig
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Sees that there is one with a certificate that holds for a while: makes it if there is none, and renews its certificate if four
    /// fifths of that one's life are over.
    /// </summary>
    /// <param name="path">The kubeconfig.</param>
    /// <param name="bootstrap">The kubeconfig of who asks if there is none.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="warn">Is told when the request waits long.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">A file cannot be read or written, or no certificate is to be had; the message says why.</exception>
    /// <exception cref="FormatException">A file is no kubeconfig.</exception>
    public static async Task EnsureAsync(
        string path, string bootstrap, string node, TimeProvider clock, Action<string> warn, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var known = File.Exists(path) ? KubeconfigFile.Read(path) : null;
        if (known is not null && (known.Certificate is not { } current || now < CertificateLife.RenewalOf(current)))
        {
            return;
        }

        var access = known is not null && now < known.Certificate!.NotAfter ? known : KubeconfigFile.Read(bootstrap);
        using var client = new KubernetesClient(access.MakeHandler(), access.Server, "kubelet");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            var wish = new CertificateWish(node, key, CertificateWish.ClientSigner, "client auth", []);
            var certificate = await new CertificateAsker(client, clock, warn).AskAsync(wish, cancellation)
                .WaitAsync(_patience, clock, cancellation);
            PrivateFile.Write(path, Text(access, node, certificate, key.ExportPkcs8PrivateKeyPem()));
        }
        catch (Exception e) when (e is CertificateRefusedException or ApiStatusException or HttpRequestException or TimeoutException)
        {
            throw new IOException($"no certificate for node {node}: {e.Message}", e);
        }
    }

    private static string Text(ClusterAccess access, string node, string certificate, string key)
    {
        List<string> cluster = [$"server: {access.Server.ToString().TrimEnd('/')}"];
        if (access.Authority is { } authority)
        {
            cluster.Add($"certificate-authority-data: {Encode(string.Join('\n', authority.Select(one => one.ExportCertificatePem())))}");
        }

        if (access.ServerName is { } name)
        {
            cluster.Add($"tls-server-name: {name}");
        }

        if (access.SkipsVerification)
        {
            cluster.Add("insecure-skip-tls-verify: true");
        }

        return $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: default
              cluster:
                {string.Join("\n    ", cluster)}
            users:
            - name: system:node:{node}
              user:
                client-certificate-data: {Encode(certificate)}
                client-key-data: {Encode(key)}
            contexts:
            - name: default
              context:
                cluster: default
                user: system:node:{node}
            current-context: default

            """;
    }

    private static string Encode(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}
