using System.Diagnostics;
using Etcdish.Process.Clusters;
using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>Members come and go in clusters of real processes: of ours, and beside it the same of genuine etcd through etcdctl.</summary>
public sealed class MembershipTests
{
    private const string Gone = "the member has been permanently removed from the cluster";
    private const string Advice = "data-dir used by this member must be removed";
    private const int Count = 8;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);

    [Test]
    public async Task Every_output_and_refusal_is_that_of_genuine_etcd()
    {
        IReadOnlyList<string> ours = await PlayAsync(() => new EtcdishServer());
        IReadOnlyList<string> theirs = await PlayAsync(() => new GenuineEtcd());
        Assert.That(ours, Is.EqualTo(theirs), string.Join('\n', ours));
    }

    [Test]
    public async Task A_wiped_member_that_claims_to_be_new_is_refused_and_an_edited_flag_is_ignored([Values] bool genuine)
    {
        using var cluster = new ServerCluster(Maker(genuine));
        await cluster.StartAsync();
        ServerProcess member = await cluster.FollowerAsync();
        Assert.That(new EtcdCtl(member.ClientUrl).Run("put a b").ExitCode, Is.Zero);
        member.Kill();
        string named = member.InitialCluster!;
        member.InitialCluster = $"elsewhere=http://127.0.0.1:1,{member.MemberName}={member.PeerUrl}";
        member.Start();
        Assert.That(new EtcdCtl(member.ClientUrl).Run("get a --print-value-only").StandardOutput, Is.EqualTo("b\n"));

        member.Kill();
        member.WipeData();
        member.InitialCluster = named;
        Assert.That(member.Launch().WaitForExit(_limit), Is.EqualTo(1));
        Assert.That(member.Process.StandardError.Text, Does.Contain("has already been bootstrapped"));
    }

    [Test]
    public async Task Who_names_the_wrong_members_does_not_join([Values] bool genuine)
    {
        using var cluster = new ServerCluster(Maker(genuine));
        await cluster.StartAsync();
        using ServerProcess stranger = Maker(genuine)();
        stranger.MemberName = "n4";
        stranger.JoinsExistingCluster = true;
        stranger.InitialCluster = $"{cluster.Members[0].InitialCluster},n4={stranger.PeerUrl}";
        Assert.That(stranger.Launch().WaitForExit(_limit), Is.EqualTo(1));
        Assert.That(stranger.Process.StandardError.Text, Does.Contain("error validating peerURLs").And.Contain("member count is unequal"));
    }

    [Test]
    public async Task Force_new_cluster_keeps_the_data_of_one_member([Values] bool genuine)
    {
        using var cluster = new ServerCluster(Maker(genuine));
        await cluster.StartAsync();
        ServerProcess survivor = await cluster.FollowerAsync();
        var ctl = new EtcdCtl(survivor.ClientUrl);
        for (int i = 0; i < Count; i++)
            Assert.That(ctl.Run($"put k{i} v{i}").ExitCode, Is.Zero);
        Assert.That(Keys(ctl), Has.Length.EqualTo(Count));
        foreach (ServerProcess member in cluster.Members)
            member.Kill();

        // Genuine etcd drops what its log does not know to be committed, although it was acknowledged: the last write, here.
        int kept = genuine ? Count - 1 : Count;

        survivor.ExtraArguments = ["--force-new-cluster"];
        survivor.Start();
        Assert.That(ctl.Run("member list").StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(1));
        Assert.That(Keys(ctl), Has.Length.AtLeast(kept));
        survivor.ExtraArguments = [];
        survivor.Restart();
        Assert.That(ctl.Run("put after force").ExitCode, Is.Zero);

        // And it grows again: with a second voter that has nothing yet.
        using ServerProcess second = Maker(genuine)();
        second.MemberName = "again";
        second.JoinsExistingCluster = true;
        second.InitialCluster = $"{survivor.MemberName}={survivor.PeerUrl},again={second.PeerUrl}";
        Assert.That(ctl.Run($"member add again --peer-urls {second.PeerUrl}").ExitCode, Is.Zero);
        second.Start();
        Assert.That(Keys(new EtcdCtl(second.ClientUrl)), Has.Length.AtLeast(kept));
    }

    [Test]
    public async Task A_member_joins_gets_its_vote_and_a_removed_one_ends_for_good()
    {
        using var cluster = new ServerCluster(() => new EtcdishServer());
        await cluster.StartAsync();
        ServerProcess leaving = await cluster.LeaderAsync();
        using var joining = new EtcdishServer { MemberName = "n4", JoinsExistingCluster = true };
        joining.InitialCluster = $"{leaving.InitialCluster},n4={joining.PeerUrl}";
        using var api = new MemberApi(leaving.ClientUrl);
        for (int i = 0; i < Count; i++)
            Assert.That(new EtcdCtl(leaving.ClientUrl).Run($"put k{i} v{i}").ExitCode, Is.Zero);

        ulong id = await api.AddAsync(joining.PeerUrl, isLearner: true);
        joining.Start();
        await PromoteAsync(api, id);
        Assert.That(Keys(new EtcdCtl(joining.ClientUrl)), Has.Length.EqualTo(Count));

        await api.RemoveAsync(await cluster.MemberIdAsync(leaving));
        EndsAsRemoved(leaving);
        leaving.Launch();
        EndsAsRemoved(leaving);
        ServerProcess left = cluster.Members.First(member => member != leaving);
        await cluster.WaitUntilHealthyAsync();
        Assert.That(new EtcdCtl(left.ClientUrl).Run("put after removal").ExitCode, Is.Zero);
        Assert.That(new EtcdCtl(joining.ClientUrl).Run("get after --print-value-only").StandardOutput, Is.EqualTo("removal\n"));

        // Its disk wiped, it is still known under its old id.
        leaving.WipeData();
        leaving.Launch();
        EndsAsRemoved(leaving);
    }

    private static Func<ServerProcess> Maker(bool genuine) => genuine ? () => new GenuineEtcd() : () => new EtcdishServer();

    private static async Task<IReadOnlyList<string>> PlayAsync(Func<ServerProcess> make)
    {
        using var cluster = new ServerCluster(make);
        await cluster.StartAsync();
        using ServerProcess joining = make();
        joining.MemberName = "n4";
        joining.JoinsExistingCluster = true;
        joining.InitialCluster = $"{cluster.Members[0].InitialCluster},n4={joining.PeerUrl}";
        var transcript = new ClusterTranscript(cluster);
        transcript.Call(joining.PeerUrl, "n4");
        transcript.Call(joining.ClientUrl, "n4-client");
        ServerProcess leader = await cluster.LeaderAsync();
        ServerProcess[] followers = [.. cluster.Members.Where(member => member != leader)];
        EtcdCtl first = new(followers[0].ClientUrl);
        Call(transcript, leader, "leader");
        Call(transcript, followers[0], "first");
        Call(transcript, followers[1], "second");
        transcript.LearnIds(first);

        transcript.Run(first, "member list");
        transcript.Run(first, "member list -w table");
        transcript.RunJson(first, "member list", "members");
        await AnnounceAsync(first, joining);
        transcript.LearnIds(first);
        transcript.Run(first, "member list");
        transcript.Run(first, "member list -w table");
        transcript.RunJson(first, "member list", "members");
        await RefusalsAsync(cluster, transcript, first, followers[1]);
        await JoinAsync(cluster, transcript, first, joining);
        await LeaveAsync(cluster, transcript, leader, followers, joining);
        return transcript.Lines;
    }

    private static void Call(ClusterTranscript transcript, ServerProcess member, string name)
    {
        transcript.Call(member.PeerUrl, name);
        transcript.Call(member.ClientUrl, $"{name}-client");
        transcript.Call(member.MemberName, $"{name}-name");
    }

    // Genuine etcd takes nobody before its members have been connected for five seconds.
    private static async Task AnnounceAsync(EtcdCtl ctl, ServerProcess joining)
    {
        using var api = new MemberApi(ctl.Endpoint);
        await UntilAcceptedAsync(() => api.AddAsync(joining.PeerUrl, isLearner: true), "unhealthy cluster");
    }

    private static async Task UntilAcceptedAsync(Func<Task> call, string refusal)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (HttpRequestException e) when (
                e.Message.Contains(refusal, StringComparison.Ordinal) && Stopwatch.GetElapsedTime(start) < _limit)
            {
                // Asked again: each attempt is a round trip.
            }
        }
    }

    private static async Task RefusalsAsync(ServerCluster cluster, ClusterTranscript transcript, EtcdCtl ctl, ServerProcess other)
    {
        using var api = new MemberApi(ctl.Endpoint);
        string learner = Hex((await api.ListAsync()).Single(member => member.IsLearner).Id);
        string voter = Hex(await cluster.MemberIdAsync(other));
        foreach (string command in (string[])
        [
            $"member promote {learner}",
            $"member promote {voter}",
            "member promote 1234",
            $"member add again --peer-urls {other.PeerUrl}",
            $"member add again --learner --peer-urls {other.PeerUrl}",
            "member add more --learner --peer-urls http://127.0.0.1:9",
            "member update 1234 --peer-urls http://127.0.0.1:9",
            $"member update {learner} --peer-urls {other.PeerUrl}",
            "member remove 1234",
            "member remove notanumber",
            "member add bad --peer-urls 127.0.0.1:9",
            "member add bad --peer-urls http://127.0.0.1:9/path",
        ])
        {
            transcript.Run(ctl, command);
        }
    }

    private static async Task JoinAsync(ServerCluster cluster, ClusterTranscript transcript, EtcdCtl ctl, ServerProcess joining)
    {
        using var api = new MemberApi(ctl.Endpoint);
        ulong id = (await api.ListAsync()).Single(member => member.IsLearner).Id;
        Assert.That(ctl.Run("put before joining").ExitCode, Is.Zero);
        joining.Start();
        transcript.Run(ctl, "member list");
        transcript.Run(new EtcdCtl(joining.ClientUrl), "get before --consistency=s");
        transcript.Run(new EtcdCtl(joining.ClientUrl), "put refused at-a-learner");
        await PromoteAsync(api, id);
        transcript.Run(ctl, $"member promote {Hex(id)}");

        // Not before: genuine etcd forgets by this that a learner is one (etcd #21694).
        transcript.Run(ctl, $"member update {Hex(id)} --peer-urls {joining.PeerUrl}");
        transcript.Run(ctl, "member list");
        transcript.Run(new EtcdCtl(joining.ClientUrl), "get before");
        Assert.That(cluster.Members, Has.All.Property("IsServing").True);
    }

    private static async Task LeaveAsync(
        ServerCluster cluster, ClusterTranscript transcript, ServerProcess leader, ServerProcess[] followers, ServerProcess joining)
    {
        string second = Hex(await cluster.MemberIdAsync(followers[1]));
        EtcdCtl left = new(followers[0].ClientUrl);

        // Neither is asked to remove itself: genuine etcd sometimes ends before it has answered.
        transcript.RunWhenHealthy(left, $"member remove {second}");
        EndsAsRemoved(followers[1]);
        transcript.Run(left, $"member remove {second}");
        followers[1].Launch();
        EndsAsRemoved(followers[1]);

        string own = Hex(await cluster.MemberIdAsync(leader));
        transcript.RunWhenHealthy(left, $"member remove {own}");
        EndsAsRemoved(leader);
        await cluster.WaitUntilHealthyAsync();
        CommandResult put = left.Run("put after removal");
        Assert.That(put.ExitCode, Is.Zero, put.ToString());
        transcript.Run(left, "member list");
        transcript.Run(new EtcdCtl(joining.ClientUrl), "get after");
    }

    // Refused until it has caught up. Genuine etcd may also say no at a follower after the leader has said yes.
    private static async Task PromoteAsync(MemberApi api, ulong id)
    {
        long start = Stopwatch.GetTimestamp();
        while ((await api.ListAsync()).Single(member => member.Id == id).IsLearner)
        {
            try
            {
                await api.PromoteAsync(id);
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(start) < _limit)
            {
                // Asked again: each attempt is a round trip.
            }
        }
    }

    private static void EndsAsRemoved(ServerProcess member)
    {
        Assert.That(member.Process.WaitForExit(_limit), Is.Zero, member.Process.Describe());
        Assert.That(member.Process.StandardError.Text, Does.Contain(Gone).And.Contain(Advice));
    }

    private static string[] Keys(EtcdCtl ctl) =>
        ctl.Run("get k --prefix --keys-only").StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Hex(ulong id) => id.ToString("x", null);
}
