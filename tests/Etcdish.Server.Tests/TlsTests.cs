using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Client;
using Etcdish.Rpc;
using Etcdish.Server.Configuration;

namespace Etcdish.Server.Tests;

public sealed class TlsTests
{
    private DirectoryInfo _folder = null!;
    private X509Certificate2 _authority = null!;
    private X509Certificate2 _clientCertificate = null!;

    [SetUp]
    public void MakeCertificates()
    {
        _folder = Directory.CreateTempSubdirectory("etcdish-tls-");
        _authority = MakeAuthority("Test CA");
        File.WriteAllText(PathOf("ca.crt"), _authority.ExportCertificatePem());
        using X509Certificate2 server = MakeLeaf(_authority, "server");
        File.WriteAllText(PathOf("server.crt"), server.ExportCertificatePem());
        File.WriteAllText(PathOf("server.key"), server.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        _clientCertificate = MakeLeaf(_authority, "client");
    }

    [TearDown]
    public void RemoveCertificates()
    {
        _authority.Dispose();
        _clientCertificate.Dispose();
        _folder.Delete(recursive: true);
    }

    [Test]
    public async Task A_client_that_trusts_the_authority_is_served()
    {
        await using RunningServer server = await StartAsync(clientCertAuth: false);
        await using EtcdClient client = Connect(server, certificate: null);
        await client.Kv.PutAsync("k", "v");

        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        using var http = new HttpClient(handler);
        Assert.That(await http.GetStringAsync(new Uri(server.Url + "/livez")), Is.EqualTo("ok\n"));
    }

    [Test]
    public async Task With_client_certificates_only_their_holders_are_served()
    {
        using X509Certificate2 stranger = MakeAuthority("Other CA");
        using X509Certificate2 strangersCertificate = MakeLeaf(stranger, "client");
        await using RunningServer server = await StartAsync(clientCertAuth: true);
        await using EtcdClient known = Connect(server, _clientCertificate);
        await using EtcdClient without = Connect(server, certificate: null);
        await using EtcdClient unknown = Connect(server, strangersCertificate);

        Assert.That(async () => await known.Kv.PutAsync("k", "v"), Throws.Nothing);
        await Assert.ThrowsAsync<RpcException>(() => without.Kv.PutAsync("k", "v"));
        await Assert.ThrowsAsync<RpcException>(() => unknown.Kv.PutAsync("k", "v"));
    }

    [Test]
    public void A_certificate_that_cannot_be_read_is_named() => Assert.That(
        async () =>
        {
            await using RunningServer server = await RunningServer.StartAsync(options => options with
            {
                ListenClientUrls = [EtcdUrl.Parse("https://127.0.0.1:0")],
                ClientTls = new TlsOptions { CertFile = PathOf("none.crt"), KeyFile = PathOf("none.key") },
            });
        },
        Throws.TypeOf<OptionException>().With.Message.Contains("none.crt"));

    private static X509Certificate2 MakeAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static X509Certificate2 MakeLeaf(X509Certificate2 authority, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using X509Certificate2 signed = request.Create(
            authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(12), RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private Task<RunningServer> StartAsync(bool clientCertAuth) => RunningServer.StartAsync(options => options with
    {
        ListenClientUrls = [EtcdUrl.Parse("https://127.0.0.1:0")],
        ClientTls = new TlsOptions
        {
            CertFile = PathOf("server.crt"),
            KeyFile = PathOf("server.key"),
            TrustedCaFile = clientCertAuth ? PathOf("ca.crt") : "",
            ClientCertAuth = clientCertAuth,
        },
    });

    private EtcdClient Connect(RunningServer server, X509Certificate2? certificate)
    {
        var tls = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            },
        };
        tls.CertificateChainPolicy.CustomTrustStore.Add(_authority);
        if (certificate is not null)
        {
            tls.ClientCertificates = [certificate];
        }

        return new EtcdClient(new EtcdClientOptions { Endpoints = [server.Url], Tls = tls, MaxAttempts = 1 });
    }
}
