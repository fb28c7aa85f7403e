using System.Net;
using System.Text.Json.Nodes;
using Etcdish.Network.Services;
using Etcdish.Network.Tests.Nftables;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Services;

/// <summary>What load balancers are told over HTTP.</summary>
public sealed class HealthTests
{
    private readonly HttpClient _http = new();
    private readonly ManualClock _clock = new();

    [OneTimeTearDown]
    public void End() => _http.Dispose();

    [Test]
    public async Task A_health_check_port_says_whether_the_node_has_endpoints_and_closes_with_its_service()
    {
        var port = FreePorts.Take();
        var isHealthy = true;
        await using var ports = new ServiceHealthPorts(() => isHealthy, Assert.Fail);
        var none = SampleRoutes.Web("!10.0.0.1").Local() with { HealthCheckNodePort = port };
        var two = none with { ReadyOnThisNode = 2 };

        await ports.TakeAsync([((ServiceRoute?)null).To(none)], CancellationToken.None);
        Assert.That(await AskAsync(port), Is.EqualTo((503, Answer(0))));
        await ports.TakeAsync([none.To(two)], CancellationToken.None);
        Assert.That(await AskAsync(port), Is.EqualTo((200, Answer(2))));
        isHealthy = false;
        Assert.That((await AskAsync(port)).Status, Is.EqualTo(503));

        await ports.TakeAsync([two.To(null)], CancellationToken.None);
        Assert.That(async () => await AskAsync(port), Throws.InstanceOf<HttpRequestException>());
    }

    [Test]
    public async Task A_port_that_is_taken_is_told_and_tried_again()
    {
        var port = FreePorts.Take();
        List<string> warnings = [];
        await using var ports = new ServiceHealthPorts(() => true, warnings.Add);
        var route = SampleRoutes.Web("10.0.0.1").Local() with { HealthCheckNodePort = port, ReadyOnThisNode = 1 };
        await using (await HealthPort.StartAsync(new IPEndPoint(IPAddress.IPv6Any, port), _ => Task.CompletedTask, CancellationToken.None))
        {
            await ports.TakeAsync([((ServiceRoute?)null).To(route)], CancellationToken.None);
            Assert.That(warnings.Single(), Does.Contain($"{port} of service shop/web cannot be opened"));
        }

        await ports.TakeAsync([route.To(route with { ReadyOnThisNode = 3 })], CancellationToken.None);
        Assert.That((await AskAsync(port)).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task A_proxy_is_healthy_unless_something_waits_for_long()
    {
        var health = new ProxyHealth(_clock);
        var port = FreePorts.Take();
        var address = new IPEndPoint(IPAddress.Loopback, port);
        await using var server = await HealthPort.StartAsync(address, health.AnswerAsync, CancellationToken.None);
        health.IsDone();
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.That((await AskAsync(port, "healthz")).Status, Is.EqualTo(200), "nothing waits");
        health.Waits();
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.That((await AskAsync(port, "healthz")).Status, Is.EqualTo(200));
        health.Waits();
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.That((await AskAsync(port, "healthz")).Status, Is.EqualTo(503));
        Assert.That((await AskAsync(port, "livez")).Status, Is.EqualTo(503));
        health.IsDone();
        health.SetNode(isEligible: false);
        var (status, text) = await AskAsync(port, "healthz");
        Assert.That((status, (bool)JsonNode.Parse(text)!["nodeEligible"]!), Is.EqualTo((503, false)));
        Assert.That((await AskAsync(port, "livez")).Status, Is.EqualTo(200));
        Assert.That((await AskAsync(port, "metrics")).Status, Is.EqualTo(404));
    }

    private static string Answer(int count) =>
        $$"""{"service":{"namespace":"shop","name":"web"},"localEndpoints":{{count}},"serviceProxyHealthy":true}""";

    private async Task<(int Status, string Text)> AskAsync(int port, string path = "")
    {
        using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{port}/{path}"));
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
