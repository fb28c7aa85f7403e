using Etcdish.Protos;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Client.Tests;

public sealed class LeaseTests : OnGenuineEtcd
{
    [Test]
    public async Task Revoking_a_lease_deletes_its_keys()
    {
        long lease = (await Client.Lease.GrantAsync(60, Limit)).ID;
        await PutAsync(Key(), lease);
        LeaseTimeToLiveResponse left = await Client.Lease.TimeToLiveAsync(lease, withKeys: true, Limit);
        Assert.That(left.GrantedTTL, Is.EqualTo(60));
        Assert.That(left.Keys.Single().ToStringUtf8(), Is.EqualTo(Key()));
        Assert.That((await Client.Lease.ListAsync(Limit)).Leases.Select(l => l.ID), Does.Contain(lease));

        await Client.Lease.RevokeAsync(lease, Limit);
        Assert.That(await Client.Kv.GetAsync(Key(), Limit), Is.Null);
        Assert.That((await Client.Lease.TimeToLiveAsync(lease, withKeys: false, Limit)).TTL, Is.EqualTo(-1));
    }

    [Test]
    public async Task Renewing_once_answers_the_time_to_live_and_zero_for_a_lease_that_is_gone()
    {
        long lease = (await Client.Lease.GrantAsync(60, Limit)).ID;
        Assert.That((await Client.Lease.KeepAliveOnceAsync(lease, Limit)).TTL, Is.EqualTo(60));
        await Client.Lease.RevokeAsync(lease, Limit);
        Assert.That((await Client.Lease.KeepAliveOnceAsync(lease, Limit)).TTL, Is.Zero);
    }

    [Test]
    public async Task A_kept_lease_tells_when_somebody_revokes_it()
    {
        LeaseGrantResponse granted = await Client.Lease.GrantAsync(3, Limit);
        using KeptLease kept = Client.Lease.KeepAlive(granted);
        await Client.Lease.RevokeAsync(granted.ID, Limit);
        TaskCompletionSource lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = kept.Lost.Register(lost.SetResult);
        await lost.Task.WaitAsync(Limit);
        Assert.That(kept.Lost.IsCancellationRequested, Is.True);
    }

    [Test]
    public async Task A_kept_lease_outlives_one_that_nobody_renews()
    {
        LeaseGrantResponse keptGrant = await Client.Lease.GrantAsync(2, Limit);
        LeaseGrantResponse leftGrant = await Client.Lease.GrantAsync(2, Limit);
        await PutAsync(Key("/left"), leftGrant.ID);
        await PutAsync(Key("/kept"), keptGrant.ID);
        using KeptLease kept = Client.Lease.KeepAlive(keptGrant);

        await using IAsyncEnumerator<WatchResponse> watch = Client.Watch.Watch(KeyRange.Prefix(Key("/"))).GetAsyncEnumerator(Limit);
        Event expired = (await WatchTests.TakeAsync(watch, 1)).Single();
        Assert.That(expired.Type, Is.EqualTo(Event.Types.EventType.Delete));
        Assert.That(expired.Kv.Key.ToStringUtf8(), Is.EqualTo(Key("/left")));
        Assert.That(await Client.Kv.GetAsync(Key("/kept"), Limit), Is.Not.Null);
        Assert.That(kept.Lost.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task A_time_to_live_beyond_bounds_is_refused()
    {
        RpcException? error = await Assert.ThrowsAsync<RpcException>(() => Client.Lease.GrantAsync(9_000_000_001, Limit));
        Assert.That(error!.Message, Is.EqualTo("etcdserver: too large lease TTL"));
    }

    private Task<PutResponse> PutAsync(string key, long lease) =>
        Client.Kv.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8(key), Lease = lease }, Limit);
}
