using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Security;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests;

/// <summary>The server as users run it: with TLS and HTTP/2.</summary>
[TestFixture]
public class TlsTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private TemporaryFolder _folder = null!;
    private ClusterCertificates _certificates = null!;
    private TestCluster _cluster = null!;

    [SetUp]
    public async Task Start()
    {
        _folder = new TemporaryFolder();
        _certificates = ClusterCertificates.Open(_folder.File("pki"));
        _cluster = await TestCluster.StartAsync(StoreKind.InProcess, options => options with { Certificates = _certificates });
    }

    [TearDown]
    public async Task Stop()
    {
        await _cluster.DisposeAsync();
        _certificates.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task A_certificate_of_another_authority_is_not_let_in()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("O=system:masters,CN=intruder", key, HashAlgorithmName.SHA256);
        using var own = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var http = Client(X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null));

        Assert.That(await StatusAsync(http), Is.EqualTo(0).Or.EqualTo(401).Or.EqualTo(403));
    }

    [Test]
    public async Task The_advertised_address_is_served_and_is_where_the_service_leads()
    {
        var address = IPAddress.Parse("127.0.0.77");
        await using var cluster = await TestCluster.StartAsync(
            StoreKind.InProcess, options => options with { Certificates = _certificates, AdvertiseAddress = address });
        using var http = cluster.ConnectInProcess("admin", "system:masters");
        var slice = JsonNode.Parse(await http.GetStringAsync("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"))!;
        var port = (int)slice["ports"]![0]!["port"]!;

        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(address, port);
        await using var tls = new SslStream(socket.GetStream(), false, (_, certificate, _, _) => certificate!.Subject == "CN=kube-apiserver");
        await tls.AuthenticateAsClientAsync("10.96.0.1");

        Assert.That((string?)slice["endpoints"]![0]!["addresses"]![0], Is.EqualTo("127.0.0.77"));
        Assert.That(((X509Certificate2)tls.RemoteCertificate!).MatchesHostname("10.96.0.1"));
        Assert.That(((X509Certificate2)tls.RemoteCertificate!).MatchesHostname("127.0.0.77"));
    }

    [Test]
    public async Task A_client_without_a_certificate_gets_nothing()
    {
        using var http = Client(null);

        Assert.That(await StatusAsync(http), Is.EqualTo(401).Or.EqualTo(403));
    }

    [Test]
    public async Task Large_bodies_come_through_http2()
    {
        var (certificate, key) = _certificates.MakeClient("admin", "system:masters");
        using var pem = X509Certificate2.CreateFromPem(certificate, key);
        using var http = Client(X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null));
        var text = new string('x', 900_000);
        using var body = new StringContent(
            $$$"""{"metadata":{"name":"large"},"data":{"text":"{{{text}}}"}}""", Encoding.UTF8, "application/json");
        using var written = await http.PostAsync(ConfigMaps, body);
        var read = await http.GetStringAsync(ConfigMaps);
        using var tooLarge = await http.PostAsync(
            ConfigMaps, new StringContent(new string('[', 5_000_000), Encoding.UTF8, "application/json"));

        Assert.That((written.Version, written.StatusCode), Is.EqualTo((HttpVersion.Version20, HttpStatusCode.Created)));
        Assert.That(read, Does.Contain(text));
        Assert.That(tooLarge.StatusCode, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
    }

    /// <summary>The status of an answer; 0 if there is no connection.</summary>
    private static async Task<int> StatusAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync(ConfigMaps);
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    private HttpClient Client(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = certificate is null ? null : [certificate],
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { X509Certificate2.CreateFromPem(_certificates.AuthorityPem) },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
        return new HttpClient(handler)
        {
            BaseAddress = _cluster.Http.BaseAddress,
            DefaultRequestVersion = HttpVersion.Version20,
            Timeout = TimeSpan.FromSeconds(20),
        };
    }
}
