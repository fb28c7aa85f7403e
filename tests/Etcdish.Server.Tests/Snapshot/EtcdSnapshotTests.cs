using System.Security.Cryptography;
using System.Text;
using Etcdish.Server.Snapshot;
using Etcdish.Store;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>A store's state through a snapshot and back.</summary>
[TestFixture]
internal sealed class EtcdSnapshotTests
{
    [Test]
    public void Every_change_comes_back_in_order()
    {
        FakeSnapshotState state = SnapshotStates.Busy();

        using EtcdSnapshotReader snapshot = Open(SnapshotFiles.ToArray(state));
        EtcdRevisionReader revisions = snapshot.OpenRevisions();
        foreach (KeyRevision expected in state.History)
        {
            Assert.That(revisions.MoveNext());
            Expect(revisions.Current, expected, state);
        }

        Assert.That(revisions.MoveNext(), Is.False);
        Assert.That(revisions.Revision, Is.EqualTo(state.Revision));
    }

    [Test]
    public void Leases_alarms_compaction_and_version_come_back()
    {
        FakeSnapshotState state = SnapshotStates.Busy();
        state.AlarmList.Add(new(0x8e9e05c52164694d, AlarmType.NoSpace));

        using EtcdSnapshotReader snapshot = Open(SnapshotFiles.ToArray(state));

        Assert.That(snapshot.ReadLeases(), Is.EquivalentTo(state.LeaseList));
        Assert.That(snapshot.ReadAlarms(), Is.EqualTo(state.AlarmList));
        Assert.That(snapshot.CompactedRevision, Is.EqualTo(state.CompactedRevision));
        Assert.That(snapshot.StorageVersion, Is.EqualTo("3.6.0"));
        Assert.That(snapshot.IsAuthEnabled, Is.False);
    }

    [Test]
    public void An_empty_store_has_revision_1_on_the_other_side()
    {
        using EtcdSnapshotReader snapshot = Open(SnapshotFiles.ToArray(new FakeSnapshotState()));
        EtcdRevisionReader revisions = snapshot.OpenRevisions();

        Assert.That(revisions.MoveNext(), Is.False);
        Assert.That(revisions.Revision, Is.EqualTo(1));
        Assert.That(snapshot.CompactedRevision, Is.Zero);
    }

    [Test]
    public void A_bumped_revision_comes_back_without_a_change_of_its_own()
    {
        var state = new FakeSnapshotState();
        state.Put("a", "1");
        state.Revision = 1_000_000;

        using EtcdSnapshotReader snapshot = Open(SnapshotFiles.ToArray(state));
        EtcdRevisionReader revisions = snapshot.OpenRevisions();

        Assert.That(revisions.MoveNext(), Is.True);
        Assert.That(revisions.Revision, Is.EqualTo(2));
        Assert.That(revisions.MoveNext(), Is.False);
        Assert.That(revisions.Revision, Is.EqualTo(1_000_000));
    }

    [Test]
    public void Blobs_have_the_lengths_that_clients_expect_and_end_with_the_checksum()
    {
        var writer = new EtcdSnapshotWriter(SnapshotStates.Busy());
        using var bytes = new MemoryStream();
        var lengths = new List<int>();
        foreach (SnapshotBlob blob in writer.WriteBlobs())
        {
            bytes.Write(blob.Bytes.Span);
            lengths.Add(blob.Bytes.Length);
            Assert.That(blob.Remaining, Is.EqualTo(Math.Max(0, writer.Length - bytes.Length)));
        }

        byte[] file = bytes.ToArray();
        Assert.That(lengths[..^2], Is.All.EqualTo(32 * 1024));
        Assert.That(lengths[^1], Is.EqualTo(32));
        Assert.That(file, Has.Length.EqualTo(writer.Length + 32));
        Assert.That(file.Length % 512, Is.EqualTo(32));
        Assert.That(file[^32..], Is.EqualTo(SHA256.HashData(file.AsSpan(0, file.Length - 32))));
    }

    [Test]
    public void Two_snapshots_of_one_state_are_the_same_bytes()
    {
        byte[] first = SnapshotFiles.ToArray(SnapshotStates.Busy());
        byte[] second = SnapshotFiles.ToArray(SnapshotStates.Busy());

        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void A_change_above_the_pinned_revision_is_refused()
    {
        var state = new FakeSnapshotState();
        state.Put("a", "1");
        state.Revision = 1;

        Assert.That(() => new EtcdSnapshotWriter(state), Throws.InvalidOperationException);
    }

    [Test]
    public void A_file_with_a_wrong_checksum_is_opened_only_when_told_to()
    {
        byte[] file = SnapshotFiles.ToArray(SnapshotStates.Busy());
        file[^1] ^= 1;

        Assert.That(() => Open(file), Throws.TypeOf<InvalidDataException>().With.Message.Contains("SHA-256"));
        using EtcdSnapshotReader snapshot = new(new MemoryStream(file), skipChecksum: true);
        Assert.That(snapshot.OpenRevisions().MoveNext());
    }

    [Test]
    public void A_file_without_a_checksum_is_opened_only_when_told_to()
    {
        byte[] file = SnapshotFiles.ToArray(SnapshotStates.Busy())[..^32];

        Assert.That(() => Open(file), Throws.TypeOf<InvalidDataException>().With.Message.Contains("missing"));
        using EtcdSnapshotReader snapshot = new(new MemoryStream(file), skipChecksum: true);
        Assert.That(snapshot.OpenRevisions().MoveNext());
    }

    private static EtcdSnapshotReader Open(byte[] file) => new(new MemoryStream(file), skipChecksum: false);

    private static void Expect(SnapshotRevision actual, KeyRevision expected, FakeSnapshotState state)
    {
        Assert.That(actual.ModRevision, Is.EqualTo(expected.ModRevision));
        Assert.That(actual.SubRevision, Is.EqualTo(expected.SubRevision));
        Assert.That(actual.IsTombstone, Is.EqualTo(expected.IsTombstone));
        Assert.That(Encoding.UTF8.GetString(actual.Pair.Key.Span), Is.EqualTo(Encoding.UTF8.GetString(expected.Key)));
        Assert.That(actual.Pair.CreateRevision, Is.EqualTo(expected.CreateRevision));
        Assert.That(actual.Pair.Version, Is.EqualTo(expected.Version));
        Assert.That(actual.Pair.Lease, Is.EqualTo(expected.Lease));
        Assert.That(actual.Pair.Value.Span.SequenceEqual(state.ValueOf(expected)));
    }
}
