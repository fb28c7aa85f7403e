using System.Globalization;
using Etcdish.Process.Recording;
using Etcdish.Testing;

namespace Etcdish.Process.Clusters;

/// <summary>
/// Three members under traffic at all of them, while one is killed, paused, asked to end, or comes back without its disk: every
/// acknowledged write survives, all of it is linearizable whichever member was asked, and no watch that moves from member to member
/// loses, repeats or reorders an event. A subclass says whose servers they are.
/// </summary>
public abstract class ClusterFaultTests
{
    private static readonly TimeSpan _exitLimit = TimeSpan.FromSeconds(30);
    private static readonly TrafficOptions _traffic = new() { Clients = 9 };

    /// <summary>Faults a test. More for a long night: ETCDISH_CLUSTER_ROUNDS.</summary>
    private static int Rounds =>
        int.TryParse(Environment.GetEnvironmentVariable("ETCDISH_CLUSTER_ROUNDS"), CultureInfo.InvariantCulture, out int n) ? n : 2;

    [Test]
    public Task Undisturbed() => JudgeAsync(_traffic, (_, recorder) => recorder.WaitForAcknowledgedAsync(1_500));

    [Test]
    public Task Killed_leaders() => JudgeAsync(_traffic, async (cluster, recorder) =>
    {
        for (int round = 0; round < Rounds; round++)
        {
            await recorder.WaitForAcknowledgedAsync(300 + 37 * (round % 8));
            ServerProcess leader = await cluster.LeaderAsync();
            leader.Kill();
            await recorder.WaitForAcknowledgedAsync(100);
            leader.Start();
            recorder.Gate.Open();
        }
    });

    [Test]
    public Task Killed_followers() => JudgeAsync(_traffic, async (cluster, recorder) =>
    {
        for (int round = 0; round < Rounds; round++)
        {
            await recorder.WaitForAcknowledgedAsync(300 + 37 * (round % 8));
            ServerProcess follower = await cluster.FollowerAsync();
            follower.Kill();
            await recorder.WaitForAcknowledgedAsync(100);
            follower.Start();
            recorder.Gate.Open();
        }
    });

    // The paused one is resumed only after another leads, so it wakes as a leader that is none any more.
    [Test]
    public Task Paused_leaders() => JudgeAsync(_traffic with { CallTimeout = TimeSpan.FromSeconds(1) }, async (cluster, recorder) =>
    {
        for (int round = 0; round < Rounds; round++)
        {
            await recorder.WaitForAcknowledgedAsync(300);
            ServerProcess leader = await cluster.LeaderAsync();
            leader.Pause();
            await cluster.LeaderAsync();
            await recorder.WaitForAcknowledgedAsync(200);
            leader.Resume();
        }
    });

    [Test]
    public Task Terminated_leaders() => JudgeAsync(_traffic, async (cluster, recorder) =>
    {
        for (int round = 0; round < Rounds; round++)
        {
            await recorder.WaitForAcknowledgedAsync(300);
            ServerProcess leader = await cluster.LeaderAsync();
            TerminateInOrder(leader);
            await recorder.WaitForAcknowledgedAsync(100);
            leader.Start();
            recorder.Gate.Open();
        }
    });

    [Test]
    public Task A_rolling_restart() => JudgeAsync(_traffic, async (cluster, recorder) =>
    {
        foreach (ServerProcess member in cluster.Members)
        {
            await recorder.WaitForAcknowledgedAsync(200);
            TerminateInOrder(member);
            member.Start();
            await cluster.WaitUntilHealthyAsync();
            recorder.Gate.Open();
        }
    });

    // The tracer comes to a member that serves, so that the sync that fails is one with writes behind it.
    [Test]
    public Task A_failing_sync_ends_one_member([Values] bool leads) => JudgeAsync(_traffic, async (cluster, recorder) =>
    {
        await recorder.WaitForAcknowledgedAsync(300);
        ServerProcess member = leads ? await cluster.LeaderAsync() : await cluster.FollowerAsync();
        using (FailingSyncs.Of(member.Process))
        {
            int exitCode = member.Process.WaitForExit(_exitLimit);
            Assert.That(exitCode, Is.Not.Zero, member.Process.Describe());
        }

        Assert.That(member.Process.StandardError.Text, Does.Contain("fdatasync").Or.Contain("EIO").Or.Contain("input/output error").IgnoreCase);
        await recorder.WaitForAcknowledgedAsync(300);
        member.Start();
        recorder.Gate.Open();
    });

    [Test]
    public Task A_wiped_member_comes_back([Values] bool asLearner) => JudgeAsync(_traffic, async (cluster, recorder) =>
    {
        await recorder.WaitForAcknowledgedAsync(500);
        ServerProcess wiped = await cluster.FollowerAsync();
        ulong before = await cluster.MemberIdAsync(wiped);
        await cluster.ReplaceWipedAsync(wiped, asLearner);
        recorder.Gate.Open();
        Assert.That(await cluster.MemberIdAsync(wiped), Is.Not.EqualTo(before), "the id of a removed member is never used again");
        await recorder.WaitForAcknowledgedAsync(300);
    });

    // Each leaves while it serves and comes back as another; the leader of the moment goes first.
    [Test]
    public Task All_members_replaced_under_way() => JudgeAsync(_traffic, async (cluster, recorder) =>
    {
        ServerProcess leader = await cluster.LeaderAsync();
        foreach (ServerProcess member in cluster.Members.OrderByDescending(member => member == leader))
        {
            await recorder.WaitForAcknowledgedAsync(300);
            await cluster.ReplaceServingAsync(member);
            recorder.Gate.Open();
        }

        await recorder.WaitForAcknowledgedAsync(300);
    });

    /// <summary>A server that was not started yet.</summary>
    protected abstract ServerProcess CreateMember();

    /// <summary>The code with which the server ends when it was asked to end.</summary>
    protected abstract int ExitCodeOfTermination { get; }

    private void TerminateInOrder(ServerProcess member) =>
        Assert.That(member.Terminate(), Is.EqualTo(ExitCodeOfTermination), member.Process.Describe());

    private async Task JudgeAsync(TrafficOptions traffic, Func<ServerCluster, Recorder, Task> disturb)
    {
        using var cluster = new ServerCluster(CreateMember);
        // The strict check would refuse a change of members for the first five seconds.
        cluster.UseArguments("--heartbeat-interval", "50", "--election-timeout", "500", "--strict-reconfig-check=false");
        await cluster.StartAsync();
        await using var recorder = new Recorder(cluster.ClientUrls, traffic);
        await recorder.StartAsync();
        await disturb(cluster, recorder);
        await recorder.WaitForAcknowledgedAsync(300);
        await cluster.WaitUntilHealthyAsync();
        Verdict.MustBeGood(await recorder.FinishAsync(), cluster.Members[0].Name);
    }
}
