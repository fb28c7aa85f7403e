using Etcdish.Process.Clusters;
using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>What etcdctl says of a whole cluster, given all its endpoints: the same of ours and of genuine etcd.</summary>
public sealed class ClusterCommandsTests
{
    [Test]
    public async Task Status_health_and_hashes_leadership_and_snapshots_are_those_of_genuine_etcd()
    {
        IReadOnlyList<string> ours = await PlayAsync(() => new EtcdishServer());
        IReadOnlyList<string> theirs = await PlayAsync(() => new GenuineEtcd());
        Assert.That(ours, Is.EqualTo(theirs), string.Join('\n', ours));
    }

    private static async Task<IReadOnlyList<string>> PlayAsync(Func<ServerProcess> make)
    {
        using var cluster = new ServerCluster(make);
        await cluster.StartAsync();
        ServerProcess leader = await cluster.LeaderAsync();
        ServerProcess[] followers = [.. cluster.Members.Where(member => member != leader)];
        EtcdCtl all = new(cluster.Endpoints);
        EtcdCtl first = new(followers[0].ClientUrl);
        var transcript = new ClusterTranscript(cluster);
        Call(transcript, leader, "leader");
        Call(transcript, followers[0], "first");
        Call(transcript, followers[1], "second");
        transcript.LearnIds(first);
        for (int i = 0; i < 5; i++)
            transcript.Run(new EtcdCtl(cluster.Members[i % 3].ClientUrl), $"put key{i} value{i}");
        await cluster.WaitUntilHealthyAsync();

        foreach (string form in (string[])["simple", "table", "fields"])
        {
            foreach (string command in (string[])["endpoint status", "endpoint health", "endpoint hashkv"])
            {
                transcript.Run(all, $"{command} -w {form}");
                transcript.Run(first, $"{command} --cluster -w {form}");
            }

            transcript.Run(first, $"member list -w {form}");
        }

        transcript.RunJson(all, "endpoint status", "");
        transcript.RunJson(first, "endpoint health --cluster", "");
        transcript.RunJson(first, "endpoint hashkv --cluster", "");
        transcript.RunJson(first, "member list", "members");
        await MoveLeaderAsync(cluster, transcript, all, followers[0]);
        Snapshot(transcript, new EtcdCtl(followers[1].ClientUrl));
        return transcript.Lines;
    }

    private static void Call(ClusterTranscript transcript, ServerProcess member, string name)
    {
        transcript.Call(member.PeerUrl, name);
        transcript.Call(member.ClientUrl, $"{name}-client");
        transcript.Call(member.MemberName, $"{name}-name");
    }

    private static async Task MoveLeaderAsync(ServerCluster cluster, ClusterTranscript transcript, EtcdCtl all, ServerProcess target)
    {
        string id = (await cluster.MemberIdAsync(target)).ToString("x", null);
        transcript.Run(new EtcdCtl(target.ClientUrl), $"move-leader {id}");
        transcript.Run(all, "move-leader 1234");
        transcript.Run(all, "move-leader nonsense");
        transcript.Run(all, $"move-leader {id}");
        Assert.That(await cluster.LeaderAsync(), Is.SameAs(target));
        transcript.Run(all, "endpoint status");
    }

    private static void Snapshot(ClusterTranscript transcript, EtcdCtl ctl)
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("snapshot.db");
        transcript.Call(file, "<file>");
        transcript.Run(ctl, $"snapshot save {file}");
        transcript.RunJson(ctl, $"snapshot status {file}", "revision");
        transcript.RunJson(ctl, $"snapshot status {file}", "totalKey");
    }
}
