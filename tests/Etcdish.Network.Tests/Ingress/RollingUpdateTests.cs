using Etcdish.Network.Tests.Ingress.Rolling;

namespace Etcdish.Network.Tests.Ingress;

/// <summary>
/// Deployments are rolled again and again under load, with real controllers and a real API server. The same at any length:
/// <c>dotnet run -c Release --project perf/Etcdish.NetLoad -- rolling --requests 1000000</c>.
/// </summary>
public sealed class RollingUpdateTests
{
    [Test]
    [CancelAfter(300_000)]
    public async Task NoneOfAHundredThousandRequestsFails(CancellationToken cancellation)
    {
        const int requests = 100_000;
        var report = await RollingRun.RunAsync(requests, between: 5_000, PodEnd.AfterAWhile, cancellation);
        await TestContext.Out.WriteLineAsync($"{report}\n{string.Join('\n', report.Kinds)}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Failed, Is.Zero, string.Join('\n', report.Failures));
            Assert.That(report.Sent, Is.EqualTo(requests));
            Assert.That(report.Rollouts, Is.GreaterThan(10));
        }
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task PodsThatAreKilledLoseRequestsSoFailuresAreSeen(CancellationToken cancellation)
    {
        var report = await RollingRun.RunAsync(20_000, between: 2_000, PodEnd.Killed, cancellation);
        await TestContext.Out.WriteLineAsync($"{report}\n{string.Join('\n', report.Kinds)}");
        Assert.That(report.Failed, Is.Positive);
    }
}
