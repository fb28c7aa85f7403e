using System.Globalization;
using System.Text;
using System.Text.Json;
using Etcdish.Server.Snapshot;
using Etcdish.Store;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>A snapshot that etcd made, before our reader; and what etcdctl and we say about the same file.</summary>
[TestFixture]
internal sealed class GenuineSnapshotTests
{
    private string _directory = "";
    private string _genuine = "";
    private string _dataDirectory = "";
    private JsonElement _range;
    private long _lease;

    [OneTimeSetUp]
    public void MakeGenuineSnapshot()
    {
        GenuineEtcd.Require();
        _directory = Directory.CreateTempSubdirectory("etcdish-snapshot-").FullName;
        _genuine = Path.Combine(_directory, "genuine.db");
        _dataDirectory = Path.Combine(_directory, "genuine");
        using GenuineEtcd etcd = GenuineEtcd.Start(_dataDirectory);
        Fill(etcd);
        _range = etcd.CtlJson("get", "", "--prefix");
        etcd.Ctl("snapshot", "save", _genuine);
    }

    [OneTimeTearDown]
    public void DeleteDirectory()
    {
        if (_directory.Length > 0)
            Directory.Delete(_directory, recursive: true);
    }

    [Test]
    public void We_read_what_etcd_serves()
    {
        using EtcdSnapshotReader snapshot = EtcdSnapshotReader.Open(_genuine);
        List<SnapshotRevision> changes = Changes(snapshot, out long revision);
        string[] live =
        [
            .. changes.GroupBy(change => Encoding.UTF8.GetString(change.Pair.Key.Span), (_, all) => all.Last())
                .Where(change => !change.IsTombstone)
                .Select(change => GenuinePairs.Describe(change.Pair))
                .Order(StringComparer.Ordinal),
        ];

        Assert.That(revision, Is.EqualTo(GenuinePairs.Revision(_range)));
        Assert.That(live, Is.EqualTo(_range.GetProperty("kvs").EnumerateArray().Select(GenuinePairs.Describe)));
        Assert.That(snapshot.CompactedRevision, Is.EqualTo(20));
        Assert.That(snapshot.FinishedCompaction, Is.EqualTo(20));
        Assert.That(snapshot.ReadLeases(), Is.EqualTo(new[] { new LeaseInfo(_lease, 6000, 0) }));
        Assert.That(snapshot.StorageVersion, Is.Null, "etcd 3.4 writes none");
    }

    [Test]
    public void We_read_the_database_of_a_stopped_etcd()
    {
        string file = Path.Combine(_dataDirectory, "member", "snap", "db");

        using EtcdSnapshotReader snapshot = EtcdSnapshotReader.Open(file, skipChecksum: true);

        Assert.That(Changes(snapshot, out _), Is.Not.Empty);
    }

    [Test]
    public void We_see_the_same_status_as_etcdctl([Values] bool ours)
    {
        string file = _genuine;
        if (ours)
            SnapshotFiles.ToFile(SnapshotStates.Busy(), file = Path.Combine(_directory, "ours.db"));
        JsonElement expected = Status(file);

        using EtcdSnapshotReader snapshot = EtcdSnapshotReader.Open(file);
        SnapshotStatus actual = SnapshotStatus.Of(snapshot);

        Assert.That(actual.Hash, Is.EqualTo(expected.GetProperty("hash").GetUInt32()));
        Assert.That(actual.Revision, Is.EqualTo(expected.GetProperty("revision").GetInt64()));
        Assert.That(actual.TotalSize, Is.EqualTo(expected.GetProperty("totalSize").GetInt64()));
        if (!ours)
            Assert.That(actual.TotalKeys, Is.EqualTo(_range.GetProperty("count").GetInt32()));
    }

    [TestCase(0, 0)]
    [TestCase(1, 0)]
    [TestCase(10, 100)]
    [TestCase(3000, 700)]
    [TestCase(100_000, 20)]
    [TestCase(20, 300_000)]
    public void Etcdctl_finds_our_snapshots_sound(int keys, int valueLength)
    {
        var state = new FakeSnapshotState();
        for (int i = 0; i < keys; i++)
            state.Put($"/key/{i:D7}", new byte[valueLength]);
        string file = Path.Combine(_directory, $"{keys}.db");
        SnapshotFiles.ToFile(state, file);

        JsonElement status = Status(file);

        Assert.That(status.GetProperty("revision").GetInt64(), Is.EqualTo(keys == 0 ? 0 : state.Revision));
        Assert.That(status.GetProperty("totalSize").GetInt64(), Is.EqualTo(new FileInfo(file).Length - 32));
    }

    /// <summary>Puts, large values, deletes, a lease and a compaction at 20.</summary>
    private void Fill(GenuineEtcd etcd)
    {
        string lease = etcd.Ctl("lease", "grant", "6000").Split(' ')[1];
        _lease = long.Parse(lease, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        for (int i = 0; i < 30; i++)
            etcd.Ctl("put", $"key{i % 13}", new string('v', i * 271));
        etcd.Ctl("del", "key1", "key12");
        etcd.Ctl("compaction", "--physical", "20");
        etcd.Ctl("put", "after", "compaction", "--lease", lease);
    }

    private static List<SnapshotRevision> Changes(EtcdSnapshotReader snapshot, out long revision)
    {
        var changes = new List<SnapshotRevision>();
        EtcdRevisionReader revisions = snapshot.OpenRevisions();
        while (revisions.MoveNext())
            changes.Add(revisions.Current);
        revision = revisions.Revision;
        return changes;
    }

    private static JsonElement Status(string file)
        => JsonDocument.Parse(GenuineEtcd.Run("etcdctl", "snapshot", "status", file, "-w", "json").Expect(0)).RootElement;
}
