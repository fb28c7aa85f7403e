using System.Net;

namespace Etcdish.Rpc.Tests;

/// <summary>One plain port, two protocols.</summary>
public class SharedPortTests
{
    [TestCase(1, "plain HTTP/1.1 /health")]
    [TestCase(2, "plain HTTP/2 /health")]
    public async Task Plain_HTTP_reaches_the_fallback(int version, string expected)
    {
        await using EchoServer server = await EchoServer.StartAsync();
        using var client = new HttpClient
        {
            DefaultRequestVersion = new Version(version, version == 1 ? 1 : 0),
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        string answer = await client.GetStringAsync(server.Url + "/health");

        Assert.That(answer, Is.EqualTo(expected));
    }

    [Test]
    public async Task A_second_server_on_the_port_fails_and_names_the_address()
    {
        await using EchoServer first = await EchoServer.StartAsync();

        IOException? failure = await Assert.ThrowsAsync<IOException>(
            () => EchoServer.StartAsync(endPoint: new IPEndPoint(IPAddress.Loopback, first.Port)));

        Assert.That(failure!.Message, Is.EqualTo($"listen on 127.0.0.1:{first.Port}: bind: address already in use"));
    }
}
