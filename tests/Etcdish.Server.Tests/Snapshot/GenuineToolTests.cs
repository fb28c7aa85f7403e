using System.Globalization;
using System.Text;
using System.Text.Json;
using Etcdish.Server.Snapshot;
using Etcdish.Store;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>Our snapshots before etcd's own tools.</summary>
[TestFixture]
internal sealed class GenuineToolTests
{
    private string _directory = "";

    [OneTimeSetUp]
    public void RequireTools() => GenuineEtcd.Require();

    [SetUp]
    public void CreateDirectory() => _directory = Directory.CreateTempSubdirectory("etcdish-snapshot-").FullName;

    [TearDown]
    public void DeleteDirectory() => Directory.Delete(_directory, recursive: true);

    [TestCase(0, 0)]
    [TestCase(1, 0)]
    [TestCase(10, 100)]
    [TestCase(3000, 700)]
    [TestCase(100_000, 20)]
    [TestCase(20, 300_000)]
    public void Etcdctl_status_finds_the_file_sound(int keys, int valueLength)
    {
        var state = new FakeSnapshotState();
        for (int i = 0; i < keys; i++)
            state.Put($"/key/{i:D7}", new byte[valueLength]);
        string file = Save(state);

        JsonElement status = Json(GenuineEtcd.Run("etcdctl", "snapshot", "status", file, "-w", "json").Expect(0));

        Assert.That(status.GetProperty("revision").GetInt64(), Is.EqualTo(keys == 0 ? 0 : state.Revision));
        Assert.That(status.GetProperty("totalSize").GetInt64(), Is.EqualTo(new FileInfo(file).Length - 32));
    }

    [Test]
    public void A_restored_etcd_has_every_key_revision_version_and_lease()
    {
        FakeSnapshotState state = SnapshotStates.Busy();
        using GenuineEtcd etcd = Restore(Save(state));

        Assert.That(Revision(etcd.CtlJson("get", "nothing")), Is.EqualTo(state.Revision));
        for (long at = state.CompactedRevision; at <= state.Revision; at += 7)
            ExpectState(etcd, state, at);
        ExpectState(etcd, state, state.Revision);
    }

    [Test]
    public void A_restored_etcd_refuses_compacted_revisions()
    {
        FakeSnapshotState state = SnapshotStates.Busy();
        using GenuineEtcd etcd = Restore(Save(state));

        string below = (state.CompactedRevision - 1).ToString(CultureInfo.InvariantCulture);
        ToolResult result = GenuineEtcd.Run("etcdctl", "--endpoints", etcd.Endpoint, "get", "k1", "--rev", below);

        Assert.That(result.ExitCode, Is.Not.Zero);
        Assert.That(result.Error, Does.Contain("etcdserver: mvcc: required revision has been compacted"));
    }

    [Test]
    public void A_restored_etcd_keeps_leases_and_their_keys()
    {
        FakeSnapshotState state = SnapshotStates.Busy();
        using GenuineEtcd etcd = Restore(Save(state));

        string list = etcd.Ctl("lease", "list");
        string[] keys = [.. KeysAt(state, state.Revision).Where(kv => kv.Lease == 0x7001).Select(kv => Encoding.UTF8.GetString(kv.Key))];
        string timeToLive = etcd.Ctl("lease", "timetolive", "7001", "--keys");

        Assert.That(list, Does.Contain("found 2 leases").And.Contain("0000000000007001").And.Contain("7fffffffffffffff"));
        Assert.That(timeToLive, Does.Contain("granted with TTL(5000s)").And.Contain("remaining(4000s)").Or.Contain("remaining(3999s)"));
        Assert.That(timeToLive.Split('[', ']')[1].Split(' '), Is.EquivalentTo(keys));
        etcd.Ctl("lease", "revoke", "7001");
        Assert.That(etcd.CtlJson("get", keys[0]).TryGetProperty("kvs", out _), Is.False, "the key went with its lease");
    }

    [Test]
    public void A_restored_etcd_goes_on_from_our_revision()
    {
        FakeSnapshotState state = SnapshotStates.Busy();
        using GenuineEtcd etcd = Restore(Save(state));

        JsonElement put = etcd.CtlJson("put", "k1", "more");
        etcd.Ctl("del", "t1");
        etcd.Ctl("compaction", (state.Revision + 2).ToString(CultureInfo.InvariantCulture));
        etcd.Ctl("defrag");

        Assert.That(Revision(put), Is.EqualTo(state.Revision + 1));
        Assert.That(etcd.Ctl("get", "k1"), Is.EqualTo("k1\nmore\n"));
    }

    [Test]
    public void A_restored_etcd_deletes_from_and_splits_the_trees_that_we_built()
    {
        var state = new FakeSnapshotState();
        for (int i = 0; i < 40_000; i++)
            state.Put($"/key/{i:D7}", $"value of {i}");
        using GenuineEtcd etcd = Restore(Save(state));

        etcd.Ctl("del", "/key/00", "/key/0039990");
        etcd.Ctl("compaction", "--physical", (state.Revision + 1).ToString(CultureInfo.InvariantCulture));
        string file = Path.Combine(_directory, "after.db");
        etcd.Ctl("snapshot", "save", file);

        Assert.That(etcd.Ctl("get", "", "--prefix", "--keys-only").Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(10));
        GenuineEtcd.Run("etcdctl", "snapshot", "status", file).Expect(0);
    }

    [Test]
    public void We_read_a_snapshot_that_etcd_made()
    {
        string file = Path.Combine(_directory, "genuine.db");
        using GenuineEtcd etcd = GenuineEtcd.Start(Path.Combine(_directory, "genuine"));
        long lease = Fill(etcd);
        etcd.Ctl("snapshot", "save", file);

        using EtcdSnapshotReader snapshot = EtcdSnapshotReader.Open(file);
        List<SnapshotRevision> changes = Changes(snapshot, out long revision);
        string[] live =
        [
            .. changes.GroupBy(change => Encoding.UTF8.GetString(change.Pair.Key.Span), (_, all) => all.Last())
                .Where(change => !change.IsTombstone)
                .Select(change => Describe(change.Pair))
                .Order(StringComparer.Ordinal),
        ];
        JsonElement range = etcd.CtlJson("get", "", "--prefix");

        Assert.That(revision, Is.EqualTo(Revision(range)));
        Assert.That(live, Is.EqualTo(range.GetProperty("kvs").EnumerateArray().Select(Describe)));
        Assert.That(snapshot.CompactedRevision, Is.EqualTo(50));
        Assert.That(snapshot.FinishedCompaction, Is.EqualTo(50));
        Assert.That(snapshot.ReadLeases(), Is.EqualTo(new[] { new SnapshotLease(lease, 6000, 0) }));
        Assert.That(snapshot.StorageVersion, Is.Null, "etcd 3.4 writes none");
    }

    [Test]
    public void We_see_the_same_status_as_etcdctl_in_both_snapshots()
    {
        string genuine = Path.Combine(_directory, "genuine.db");
        using (GenuineEtcd etcd = GenuineEtcd.Start(Path.Combine(_directory, "genuine")))
        {
            Fill(etcd);
            etcd.Ctl("snapshot", "save", genuine);
        }

        foreach (string file in new[] { genuine, Save(SnapshotStates.Busy()) })
        {
            JsonElement expected = Json(GenuineEtcd.Run("etcdctl", "snapshot", "status", file, "-w", "json").Expect(0));
            using EtcdSnapshotReader snapshot = EtcdSnapshotReader.Open(file);
            SnapshotStatus actual = SnapshotStatus.Of(snapshot);

            Assert.That(actual.Hash, Is.EqualTo(expected.GetProperty("hash").GetUInt32()));
            Assert.That(actual.Revision, Is.EqualTo(expected.GetProperty("revision").GetInt64()));
            Assert.That(actual.TotalSize, Is.EqualTo(expected.GetProperty("totalSize").GetInt64()));
        }
    }

    [Test]
    public void We_read_the_database_of_a_stopped_etcd()
    {
        string data = Path.Combine(_directory, "genuine");
        using (GenuineEtcd etcd = GenuineEtcd.Start(data))
            Fill(etcd);

        using EtcdSnapshotReader snapshot = EtcdSnapshotReader.Open(Path.Combine(data, "member", "snap", "db"), skipChecksum: true);

        Assert.That(Changes(snapshot, out _), Is.Not.Empty);
    }

    /// <summary>Puts, large values, deletes, a lease and a compaction at 50; returns the lease.</summary>
    private static long Fill(GenuineEtcd etcd)
    {
        string lease = etcd.Ctl("lease", "grant", "6000").Split(' ')[1];
        for (int i = 0; i < 60; i++)
            etcd.Ctl("put", $"key{i % 13}", new string('v', i * 137));
        etcd.Ctl("del", "key1", "key12");
        etcd.Ctl("compaction", "--physical", "50");
        etcd.Ctl("put", "after", "compaction", "--lease", lease);
        return long.Parse(lease, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
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

    private static void ExpectState(GenuineEtcd etcd, FakeSnapshotState state, long revision)
    {
        JsonElement range = etcd.CtlJson("get", "", "--prefix", "--rev", revision.ToString(CultureInfo.InvariantCulture));
        string[] actual = range.TryGetProperty("kvs", out JsonElement kvs) ? [.. kvs.EnumerateArray().Select(Describe)] : [];
        string[] expected = [.. KeysAt(state, revision).Select(kv => Describe(kv, state))];

        Assert.That(actual, Is.EqualTo(expected), $"at revision {revision}");
    }

    private static IEnumerable<KeyRevision> KeysAt(FakeSnapshotState state, long revision) => state.History
        .Where(change => change.ModRevision <= revision)
        .GroupBy(change => Encoding.UTF8.GetString(change.Key), (_, changes) => changes.Last())
        .Where(change => !change.IsTombstone)
        .OrderBy(change => Encoding.UTF8.GetString(change.Key), StringComparer.Ordinal);

    private static string Describe(KeyRevision kv, FakeSnapshotState state)
        => $"{Encoding.UTF8.GetString(kv.Key)} {kv.CreateRevision} {kv.ModRevision} {kv.Version} {kv.Lease} "
            + Convert.ToBase64String(state.ValueOf(kv));

    private static string Describe(SnapshotKeyValue kv)
        => $"{Encoding.UTF8.GetString(kv.Key.Span)} {kv.CreateRevision} {kv.ModRevision} {kv.Version} {kv.Lease} "
            + Convert.ToBase64String(kv.Value.Span);

    private static string Describe(JsonElement kv)
    {
        string key = Encoding.UTF8.GetString(kv.GetProperty("key").GetBytesFromBase64());
        string value = kv.TryGetProperty("value", out JsonElement bytes) ? bytes.GetString()! : "";
        return $"{key} {Number(kv, "create_revision")} {Number(kv, "mod_revision")} {Number(kv, "version")} {Number(kv, "lease")} {value}";
    }

    private static long Number(JsonElement element, string name)
        => element.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : 0;

    private static long Revision(JsonElement response) => response.GetProperty("header").GetProperty("revision").GetInt64();

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private string Save(FakeSnapshotState state)
    {
        string file = Path.Combine(_directory, "snapshot.db");
        SnapshotFiles.ToFile(state, file);
        return file;
    }

    private GenuineEtcd Restore(string file)
    {
        string data = Path.Combine(_directory, "data");
        GenuineEtcd.Run("etcdctl", "snapshot", "restore", file, "--data-dir", data).Expect(0);
        return GenuineEtcd.Start(data);
    }
}
