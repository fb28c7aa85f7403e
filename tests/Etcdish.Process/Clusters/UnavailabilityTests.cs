using System.Globalization;
using Etcdish.Load.Gaps;
using Etcdish.Load.Measuring;
using Etcdish.Testing;

namespace Etcdish.Process.Clusters;

/// <summary>
/// How long no write is acknowledged when the leader goes. The figures are printed; what is asserted needs no clock to be fair: the
/// cluster writes again, and an orderly end costs less than a kill. For figures to publish there is <c>Etcdish.Load gap</c>.
/// </summary>
public abstract class UnavailabilityTests
{
    /// <summary>Leaders lost in each way.</summary>
    private static int Rounds =>
        int.TryParse(Environment.GetEnvironmentVariable("ETCDISH_GAP_ROUNDS"), CultureInfo.InvariantCulture, out int rounds) ? rounds : 1;

    [Test]
    public async Task An_orderly_end_of_the_leader_costs_less_than_its_death()
    {
        using var cluster = new ServerCluster(CreateMember);
        cluster.UseArguments("--heartbeat-interval", "50", "--election-timeout", "500");
        await cluster.StartAsync();
        await using var meter = new WriteGapMeter(cluster.ClientUrls);
        double killed = await MedianAsync("kill -9", cluster, meter, member => member.Kill(), member => member.Start());
        double stopped = await MedianAsync("SIGSTOP", cluster, meter, member => member.Pause(), member => member.Resume());
        double ended = await MedianAsync("SIGTERM", cluster, meter, member => member.Terminate(), member => member.Start());
        Assert.That(ended, Is.LessThan(killed).And.LessThan(stopped), cluster.Describe());
    }

    /// <summary>A server that was not started yet.</summary>
    protected abstract ServerProcess CreateMember();

    // Waiting for a process blocks; of the thread pool's few threads the meter needs every one.
    private static Task OnThreadOfItsOwnAsync(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task<double> MedianAsync(
        string name, ServerCluster cluster, WriteGapMeter meter, Action<ServerProcess> fault, Action<ServerProcess> mend)
    {
        List<double> gaps = [];
        for (int round = 0; round < Rounds; round++)
        {
            ServerProcess leader = await cluster.LeaderAsync();
            TimeSpan gap = await GapTrial.MeasureAsync(
                meter,
                () => OnThreadOfItsOwnAsync(() => fault(leader)),
                CancellationToken.None);
            gaps.Add(gap.TotalMilliseconds);
            mend(leader);
            await cluster.WaitUntilHealthyAsync();
        }

        double median = Median.Of(gaps);
        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{cluster.Members[0].Name} {name}: median {median:F0} ms, longest {gaps.Max():F0} ms"));
        return median;
    }
}

/// <summary>On genuine etcd.</summary>
public class GenuineEtcdUnavailabilityTests : UnavailabilityTests
{
    protected override ServerProcess CreateMember() => new GenuineEtcd();
}

/// <summary>On ours.</summary>
public class EtcdishUnavailabilityTests : UnavailabilityTests
{
    protected override ServerProcess CreateMember() => new EtcdishServer();
}
