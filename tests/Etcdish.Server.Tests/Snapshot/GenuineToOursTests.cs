using Etcdish.Server.Snapshot;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>Backups of genuine etcd, and our own, restored by us: etcdctl sees no difference to the server that was backed up.</summary>
[TestFixture]
internal sealed class GenuineToOursTests
{
    private string _directory = "";

    private string Data => Path.Combine(_directory, "data");

    private string Backup => Path.Combine(_directory, "backup.db");

    [SetUp]
    public void MakeDirectory()
    {
        GenuineEtcd.Require();
        _directory = Directory.CreateTempSubdirectory("etcdish-restore-").FullName;
    }

    [TearDown]
    public void DeleteDirectory()
    {
        if (_directory.Length > 0)
            Directory.Delete(_directory, recursive: true);
    }

    [Test]
    public async Task A_snapshot_of_etcd_keeps_all_that_clients_see()
    {
        List<string> expected;
        using (GenuineEtcd etcd = GenuineEtcd.Start(Path.Combine(_directory, "etcd")))
        {
            ServedState.Fill(etcd.Endpoint);
            expected = ServedState.Describe(etcd.Endpoint);
            ServedState.Ctl(etcd.Endpoint, "snapshot", "save", Backup);
        }

        SnapshotRestorer.Restore(Backup, new SnapshotRestoreOptions { DataDirectory = Data });

        await using RunningServer server = await RunningServer.StartAsync(dataDirectory: Data);
        Assert.That(ServedState.Describe(server.Url), Is.EqualTo(expected));
        Assert.That(expected, Has.Some.Contains("has been compacted").And.Some.Matches("lease .*6000 \\[key1 key4\\]"));
    }

    [Test]
    public async Task The_database_of_a_stopped_etcd_is_taken_without_its_hash()
    {
        string etcdData = Path.Combine(_directory, "etcd");
        List<string> expected;
        using (GenuineEtcd etcd = GenuineEtcd.Start(etcdData))
        {
            ServedState.Fill(etcd.Endpoint);
            expected = ServedState.Describe(etcd.Endpoint);

            // The test kills its etcd; a defragmentation first puts into the file what an orderly stop would.
            ServedState.Ctl(etcd.Endpoint, "defrag");
        }

        string database = Path.Combine(etcdData, "member", "snap", "db");
        var options = new SnapshotRestoreOptions { DataDirectory = Data };
        Assert.That(
            () => SnapshotRestorer.Restore(database, options), Throws.TypeOf<InvalidDataException>().With.Message.Contains("SHA-256"));
        SnapshotRestorer.Restore(database, options with { SkipHashCheck = true });

        await using RunningServer server = await RunningServer.StartAsync(dataDirectory: Data);
        Assert.That(ServedState.Describe(server.Url), Is.EqualTo(expected));
    }

    [Test]
    public async Task A_snapshot_of_ours_keeps_all_that_clients_see()
    {
        List<string> expected;
        await using (RunningServer server = await RunningServer.StartAsync())
        {
            ServedState.Fill(server.Url);
            var alarm = new Protos.AlarmRequest
            {
                Action = Protos.AlarmRequest.Types.AlarmAction.Activate,
                Alarm = Protos.AlarmType.Nospace,
                MemberID = server.Server.Node.MemberId,
            };
            await server.Server.Node.ProposeAsync(EntryKind.Alarm, alarm.ToByteArray());
            expected = ServedState.Describe(server.Url);
            ServedState.Ctl(server.Url, "snapshot", "save", Backup);
        }

        SnapshotRestorer.Restore(Backup, new SnapshotRestoreOptions { DataDirectory = Data });

        await using RunningServer restored = await RunningServer.StartAsync(dataDirectory: Data);
        Assert.That(ServedState.Describe(restored.Url), Is.EqualTo(expected));
        Assert.That(expected, Has.Some.Contains("NOSPACE"));
        ServedState.Ctl(restored.Url, "alarm", "disarm");
        ServedState.Ctl(restored.Url, "put", "key4", "goes on");
    }

    [Test]
    public void A_snapshot_with_authentication_is_refused()
    {
        using (GenuineEtcd etcd = GenuineEtcd.Start(Path.Combine(_directory, "etcd")))
        {
            ServedState.Ctl(etcd.Endpoint, "user", "add", "root:secret");
            ServedState.Ctl(etcd.Endpoint, "user", "grant-role", "root", "root");
            ServedState.Ctl(etcd.Endpoint, "auth", "enable");
            ServedState.Ctl(etcd.Endpoint, "--user", "root:secret", "snapshot", "save", Backup);
        }

        Assert.That(
            () => SnapshotRestorer.Restore(Backup, new SnapshotRestoreOptions { DataDirectory = Data }),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("authentication"));
        Assert.That(Directory.Exists(Data), Is.False);
    }
}
