using System.Globalization;
using System.Text;
using System.Text.Json;
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
        FakeSnapshotState state = Busy();
        using GenuineEtcd etcd = Restore(Save(state));

        Assert.That(Revision(etcd.CtlJson("get", "nothing")), Is.EqualTo(state.Revision));
        for (long at = state.CompactedRevision; at <= state.Revision; at += 7)
            ExpectState(etcd, state, at);
        ExpectState(etcd, state, state.Revision);
    }

    [Test]
    public void A_restored_etcd_refuses_compacted_revisions()
    {
        FakeSnapshotState state = Busy();
        using GenuineEtcd etcd = Restore(Save(state));

        string below = (state.CompactedRevision - 1).ToString(CultureInfo.InvariantCulture);
        ToolResult result = GenuineEtcd.Run("etcdctl", "--endpoints", etcd.Endpoint, "get", "k1", "--rev", below);

        Assert.That(result.ExitCode, Is.Not.Zero);
        Assert.That(result.Error, Does.Contain("etcdserver: mvcc: required revision has been compacted"));
    }

    [Test]
    public void A_restored_etcd_keeps_leases_and_their_keys()
    {
        FakeSnapshotState state = Busy();
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
        FakeSnapshotState state = Busy();
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

    /// <summary>Puts, overwrites, deletes, re-creations, transactions and leases, then a compaction in the middle.</summary>
    private static FakeSnapshotState Busy()
    {
        var random = new Random(3);
        var state = new FakeSnapshotState();
        state.LeaseList.Add(new(0x7fffffffffffffff, 100_000, 0));
        state.LeaseList.Add(new(0x7001, 5000, 4000));
        for (int i = 0; i < 400; i++)
        {
            string key = $"k{random.Next(20)}";
            int what = random.Next(10);
            if (what == 0)
                state.Delete(key);
            else if (what == 1)
                state.Apply(("t1", [1], 0), ("t2", null, 0), (key, Encoding.UTF8.GetBytes($"txn {i}"), 0));
            else
                state.Put(key, new string((char)('a' + random.Next(26)), random.Next(what == 2 ? 9000 : 40)), random.Next(4) == 0 ? 0x7001 : 0);
        }

        state.Put("leased", "value", lease: 0x7001);
        state.Put("t1", "last");
        state.Compact(state.Revision / 2);
        state.MemberList.Add(new(0x8e9e05c52164694d, "default", ["http://localhost:2380"], ["http://localhost:2379"], IsLearner: false));
        return state;
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
