using Etcdish.Store;

namespace Etcdish.Cluster.Tests.Embedded;

public class EtcdClusterTests
{
    private EmbeddedGroup _group = null!;

    [SetUp]
    public async Task StartAsync() => _group = await EmbeddedGroup.StartAsync(TestContext.CurrentContext.CancellationToken);

    [TearDown]
    public async Task StopAsync() => await _group.DisposeAsync();

    [Test, CancelAfter(25_000)]
    public async Task A_read_at_any_member_sees_what_was_written_at_another(CancellationToken cancellation)
    {
        EtcdCluster[] members = [.. _group.Running];
        for (int i = 0; i < 30; i++)
        {
            await members[i % 3].Store.PutAsync("key", $"{i}", cancellation: cancellation);
            KeyValue? read = await members[(i + 1) % 3].Store.GetAsync("key", cancellation: cancellation);
            Assert.That(read!.Value.ToString(), Is.EqualTo($"{i}"));
        }

        TxnResponse swap = await members[0].Store.Txn()
            .If(Condition.Value("key", CompareResult.Equal, "29"))
            .Then(Operation.Put("key", "swapped"))
            .CommitAsync(cancellation);
        Assert.That(swap.Succeeded);
        foreach (EtcdCluster member in members)
        {
            IReadOnlyList<KeyValue> history = await member.Store.HistoryAsync("key", cancellation);
            Assert.That(history, Has.Count.EqualTo(31));
            Assert.That(history[0].Value.ToString(), Is.EqualTo("swapped"));
            Assert.That(member.Members.Select(known => known.Id), Does.Contain(member.MemberId).And.Exactly(3).Items);
        }
    }

    [Test, CancelAfter(25_000)]
    public async Task A_leader_that_is_closed_hands_over_and_a_watch_on_another_member_goes_on(CancellationToken cancellation)
    {
        EtcdCluster leader = await _group.LeaderAsync(cancellation);
        EtcdCluster[] others = [.. _group.Running.Where(member => member != leader)];
        await using IAsyncEnumerator<WatchEvent> watch =
            others[1].Store.WatchAsync(KeyRange.Prefix("k"), cancellation: cancellation).GetAsyncEnumerator(cancellation);
        await using IAsyncEnumerator<Leadership> seen = others[0].WatchLeadershipAsync(cancellation).GetAsyncEnumerator(cancellation);
        Assert.That(await seen.MoveNextAsync());
        Leadership before = seen.Current;
        Assert.That(before.Leader, Is.EqualTo(leader.MemberId));

        await others[0].Store.PutAsync("k1", "before", cancellation: cancellation);
        await _group.StopAsync(leader);
        await others[0].Store.PutAsync("k2", "after", cancellation: cancellation);

        Leadership now = before;
        while (now.Leader == 0 || now.Leader == leader.MemberId)
        {
            Assert.That(await seen.MoveNextAsync());
            now = seen.Current;
        }

        Assert.That(now.Term, Is.EqualTo(before.Term + 1), "one transfer, no second election");
        Assert.That(others.Select(member => member.MemberId), Does.Contain(now.Leader));
        foreach (string expected in new[] { "k1", "k2" })
        {
            Assert.That(await watch.MoveNextAsync());
            Assert.That(watch.Current.Pair.Key.ToString(), Is.EqualTo(expected));
        }
    }

    [Test, CancelAfter(25_000)]
    public async Task A_lease_outlives_its_leader_and_its_end_deletes_its_keys_everywhere(CancellationToken cancellation)
    {
        EtcdCluster leader = await _group.LeaderAsync(cancellation);
        EtcdCluster[] others = [.. _group.Running.Where(member => member != leader)];
        (long lease, TimeSpan ttl) = await others[0].Store.GrantLeaseAsync(TimeSpan.FromMinutes(5), cancellation: cancellation);
        Assert.That(ttl, Is.EqualTo(TimeSpan.FromMinutes(5)));
        await others[0].Store.PutAsync("leased", "1", lease, cancellation: cancellation);
        LeaseStatus[] told = await Task.WhenAll(_group.Running.Select(member => StatusAsync(member, lease, cancellation)));
        Assert.That(told.Select(status => status.Remaining), Is.All.InRange(TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5)));

        await _group.StopAsync(leader);
        await _group.LeaderAsync(cancellation);
        foreach (EtcdCluster member in others)
        {
            Assert.That(await member.Store.RenewLeaseAsync(lease, cancellation), Is.EqualTo(ttl));
            LeaseStatus status = await StatusAsync(member, lease, cancellation);
            Assert.That(status.Keys.Select(key => key.ToString()), Is.EqualTo(new[] { "leased" }));
        }

        await others[1].Store.RevokeLeaseAsync(lease, cancellation);
        Assert.That(await others[0].Store.GetAsync("leased", cancellation: cancellation), Is.Null);
        Assert.That(await others[0].Store.TimeToLiveAsync(lease, cancellation), Is.Null);
        Assert.That(await others[0].Store.RenewLeaseAsync(lease, cancellation), Is.Null);
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_starts_again_from_its_folder_with_what_it_missed(CancellationToken cancellation)
    {
        EtcdCluster gone = _group.Running.Last();
        ulong id = gone.MemberId;
        await gone.Store.PutAsync("before", "1", cancellation: cancellation);
        await _group.StopAsync(gone);
        await _group.Running.First().Store.PutAsync("missed", "2", cancellation: cancellation);

        EtcdCluster back = await _group.StartAsync(gone.Name, cancellation);
        Assert.That(back.MemberId, Is.EqualTo(id));
        Assert.That((await back.Store.GetAsync("before", cancellation: cancellation))?.Value.ToString(), Is.EqualTo("1"));
        Assert.That((await back.Store.GetAsync("missed", cancellation: cancellation))?.Value.ToString(), Is.EqualTo("2"));
        await back.Store.PutAsync("back", "3", cancellation: cancellation);
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_that_lost_its_folder_is_not_let_in_again(CancellationToken cancellation)
    {
        EtcdCluster[] members = [.. _group.Running];
        while (members[0].Members.Any(member => member.ClientUrls.Count == 0))
        {
            await members[0].Store.PutAsync("time", "passes", cancellation: cancellation);
        }

        await _group.StopAsync(members[2]);
        _group.Wipe(members[2].Name);
        Assert.That(
            () => _group.StartAsync(members[2].Name, cancellation),
            Throws.TypeOf<JoinException>().With.Message.Contains("has already been bootstrapped"));
    }

    [Test, CancelAfter(25_000)]
    public async Task Leadership_goes_where_it_is_sent(CancellationToken cancellation)
    {
        EtcdCluster leader = await _group.LeaderAsync(cancellation);
        EtcdCluster other = _group.Running.First(member => member != leader);
        await leader.TransferLeadershipAsync(other.MemberId, cancellation);
        Assert.That(leader.IsLeader, Is.False);
        Assert.That(other.IsLeader);
        Assert.That(
            () => leader.TransferLeadershipAsync(leader.MemberId, cancellation),
            Throws.TypeOf<EtcdException>().With.Property(nameof(EtcdException.Error)).EqualTo(EtcdError.NotLeader));
    }

    [Test, CancelAfter(25_000)]
    public async Task Without_a_quorum_a_cancelled_wait_ends_and_reads_of_what_is_here_go_on(CancellationToken cancellation)
    {
        EtcdCluster[] members = [.. _group.Running];
        await members[0].Store.PutAsync("kept", "1", cancellation: cancellation);
        await members[2].Store.GetAsync("kept", cancellation: cancellation);
        await Task.WhenAll(_group.StopAsync(members[0]), _group.StopAsync(members[1]));

        using CancellationTokenSource impatience = new();
        EtcdStore alone = members[2].Store;
        Task[] waiting =
        [
            alone.GetAsync("kept", cancellation: impatience.Token).AsTask(),
            alone.CountAsync(KeyRange.All, cancellation: impatience.Token).AsTask(),
            alone.PutAsync("lost", "1", cancellation: impatience.Token).AsTask(),
            alone.CompactAsync(1, impatience.Token).AsTask(),
            alone.GrantLeaseAsync(TimeSpan.FromMinutes(1), cancellation: impatience.Token).AsTask(),
        ];
        await impatience.CancelAsync();
        foreach (Task wait in waiting)
        {
            Assert.That(async () => await wait, Throws.InstanceOf<OperationCanceledException>());
        }

        RangeResponse here = await alone.RangeAsync(new RangeRequest { Key = "kept"u8.ToArray(), Serializable = true }, cancellation);
        Assert.That(here.Pairs.Single().Value.ToString(), Is.EqualTo("1"));
    }

    private static async Task<LeaseStatus> StatusAsync(EtcdCluster member, long lease, CancellationToken cancellation) =>
        await member.Store.TimeToLiveAsync(lease, cancellation) ?? throw new AssertionException("the lease is gone");
}
