using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Network.Tests.Ingress;

public sealed class TlsTests
{
    [Test]
    public async Task EachHostShowsItsCertificate()
    {
        await using var bench = await StartAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await SubjectAsync(bench, "web.example"), Is.EqualTo("CN=one"));
            Assert.That(await SubjectAsync(bench, "WEB.example"), Is.EqualTo("CN=one"));
            Assert.That(await SubjectAsync(bench, "a.wild.example"), Is.EqualTo("CN=one"));
            Assert.That(await SubjectAsync(bench, "a.b.wild.example"), Is.EqualTo("CN=Etcdish Ingress Default Certificate"));
            Assert.That(await SubjectAsync(bench, ""), Is.EqualTo("CN=Etcdish Ingress Default Certificate"));
        }
    }

    [Test]
    public async Task ACertificateChangesUnderConnectionsThatStay([Values("1.1", "2.0")] string version)
    {
        await using var bench = await StartAsync();
        using var client = bench.Connect(Version.Parse(version));
        var connection = await client.GetStringAsync("https://web.example/");
        for (var i = 0; i < 5; i++)
        {
            bench.SetSecret("cert", TestCertificate.Make($"new{i}"));
            Assert.That(await SubjectAsync(bench, "web.example"), Is.EqualTo($"CN=new{i}"));
            Assert.That(await client.GetStringAsync("https://web.example/"), Is.EqualTo(connection));
        }
    }

    [TestCase("", "web.example", 308)]
    [TestCase("'nginx.ingress.kubernetes.io/ssl-redirect':'false'", "web.example", 200)]
    [TestCase("", "plain.example", 200)]
    public async Task AHostWithTlsSendsItsClientsThere(string annotations, string host, int status)
    {
        await using var bench = await StartAsync(annotations);
        using var client = bench.Connect();
        using var response = await client.GetAsync($"http://{host}/a%20b?c=d");
        Assert.That((int)response.StatusCode, Is.EqualTo(status));
        if (status == 308)
        {
            Assert.That(
                response.Headers.Location!.AbsoluteUri, Is.EqualTo($"https://{host}:{bench.Listener.HttpsEndPoint.Port}/a%20b?c=d"));
        }
    }

    [Test]
    public async Task ASecretThatIsNoneIsAProblemAndTheHostServesStill()
    {
        await using var bench = await StartAsync();
        bench.SetSecret("cert", new TestCertificate("nonsense"u8.ToArray(), []));
        Assert.That(bench.Router.Compile().Select(problem => problem.Reason), Is.EqualTo(["InvalidSecret"]));
        Assert.That(await SubjectAsync(bench, "web.example"), Does.Contain("Default"));

        // A key of another certificate.
        bench.SetSecret("cert", new TestCertificate(TestCertificate.Make("a").CertificatePem, TestCertificate.Make("b").KeyPem));
        Assert.That(bench.Router.Compile().Select(problem => problem.Reason), Is.EqualTo(["InvalidSecret"]));
    }

    private static async Task<IngressBench> StartAsync(string annotations = "")
    {
        var bench = new IngressBench();
        var backend = await bench.AddBackendAsync(context => context.Response.WriteAsync(context.Connection.Id));
        bench.AddService("web", "", backend.Port);
        bench.SetSecret("cert", TestCertificate.Make("one"));
        bench.AddIngress(
            IngressBench.Rule("web.example", "/", "Prefix", "web") + "," + IngressBench.Rule("plain.example", "/", "Prefix", "web"),
            "'tls':[{'hosts':['web.example','*.wild.example'],'secretName':'cert'}],",
            annotations);
        await bench.StartAsync();
        return bench;
    }

    private static async Task<string> SubjectAsync(IngressBench bench, string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(bench.Listener.HttpsEndPoint);
        await using var tls = new SslStream(client.GetStream());
        X509Certificate? shown = null;
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = host,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => (shown = certificate) is not null,
        });
        return shown!.Subject;
    }
}
