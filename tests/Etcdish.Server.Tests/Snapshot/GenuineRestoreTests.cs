using System.Globalization;
using System.Text;
using System.Text.Json;
using Etcdish.Store;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>Our snapshots, restored by etcdctl and served by etcd.</summary>
[TestFixture]
internal sealed class GenuineRestoreTests
{
    private readonly FakeSnapshotState _state = SnapshotStates.Busy();
    private string _directory = "";
    private GenuineEtcd? _restored;

    private GenuineEtcd Restored => _restored!;

    [OneTimeSetUp]
    public void RestoreBusyState()
    {
        GenuineEtcd.Require();
        _directory = Directory.CreateTempSubdirectory("etcdish-snapshot-").FullName;
        _restored = Restore(_state, "busy");
    }

    [OneTimeTearDown]
    public void DeleteDirectory()
    {
        _restored?.Dispose();
        _state.Dispose();
        if (_directory.Length > 0)
            Directory.Delete(_directory, recursive: true);
    }

    [Test]
    public void Every_key_has_its_revisions_version_lease_and_value_at_every_revision()
    {
        Assert.That(GenuinePairs.Revision(Restored.CtlJson("get", "nothing")), Is.EqualTo(_state.Revision));
        for (long at = _state.CompactedRevision; at <= _state.Revision; at += 13)
            ExpectState(at);
        ExpectState(_state.Revision);
    }

    [Test]
    public void Compacted_revisions_are_refused()
    {
        string below = (_state.CompactedRevision - 1).ToString(CultureInfo.InvariantCulture);

        ToolResult result = GenuineEtcd.Run("etcdctl", "--endpoints", Restored.Endpoint, "get", "k1", "--rev", below);

        Assert.That(result.ExitCode, Is.Not.Zero);
        Assert.That(result.Error, Does.Contain("etcdserver: mvcc: required revision has been compacted"));
    }

    [Test]
    public void Leases_keep_their_time_and_their_keys()
    {
        string list = Restored.Ctl("lease", "list");
        string[] keys = [.. KeysAt(_state.Revision).Where(kv => kv.Lease == 0x7001).Select(kv => Encoding.UTF8.GetString(kv.Key))];
        string timeToLive = Restored.Ctl("lease", "timetolive", "7001", "--keys");

        Assert.That(list, Does.Contain("found 2 leases").And.Contain("0000000000007001").And.Contain("7fffffffffffffff"));
        Assert.That(timeToLive, Does.Contain("granted with TTL(5000s)").And.Match(@"remaining\((4000|39\d\d)s\)"));
        Assert.That(timeToLive.Split('[', ']')[1].Split(' '), Is.EquivalentTo(keys));
    }

    [Test]
    public void Writes_go_on_from_our_revision_in_the_trees_that_we_built()
    {
        var state = new FakeSnapshotState();
        state.LeaseList.Add(new(0x7001, 5000, 0));
        for (int i = 0; i < 40_000; i++)
            state.Put($"/key/{i:D7}", $"value of {i}");
        state.Put("leased", "value", lease: 0x7001);
        using GenuineEtcd etcd = Restore(state, "large");

        long revision = GenuinePairs.Revision(etcd.CtlJson("del", "/key/00", "/key/0039990"));
        etcd.Ctl("lease", "revoke", "7001");
        etcd.Ctl("compaction", "--physical", revision.ToString(CultureInfo.InvariantCulture));
        etcd.Ctl("put", "/key/0000001", "new");
        string file = Path.Combine(_directory, "after.db");
        etcd.Ctl("snapshot", "save", file);

        Assert.That(revision, Is.EqualTo(state.Revision + 1));
        string[] keysLeft = etcd.Ctl("get", "", "--prefix", "--keys-only").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(keysLeft, Has.Length.EqualTo(11).And.Contains("/key/0000001").And.No.Member("leased"));
        GenuineEtcd.Run("etcdctl", "snapshot", "status", file).Expect(0);
    }

    private void ExpectState(long revision)
    {
        JsonElement range = Restored.CtlJson("get", "", "--prefix", "--rev", revision.ToString(CultureInfo.InvariantCulture));
        string[] actual = range.TryGetProperty("kvs", out JsonElement kvs) ? [.. kvs.EnumerateArray().Select(GenuinePairs.Describe)] : [];
        string[] expected = [.. KeysAt(revision).Select(kv => GenuinePairs.Describe(kv, _state))];

        Assert.That(actual, Is.EqualTo(expected), $"at revision {revision}");
    }

    private IEnumerable<KeyRevision> KeysAt(long revision) => _state.History
        .Where(change => change.ModRevision <= revision)
        .GroupBy(change => Encoding.UTF8.GetString(change.Key), (_, changes) => changes.Last())
        .Where(change => !change.IsTombstone)
        .OrderBy(change => Encoding.UTF8.GetString(change.Key), StringComparer.Ordinal);

    private GenuineEtcd Restore(FakeSnapshotState state, string name)
    {
        string file = Path.Combine(_directory, name + ".db");
        string data = Path.Combine(_directory, name);
        SnapshotFiles.ToFile(state, file);
        GenuineEtcd.Run("etcdctl", "snapshot", "restore", file, "--data-dir", data).Expect(0);
        return GenuineEtcd.Start(data);
    }
}
