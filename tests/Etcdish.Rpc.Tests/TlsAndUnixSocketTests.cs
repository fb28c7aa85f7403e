using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Rpc.Tests.Protos;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Etcdish.Rpc.Tests;

/// <summary>The other two ways in: TLS with and without client certificates, and Unix sockets.</summary>
public class TlsAndUnixSocketTests
{
    private readonly X509Certificate2 _serverCertificate = SelfSigned("localhost");
    private readonly X509Certificate2 _clientCertificate = SelfSigned("root");

    [OneTimeTearDown]
    public void Dispose()
    {
        _serverCertificate.Dispose();
        _clientCertificate.Dispose();
    }

    [Test]
    public async Task TLS_serves_gRPC_and_plain_HTTP_by_ALPN([Values(1, 2)] int version)
    {
        await using EchoServer server = await EchoServer.StartAsync(tls: new HttpsConnectionAdapterOptions { ServerCertificate = _serverCertificate });
        using var channel = new RpcChannel(Address(server), new RpcChannelOptions { Tls = TrustOurs() });
        using var handler = new SocketsHttpHandler { SslOptions = TrustOurs() };
        using var client = new HttpClient(handler)
        {
            DefaultRequestVersion = new Version(version, version == 1 ? 1 : 0),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        Assert.That((await PeerAsync(channel)).Text, Is.EqualTo("127.0.0.1  True"));
        Assert.That(await client.GetStringAsync(new Uri(Address(server), "/health")), Does.EndWith("/health"));
    }

    [Test]
    public async Task A_URL_as_authority_is_served_over_TLS()
    {
        await using EchoServer server = await EchoServer.StartAsync(tls: new HttpsConnectionAdapterOptions { ServerCertificate = _serverCertificate });
        SslClientAuthenticationOptions tls = TrustOurs();
        tls.TargetHost = "localhost";
        tls.ApplicationProtocols = [SslApplicationProtocol.Http2];
        using RawHttp2Client client = await RawHttp2Client.ConnectSilentlyAsync(server.Port, tls);
        await client.SendBytesAsync(RawHttp2Client.Preface);
        await client.SendAsync(FrameType.Settings, 0, 0, []);

        byte[] url = ModelHpack.Literal(ModelHpack.Indexing, 1, "https://localhost:2379", isHuffman: true);
        await AuthorityTests.CallAsync(client, 1, AuthorityTests.Block(url));
        await AuthorityTests.CallAsync(client, 3, AuthorityTests.Block(ModelHpack.Indexed(62)));
    }

    [Test]
    public async Task The_handler_sees_the_clients_certificate()
    {
        await using EchoServer server = await EchoServer.StartAsync(tls: MutualTls());
        SslClientAuthenticationOptions tls = TrustOurs();
        tls.ClientCertificates = [_clientCertificate];
        using var channel = new RpcChannel(Address(server), new RpcChannelOptions { Tls = tls });

        Assert.That((await PeerAsync(channel)).Text, Is.EqualTo("127.0.0.1 CN=root True"));
    }

    [Test]
    public async Task Without_a_certificate_a_client_is_not_let_in_and_knows_that_nothing_was_done()
    {
        await using EchoServer server = await EchoServer.StartAsync(tls: MutualTls());
        using var channel = new RpcChannel(Address(server), new RpcChannelOptions { Tls = TrustOurs() });

        RpcException failure = await CallTests.FailureAsync(PeerAsync(channel));

        Assert.That(failure.Code, Is.EqualTo(StatusCode.Unavailable));
    }

    [Test]
    public async Task An_untrusted_server_is_refused_by_the_client()
    {
        await using EchoServer server = await EchoServer.StartAsync(tls: new HttpsConnectionAdapterOptions { ServerCertificate = _serverCertificate });
        using var channel = new RpcChannel(Address(server));

        RpcException failure = await CallTests.FailureAsync(PeerAsync(channel));

        Assert.That(failure.Code, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(failure.RequestNotSent);
    }

    [Test]
    public async Task Plain_text_to_a_TLS_port_is_unavailable()
    {
        await using EchoServer server = await EchoServer.StartAsync(tls: new HttpsConnectionAdapterOptions { ServerCertificate = _serverCertificate });
        using var channel = new RpcChannel(new Uri(server.Url));

        Assert.That((await CallTests.FailureAsync(PeerAsync(channel))).Code, Is.EqualTo(StatusCode.Unavailable));
    }

    [Test]
    public async Task A_Unix_socket_serves_gRPC()
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():n}.sock");
        await using EchoServer server = await EchoServer.StartAsync(endPoint: new UnixDomainSocketEndPoint(path));
        using var channel = new RpcChannel(new Uri("http://localhost"), new RpcChannelOptions { EndPoint = new UnixDomainSocketEndPoint(path) });

        Assert.That((await PeerAsync(channel)).Text, Is.EqualTo("  False"));
    }

    private static Uri Address(EchoServer server) => new($"https://127.0.0.1:{server.Port}");

    private static Task<EchoResponse> PeerAsync(RpcChannel channel) =>
        channel.UnaryAsync("/etcdish.rpc.tests.Echo/Unary", new EchoRequest { Command = "peer" }, EchoResponse.Parser);

    private HttpsConnectionAdapterOptions MutualTls() => new()
    {
        ServerCertificate = _serverCertificate,
        ClientCertificateMode = ClientCertificateMode.RequireCertificate,
        ClientCertificateValidation = (certificate, _, _) => certificate.Thumbprint == _clientCertificate.Thumbprint,
    };

    private SslClientAuthenticationOptions TrustOurs() => new()
    {
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == _serverCertificate.Thumbprint,
    };

    private static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
