using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubernetes.Tests.Client;

/// <summary>Kubeconfig files, as kubectl and its like write them.</summary>
public sealed class KubeconfigFileTests
{
    private const string Two = """
        apiVersion: v1
        kind: Config
        current-context: one
        clusters:
        - {name: c1, cluster: {server: "https://one:6443", tls-server-name: inside}}
        - {name: c2, cluster: {server: "https://two:6443", insecure-skip-tls-verify: true}}
        users:
        - {name: u1, user: {token: secret}}
        - {name: u2, user: {tokenFile: tokens/t}}
        contexts:
        - {name: one, context: {cluster: c1, user: u1, namespace: here}}
        - {name: two, context: {cluster: c2, user: u2}}
        """;

    [Test]
    public void The_current_context_counts()
    {
        var access = Parse(Two);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(access.Server, Is.EqualTo(new Uri("https://one:6443")));
            Assert.That(access.ServerName, Is.EqualTo("inside"));
            Assert.That(access.Token, Is.EqualTo("secret"));
            Assert.That(access.Namespace, Is.EqualTo("here"));
            Assert.That(access.SkipsVerification, Is.False);
        }
    }

    [Test]
    public void Another_context_can_be_named()
    {
        var access = Parse(Two, "two");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(access.Server.Host, Is.EqualTo("two"));
            Assert.That(access.SkipsVerification, Is.True);
            Assert.That(access.TokenFile, Is.EqualTo(Path.Combine("/folder", "tokens/t")));
            Assert.That(access.Namespace, Is.EqualTo("default"));
        }
    }

    [Test]
    public void Certificates_may_be_in_it()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=me", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        var pem = Encode(certificate.ExportCertificatePem());
        var access = Parse($$$"""
            current-context: x
            clusters: [{name: x, cluster: {server: "https://s", certificate-authority-data: {{{pem}}} }}]
            users: [{name: x, user: {client-certificate-data: {{{pem}}}, client-key-data: {{{Encode(key.ExportPkcs8PrivateKeyPem())}}} }}]
            contexts: [{name: x, context: {cluster: x, user: x}}]
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(access.Authority!, Has.Count.EqualTo(1));
            Assert.That(access.Certificate!.HasPrivateKey, Is.True);
            Assert.That(access.Certificate.Subject, Is.EqualTo("CN=me"));
        }

        static string Encode(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
    }

    [TestCase("a: 1", "current-context")]
    [TestCase("current-context: x", "no context \"x\"")]
    [TestCase("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", "no cluster \"c\"")]
    [TestCase(
        "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: nowhere}}]", "is no URL")]
    [TestCase(
        "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: z}}]\nclusters: [{name: c, cluster: {server: 'http://s'}}]\n"
        + "users: [{name: z, user: {exec: {command: c}}}]",
        "exec")]
    [TestCase("- 1", "map")]
    [TestCase("a: [", "cannot be read")]
    public void What_is_wrong_is_said(string text, string message) =>
        Assert.That(() => Parse(text), Throws.TypeOf<FormatException>().With.Message.Contains(message));

    private static ClusterAccess Parse(string yaml, string? context = null) =>
        KubeconfigFile.Parse(Encoding.UTF8.GetBytes(yaml), "/folder", context);
}
