using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>Whole nodes with threads, files and TCP on the loopback, whose group changes.</summary>
public class NodeMembershipTests
{
    private NodeGroup _group = new();

    [SetUp]
    public Task StartAsync()
    {
        _group = new NodeGroup();
        return _group.FoundAsync("a", "b", "c");
    }

    [TearDown]
    public ValueTask StopAsync() => _group.DisposeAsync();

    [Test, CancelAfter(25_000)]
    public async Task A_member_joins_as_learner_is_promoted_and_the_leader_is_removed_for_good(CancellationToken cancellation)
    {
        await _group.PutAsync("a", "before", 1, cancellation);
        _group.Place("d");
        JoinException? early = await Assert.ThrowsAsync<JoinException>(() => _group.StartAsync("d", ["a", "b", "c", "d"], joins: true));
        Assert.That(early!.Message, Does.StartWith("error validating peerURLs {ClusterID:").And.EndWith(": member count is unequal"));

        ClusterMember added = await Follower().AddMemberAsync([_group.UrlOf("d")], asLearner: true, cancellation);
        JoinException? wrong = await Assert.ThrowsAsync<JoinException>(() => _group.StartAsync("d", ["a", "b", "d"], joins: true));
        Assert.That(wrong!.Message, Does.EndWith(": member count is unequal"));
        await _group.StartAsync("d", ["a", "b", "c", "d"], joins: true);
        Node joined = _group["d"];
        Assert.That((joined.MemberId, joined.ClusterId), Is.EqualTo((added.Id, _group["a"].ClusterId)));
        await joined.Published.WaitAsync(cancellation);
        Assert.That(joined.IsLearner);
        await PromoteAsync(added.Id, cancellation);
        await _group.PutAsync("d", "as-voter", 1, cancellation);
        Assert.That(joined.Store.TryGet("before"u8, out _));

        Node leader = _group.Nodes.Values.Single(node => node.MemberId == joined.LeaderId);
        string name = leader.Name;
        await _group.Nodes.Values.First(node => node != leader).RemoveMemberAsync(leader.MemberId, cancellation);
        Assert.That(await leader.Failed.WaitAsync(cancellation), Is.TypeOf<MemberRemovedException>());
        await _group.StopAsync(name);
        await _group.PutAsync(_group.Nodes.Keys.First(), "after", 1, cancellation);

        Exception? again = await Assert.CatchAsync(async () =>
        {
            await _group.StartAsync(name, ["a", "b", "c"]);
            throw await _group[name].Failed.WaitAsync(cancellation);
        });
        Assert.That(again, Is.TypeOf<MemberRemovedException>());
    }

    [Test, CancelAfter(25_000)]
    public async Task A_restart_ignores_what_the_options_say_of_the_group(CancellationToken cancellation)
    {
        ulong id = _group["b"].MemberId;
        await _group.StopAsync("b");
        await _group.StartAsync("b", ["b"]);
        Assert.That(_group["b"].MemberId, Is.EqualTo(id));
        await _group.PutAsync("b", "again", 1, cancellation);
        Assert.That(_group["b"].Members, Has.Count.EqualTo(3));
    }

    [Test, CancelAfter(25_000)]
    public async Task A_founder_that_lost_its_disk_does_not_vote_again_under_its_id(CancellationToken cancellation)
    {
        await _group.PutAsync("c", "before", 1, cancellation);
        ulong id = _group["c"].MemberId;
        await _group.StopAsync("c");
        _group.Place("c");
        JoinException? refused = await Assert.ThrowsAsync<JoinException>(() => _group.StartAsync("c", ["a", "b", "c"]));
        Assert.That(refused!.Message, Is.EqualTo($"member {id:x} has already been bootstrapped"));
    }

    [Test, CancelAfter(25_000)]
    public async Task Nobody_to_ask_is_said_in_etcds_words(CancellationToken cancellation)
    {
        foreach (string name in (string[])["a", "b", "c"])
        {
            await _group.StopAsync(name).WaitAsync(cancellation);
        }

        _group.Place("d");
        JoinException? alone = await Assert.ThrowsAsync<JoinException>(() => _group.StartAsync("d", ["a", "b", "c", "d"], joins: true));
        Assert.That(
            alone!.Message,
            Is.EqualTo("cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs"));
    }

    [TestCase("ftp://a:1")]
    [TestCase("http://a")]
    [TestCase("http://a:1/path")]
    public void Urls_that_are_none_are_refused(string url) =>
        Assert.That(
            async () => await _group["a"].AddMemberAsync([url], asLearner: true),
            Throws.TypeOf<EtcdException>().With.Property("Error").EqualTo(EtcdError.MemberBadURLs));

    private Node Follower() => _group.Nodes.Values.First(node => node.LeaderId != node.MemberId && node.LeaderId != 0);

    // How far it is behind shows only in the leader's answer.
    private async Task PromoteAsync(ulong id, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await Follower().PromoteMemberAsync(id, cancellation);
                return;
            }
            catch (EtcdException refusal) when (refusal.Error == EtcdError.LearnerNotReady)
            {
                await _group["a"].ReadBarrierAsync(cancellation);
            }
        }
    }
}
