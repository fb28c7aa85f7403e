using System.Buffers;
using System.Text;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>Whole nodes with threads, files and TCP on the loopback, whose group changes.</summary>
public class NodeMembershipTests
{
    private readonly Dictionary<string, TemporaryFolder> _folders = [];
    private readonly Dictionary<string, Node> _nodes = [];
    private readonly Dictionary<string, string> _urls = [];

    [SetUp]
    public async Task StartAsync()
    {
        foreach (string name in (string[])["a", "b", "c"])
        {
            Place(name);
        }

        foreach (string name in (string[])["a", "b", "c"])
        {
            await StartAsync(name, ["a", "b", "c"]);
        }

        await Task.WhenAll(_nodes.Values.Select(node => node.Published));
    }

    [TearDown]
    public async Task StopAsync()
    {
        foreach (Node node in _nodes.Values)
        {
            await node.DisposeAsync();
        }

        foreach (TemporaryFolder folder in _folders.Values)
        {
            folder.Dispose();
        }

        _nodes.Clear();
        _folders.Clear();
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_joins_as_learner_is_promoted_and_the_leader_is_removed_for_good(CancellationToken cancellation)
    {
        await PutAsync("a", "before", cancellation);
        Place("d");
        JoinException? early = await Assert.ThrowsAsync<JoinException>(() => StartAsync("d", ["a", "b", "c", "d"], joins: true));
        Assert.That(early!.Message, Does.StartWith("error validating peerURLs {ClusterID:").And.EndWith(": member count is unequal"));

        ClusterMember added = await Follower().AddMemberAsync([_urls["d"]], asLearner: true, cancellation);
        JoinException? wrong = await Assert.ThrowsAsync<JoinException>(() => StartAsync("d", ["a", "b", "d"], joins: true));
        Assert.That(wrong!.Message, Does.EndWith(": member count is unequal"));
        await StartAsync("d", ["a", "b", "c", "d"], joins: true);
        Node joined = _nodes["d"];
        Assert.That((joined.MemberId, joined.ClusterId), Is.EqualTo((added.Id, _nodes["a"].ClusterId)));
        await joined.Published.WaitAsync(cancellation);
        Assert.That(joined.IsLearner);
        await PromoteAsync(added.Id, cancellation);
        await PutAsync("d", "as-voter", cancellation);
        Assert.That(joined.Store.TryGet("before"u8, out _));

        Node leader = _nodes.Values.Single(node => node.MemberId == joined.LeaderId);
        string name = leader.Name;
        await _nodes.Values.First(node => node != leader).RemoveMemberAsync(leader.MemberId, cancellation);
        Assert.That(await leader.Failed.WaitAsync(cancellation), Is.TypeOf<MemberRemovedException>());
        await leader.DisposeAsync();
        _nodes.Remove(name);
        await PutAsync(_nodes.Keys.First(), "after", cancellation);

        Exception? again = await Assert.CatchAsync(async () =>
        {
            await StartAsync(name, ["a", "b", "c"]);
            throw await _nodes[name].Failed.WaitAsync(cancellation);
        });
        Assert.That(again, Is.TypeOf<MemberRemovedException>());
    }

    [Test, CancelAfter(25_000)]
    public async Task A_restart_ignores_what_the_options_say_of_the_group(CancellationToken cancellation)
    {
        ulong id = _nodes["b"].MemberId;
        await _nodes["b"].DisposeAsync();
        await StartAsync("b", ["b"]);
        Assert.That(_nodes["b"].MemberId, Is.EqualTo(id));
        await PutAsync("b", "again", cancellation);
        Assert.That(_nodes["b"].Members, Has.Count.EqualTo(3));
    }

    [Test, CancelAfter(25_000)]
    public async Task A_founder_that_lost_its_disk_does_not_vote_again_under_its_id(CancellationToken cancellation)
    {
        await PutAsync("c", "before", cancellation);
        await _nodes["c"].DisposeAsync();
        ulong id = _nodes["c"].MemberId;
        _nodes.Remove("c");
        _folders["c"].Dispose();
        _folders["c"] = new TemporaryFolder();
        JoinException? refused = await Assert.ThrowsAsync<JoinException>(() => StartAsync("c", ["a", "b", "c"]));
        Assert.That(refused!.Message, Is.EqualTo($"member {id:x} has already been bootstrapped"));
    }

    [Test, CancelAfter(25_000)]
    public async Task Nobody_to_ask_is_said_in_etcds_words(CancellationToken cancellation)
    {
        foreach (Node node in _nodes.Values)
        {
            await node.DisposeAsync().AsTask().WaitAsync(cancellation);
        }

        _nodes.Clear();
        Place("d");
        JoinException? alone = await Assert.ThrowsAsync<JoinException>(() => StartAsync("d", ["a", "b", "c", "d"], joins: true));
        Assert.That(
            alone!.Message,
            Is.EqualTo("cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs"));
    }

    [TestCase("ftp://a:1")]
    [TestCase("http://a")]
    [TestCase("http://a:1/path")]
    public void Urls_that_are_none_are_refused(string url) =>
        Assert.That(
            async () => await _nodes["a"].AddMemberAsync([url], asLearner: true),
            Throws.TypeOf<EtcdException>().With.Property("Error").EqualTo(EtcdError.MemberBadURLs));

    private void Place(string name)
    {
        _folders[name] = new TemporaryFolder();
        _urls[name] = $"http://127.0.0.1:{FreePorts.Take()}";
    }

    private Node Follower() => _nodes.Values.First(node => node.LeaderId != node.MemberId && node.LeaderId != 0);

    private async Task StartAsync(string name, string[] members, bool joins = false)
    {
        ClusterMember[] named = [.. members.Select(member => new ClusterMember(Id(member), member, [_urls[member]], []))];
        _nodes[name] = await Node.OpenAsync(new NodeOptions
        {
            DataDirectory = _folders[name].Path,
            Name = name,
            MemberId = Id(name),
            ClusterId = MemberIdentity.ClusterId(named.Select(member => member.Id)),
            InitialMembers = named,
            JoinsExistingGroup = joins,
            PeerUrls = [_urls[name]],
            PeerListenUrls = [_urls[name]],
            ClientUrls = [$"http://clients-of-{name}:2379"],
            Log = new Log.LogOptions { SegmentBytes = 1 << 20 },
            HeartbeatInterval = TimeSpan.FromMilliseconds(20),
            ElectionTimeout = TimeSpan.FromMilliseconds(300),
        });
    }

    private ulong Id(string name) => MemberIdentity.MemberId([_urls[name]], "test");

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
                await _nodes["a"].ReadBarrierAsync(cancellation);
            }
        }
    }

    // A put is the same however often it is done, so it is done until a leader has taken it.
    private async Task PutAsync(string name, string key, CancellationToken cancellation)
    {
        ArrayBufferWriter<byte> request = new();
        RequestEncoder.Encode(new PutRequest { Key = Encoding.UTF8.GetBytes(key), Value = "x"u8.ToArray() }, request);
        while (true)
        {
            try
            {
                await _nodes[name].ProposeAsync(EntryKind.Put, request.WrittenMemory, cancellation);
                return;
            }
            catch (EtcdException refusal)
            {
                Assert.That(refusal.Error.Code, Is.EqualTo(14), refusal.Message);
            }
        }
    }
}
