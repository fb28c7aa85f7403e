using Etcdish.Checkers;
using Etcdish.Process.Recording;
using Etcdish.Rpc;
using Etcdish.Testing;

namespace Etcdish.Process.Clusters;

/// <summary>Three members in network namespaces of their own, with links cut between them and none to the clients.</summary>
public abstract class PartitionTests
{
    private static readonly TimeSpan _callTimeout = TimeSpan.FromSeconds(1);

    [Test]
    public async Task A_leader_that_is_cut_off_acknowledges_nothing_and_catches_up_when_it_is_back()
    {
        using NamespaceNetwork network = NamespaceNetwork.Create(3);
        using var cluster = new ServerCluster(CreateMember, 3, network);
        cluster.UseArguments("--heartbeat-interval", "50", "--election-timeout", "500");
        await cluster.StartAsync();
        ServerProcess old = await cluster.LeaderAsync();
        using var atOld = new Connection(old.ClientUrl, _callTimeout);
        await atOld.SendAsync(new PutCall("k", "before"));

        network.Isolate(IndexOf(cluster, old));
        Assert.That(() => atOld.SendAsync(new PutCall("k", "lost")), Throws.TypeOf<RpcException>(), "no quorum, no acknowledgement");
        ServerProcess leader = await cluster.LeaderAsync([.. cluster.Members.Where(member => member != old)]);
        using var atNew = new Connection(leader.ClientUrl, _callTimeout);
        await atNew.SendAsync(new PutCall("k", "after"));
        Assert.That(() => atOld.SendAsync(new RangeCall(new KeyRange("k"))), Throws.TypeOf<RpcException>(), "it must not serve the past");
        var stale = (RangeReply)await atOld.SendAsync(new RangeCall(new KeyRange("k")) { Serializable = true });
        Assert.That(stale.Kvs.Single().Value, Is.EqualTo("before"), "the client reaches it all the time");

        network.Heal();
        await cluster.WaitUntilHealthyAsync();
        using var again = new Connection(old.ClientUrl, TimeSpan.FromSeconds(10));
        var reply = (RangeReply)await again.SendAsync(new RangeCall(new KeyRange("k")));
        Assert.That(reply.Kvs.Single().Value, Is.EqualTo("after"));
    }

    // One way only: the leader hears everyone and reaches nobody, or reaches everyone and hears nobody.
    [Test]
    public async Task A_leader_with_half_a_link_gives_way([Values] bool hears)
    {
        using NamespaceNetwork network = NamespaceNetwork.Create(3);
        using var cluster = new ServerCluster(CreateMember, 3, network);
        cluster.UseArguments("--heartbeat-interval", "50", "--election-timeout", "500");
        await cluster.StartAsync();
        await using var recorder = new Recorder(cluster.ClientUrls, new TrafficOptions { Clients = 6 });
        await recorder.StartAsync();
        await recorder.WaitForAcknowledgedAsync(200);
        ServerProcess old = await cluster.LeaderAsync();
        foreach (ServerProcess other in cluster.Members.Where(member => member != old))
        {
            (ServerProcess from, ServerProcess to) = hears ? (old, other) : (other, old);
            network.Cut(IndexOf(cluster, from), IndexOf(cluster, to));
        }

        await cluster.LeaderAsync([.. cluster.Members.Where(member => member != old)]);
        await recorder.WaitForAcknowledgedAsync(200);
        network.Heal();
        await cluster.WaitUntilHealthyAsync();
        Verdict.MustBeGood(await recorder.FinishAsync(), old.Name);
    }

    [TestCase(true, "tbf rate 1mbit burst 4kb latency 200ms")]
    [TestCase(false, "netem delay 20ms 5ms")]
    public async Task A_slow_link(bool ofTheLeader, string link)
    {
        using NamespaceNetwork network = NamespaceNetwork.Create(3);
        using var cluster = new ServerCluster(CreateMember, 3, network);
        await cluster.StartAsync();
        await using var recorder = new Recorder(cluster.ClientUrls, new TrafficOptions { Clients = 6 });
        await recorder.StartAsync();
        ServerProcess slow = ofTheLeader ? await cluster.LeaderAsync() : await cluster.FollowerAsync();
        if (!network.TryShape(IndexOf(cluster, slow), link, out string refusal))
            Assert.Ignore($"this kernel has no such queue: {refusal}");
        await recorder.WaitForAcknowledgedAsync(300);
        await cluster.WaitUntilHealthyAsync();
        Verdict.MustBeGood(await recorder.FinishAsync(), slow.Name);
    }

    /// <summary>A server that was not started yet.</summary>
    protected abstract ServerProcess CreateMember();

    private static int IndexOf(ServerCluster cluster, ServerProcess member) => cluster.Members.ToList().IndexOf(member);
}

/// <summary>On genuine etcd.</summary>
[Parallelizable(ParallelScope.All)]
public class GenuineEtcdPartitionTests : PartitionTests
{
    protected override ServerProcess CreateMember() => new GenuineEtcd();
}

/// <summary>On ours.</summary>
[Parallelizable(ParallelScope.All)]
public class EtcdishPartitionTests : PartitionTests
{
    protected override ServerProcess CreateMember() => new EtcdishServer();
}
