using System.Security.Cryptography;
using Etcdish.Protos;

namespace Etcdish.Client.Tests;

public sealed class AdminTests : OnGenuineEtcd
{
    [Test]
    public async Task Tells_the_status_and_members()
    {
        StatusResponse status = await Client.Maintenance.StatusAsync(Server.ClientUrl, Limit);
        MemberListResponse members = await Client.Cluster.ListAsync(Limit);
        Assert.That(status.Version, Does.StartWith("3."));
        Assert.That(members.Members.Single().ID, Is.EqualTo(status.Leader));
        Assert.That((await Client.Maintenance.ListAlarmsAsync(Limit)).Alarms, Is.Empty);
    }

    [Test]
    public async Task The_hash_changes_with_the_data()
    {
        HashKVResponse before = await Client.Maintenance.HashKVAsync(Server.ClientUrl, 0, Limit);
        await Client.Kv.PutAsync(Key(), "", Limit);
        HashKVResponse after = await Client.Maintenance.HashKVAsync(Server.ClientUrl, 0, Limit);
        Assert.That(after.Hash, Is.Not.EqualTo(before.Hash));
    }

    [Test]
    public async Task A_snapshot_ends_with_the_hash_of_what_came_before()
    {
        using MemoryStream snapshot = new();
        await foreach (SnapshotResponse part in Client.Maintenance.SnapshotAsync(Limit))
        {
            part.Blob.WriteTo(snapshot);
        }

        ReadOnlySpan<byte> bytes = snapshot.ToArray();
        Assert.That(SHA256.HashData(bytes[..^32]), Is.EqualTo(bytes[^32..].ToArray()));
    }

    [Test]
    public void A_member_that_the_client_does_not_know_is_refused() => Assert.That(
        async () => await Client.Maintenance.StatusAsync("http://nowhere:1", Limit),
        Throws.ArgumentException);
}
