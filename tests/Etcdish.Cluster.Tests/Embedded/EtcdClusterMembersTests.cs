using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Embedded;

/// <summary>A group of one that grows and shrinks.</summary>
public class EtcdClusterMembersTests
{
    private readonly string _annUrl = $"http://127.0.0.1:{FreePorts.Take()}";
    private readonly string _bobUrl = $"http://127.0.0.1:{FreePorts.Take()}";
    private TemporaryFolder _annFolder = null!;
    private TemporaryFolder _bobFolder = null!;
    private EtcdCluster _ann = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _annFolder = new TemporaryFolder();
        _bobFolder = new TemporaryFolder();
        _ann = await EtcdCluster.StartAsync(OptionsOf("ann", _annFolder, new() { ["ann"] = _annUrl }));
    }

    [TearDown]
    public async Task StopAsync()
    {
        if (_ann.Failed.IsCompleted)
        {
            TestContext.Out.WriteLine(await _ann.Failed);
        }

        await _ann.DisposeAsync();
        _annFolder.Dispose();
        _bobFolder.Dispose();
    }

    [Test, CancelAfter(25_000)]
    public async Task A_learner_joins_is_promoted_and_removed(CancellationToken cancellation)
    {
        await _ann.Store.PutAsync("old", "1", cancellation: cancellation);
        ClusterMember added = await _ann.AddMemberAsync(_bobUrl, cancellation: cancellation);
        Assert.That(added.IsLearner);

        await using EtcdCluster bob = await EtcdCluster.StartAsync(JoiningBob(), cancellation);
        Assert.That(bob.MemberId, Is.EqualTo(added.Id));
        await PromoteAsync(added.Id, cancellation);
        Assert.That((await bob.Store.GetAsync("old", cancellation: cancellation))?.Value.ToString(), Is.EqualTo("1"));
        Assert.That(bob.IsLearner, Is.False);
        await bob.Store.PutAsync("new", "2", cancellation: cancellation);
        Assert.That(_ann.Members, Has.Count.EqualTo(2));

        await _ann.RemoveMemberAsync(added.Id, cancellation);
        Assert.That(await bob.Failed.WaitAsync(cancellation), Is.TypeOf<MemberRemovedException>());
        await _ann.Store.PutAsync("alone", "3", cancellation: cancellation);
        Assert.That((await _ann.Store.GetAsync("new", cancellation: cancellation))?.Value.ToString(), Is.EqualTo("2"));
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_that_was_not_announced_may_not_join(CancellationToken cancellation)
    {
        await _ann.Store.PutAsync("old", "1", cancellation: cancellation);
        Assert.That(() => EtcdCluster.StartAsync(JoiningBob(), cancellation), Throws.TypeOf<JoinException>());
        Assert.That(
            async () => await _ann.AddMemberAsync(_annUrl, cancellation: cancellation),
            Throws.TypeOf<EtcdException>().With.Property(nameof(EtcdException.Error)).EqualTo(EtcdError.PeerURLExist));
    }

    private static EtcdClusterOptions OptionsOf(string name, TemporaryFolder folder, Dictionary<string, string> members) => new()
    {
        Name = name,
        DataDirectory = folder.Path,
        Members = members,
        HeartbeatInterval = TimeSpan.FromMilliseconds(20),
        ElectionTimeout = TimeSpan.FromMilliseconds(400),
        Store = new EtcdStoreOptions { SegmentBytes = 1 << 20, MaxRequestBytes = 64 << 10 },
    };

    private EtcdClusterOptions JoiningBob() =>
        OptionsOf("bob", _bobFolder, new() { ["ann"] = _annUrl, ["bob"] = _bobUrl }) with { JoinsExistingGroup = true };

    private async Task PromoteAsync(ulong id, CancellationToken cancellation)
    {
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            try
            {
                await _ann.PromoteMemberAsync(id, cancellation);
                return;
            }
            catch (EtcdException refusal) when (refusal.Error == EtcdError.LearnerNotReady)
            {
                await again.WaitForNextTickAsync(cancellation);
            }
        }
    }
}
