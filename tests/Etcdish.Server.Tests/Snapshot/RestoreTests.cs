using System.Security.Cryptography;
using Etcdish.Cluster;
using Etcdish.Server.Configuration;
using Etcdish.Server.Snapshot;
using Etcdish.Store;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>A snapshot becomes a data directory; its server has the snapshot's state, and what cannot be restored leaves nothing.</summary>
[TestFixture]
internal sealed class RestoreTests
{
    private string _directory = "";

    private string Data => Path.Combine(_directory, "data");

    [SetUp]
    public void MakeDirectory() => _directory = Directory.CreateTempSubdirectory("etcdish-restore-").FullName;

    [TearDown]
    public void DeleteDirectory() => Directory.Delete(_directory, recursive: true);

    [Test]
    public async Task Every_change_lease_and_alarm_is_in_the_restored_server()
    {
        FakeSnapshotState state = SnapshotStates.Busy();
        state.AlarmList.Add(new(0x8e9e05c52164694d, AlarmType.NoSpace));

        RestoredSnapshot restored = Restore(Save(state));

        await using RunningServer server = await RunningServer.StartAsync(dataDirectory: Data);
        RevisionStore store = server.Server.Node.Store;
        using var actual = new RevisionStoreSnapshot(store, server.Server.Node.Values, []);
        Assert.That(Lines(actual), Is.EqualTo(Lines(state)));
        Assert.That((store.CurrentRevision, store.CompactedRevision), Is.EqualTo((state.Revision, state.CompactedRevision)));
        Assert.That(store.Leases.Snapshot(), Is.EquivalentTo(state.LeaseList));
        Assert.That(store.Leases.Keys(0x7001), Is.Not.Empty);
        Assert.That(store.Alarms(AlarmType.None), Is.EqualTo(state.AlarmList));
        Assert.That(restored, Is.EqualTo(new RestoredSnapshot(
            state.Revision, state.CompactedRevision, store.KeyCount, state.History.Count, state.LeaseList.Count)));
    }

    [Test]
    public async Task The_log_alone_without_the_checkpoint_gives_the_same()
    {
        FakeSnapshotState state = SnapshotStates.Busy();
        Restore(Save(state));
        string[] checkpoints = Directory.GetFiles(Data, "*.checkpoint");
        File.Delete(checkpoints.Single());

        await using RunningServer server = await RunningServer.StartAsync(dataDirectory: Data);
        using var actual = new RevisionStoreSnapshot(server.Server.Node.Store, server.Server.Node.Values, []);

        Assert.That(Lines(actual), Is.EqualTo(Lines(state)));
    }

    [Test]
    public async Task An_empty_snapshot_gives_an_empty_server()
    {
        RestoredSnapshot restored = Restore(Save(new FakeSnapshotState()));

        await using RunningServer server = await RunningServer.StartAsync(dataDirectory: Data);
        Assert.That(restored, Is.EqualTo(new RestoredSnapshot(1, 0, 0, 0, 0)));
        Assert.That(server.Server.Node.Store.CurrentRevision, Is.EqualTo(1));
        Assert.That(server.Server.Node.Store.CompactedRevision, Is.EqualTo(-1));
    }

    [Test]
    public async Task Values_of_many_sizes_fill_many_entries_and_segments()
    {
        var state = new FakeSnapshotState();
        var random = new Random(5);
        for (int i = 0; i < 90; i++)
        {
            byte[] value = new byte[i % 7 == 0 ? 3_000_000 : random.Next(900_000)];
            random.NextBytes(value);
            state.Put($"key{i}", value);
        }

        Restore(Save(state));

        await using RunningServer server = await RunningServer.StartAsync(dataDirectory: Data);
        using var actual = new RevisionStoreSnapshot(server.Server.Node.Store, server.Server.Node.Values, []);
        Assert.That(Directory.GetFiles(Data, "*.seg"), Has.Length.GreaterThan(1));
        Assert.That(Lines(actual), Is.EqualTo(Lines(state)));
    }

    [Test]
    public async Task A_bumped_revision_is_compacted_and_the_keys_stay()
    {
        var state = new FakeSnapshotState();
        state.Put("a", "1");
        state.Put("a", "2");

        Restore(Save(state), options => options with { BumpRevision = 1_000_000, MarkCompacted = true });

        await using RunningServer server = await RunningServer.StartAsync(dataDirectory: Data);
        RevisionStore store = server.Server.Node.Store;
        Assert.That((store.CurrentRevision, store.CompactedRevision), Is.EqualTo((1_000_003, 1_000_003)));
        Assert.That(store.TryGet("a"u8, out KeyRevision? version) && version.ModRevision == 3 && version.Version == 2);
        Assert.That((await server.Client.Kv.PutAsync("b", "1")).Header.Revision, Is.EqualTo(1_000_004));
    }

    [Test]
    public async Task The_ids_are_those_of_a_server_with_the_same_flags()
    {
        EtcdUrl peer = EtcdUrl.Parse("http://127.0.0.1:12380");
        Restore(Save(SnapshotStates.Busy()), options => options with
        {
            Name = "m1",
            InitialCluster = "m1=http://127.0.0.1:12380",
            InitialClusterToken = "restored",
            InitialAdvertisePeerUrls = [peer],
        });

        Assert.That(
            () => RunningServer.StartAsync(dataDirectory: Data),
            Throws.InstanceOf<IOException>().With.Message.Contains("belongs to member"));
        await using RunningServer server = await RunningServer.StartAsync(
            options => options with
            {
                Name = "m1",
                InitialCluster = "m1=http://127.0.0.1:12380",
                InitialClusterToken = "restored",
                InitialAdvertisePeerUrls = [peer],
            },
            Data);
        Assert.That(server.Server.Node.Store.KeyCount, Is.Positive);
    }

    [Test]
    public void A_damaged_file_is_refused_and_leaves_nothing()
    {
        string file = Save(SnapshotStates.Busy());
        byte[] bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, bytes);

        Refuses<InvalidDataException>("SHA-256", () => Restore(file));
        Refuses<InvalidDataException>("SHA-256", () => SnapshotStatus.Of(file));
    }

    [Test]
    public void A_key_whose_lease_is_missing_is_refused_and_leaves_nothing()
    {
        var state = new FakeSnapshotState();
        state.Put("a", "1", lease: 77);

        Refuses<InvalidDataException>("000000000000004d, which is missing", () => Restore(Save(state)));
    }

    [Test]
    public void A_value_that_no_log_record_can_hold_is_refused_and_leaves_nothing()
    {
        var state = new FakeSnapshotState();
        state.Put("a", new byte[17 << 20]);

        Refuses<InvalidDataException>("revision 2.0 takes", () => Restore(Save(state)));
    }

    [Test]
    public void A_directory_with_something_in_it_is_refused()
    {
        string file = Save(SnapshotStates.Busy());
        Directory.CreateDirectory(Data);
        Restore(file);

        Assert.That(() => Restore(file), Throws.InstanceOf<IOException>().With.Message.Contains("not empty"));
        Assert.That(Directory.GetFiles(Data, "*.seg"), Is.Not.Empty);
    }

    [Test]
    public void What_an_interrupted_restore_left_is_refused_by_restore_and_server()
    {
        string left = Data + ".restoring";
        new NodeImport(new NodeOptions { DataDirectory = left }).Dispose();

        Assert.That(() => new NodeImport(new NodeOptions { DataDirectory = left }), Throws.InvalidOperationException);
        Assert.That(
            () => Restore(Save(SnapshotStates.Busy())), Throws.InstanceOf<IOException>().With.Message.Contains("interrupted: delete it"));
        Assert.That(
            () => RunningServer.StartAsync(dataDirectory: left),
            Throws.InstanceOf<IOException>().With.Message.Contains("unfinished restore"));
    }

    [Test]
    public void Cancellation_leaves_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        string file = Save(SnapshotStates.Busy());

        Refuses<OperationCanceledException>(
            "", () => SnapshotRestorer.Restore(file, new SnapshotRestoreOptions { DataDirectory = Data }, cancelled.Token));
    }

    [Test]
    public void Options_that_cannot_be_carried_out_are_refused()
    {
        string file = Save(SnapshotStates.Busy());

        RefusesOptions("go together", options => options with { BumpRevision = 5 });
        RefusesOptions("go together", options => options with { MarkCompacted = true });
        RefusesOptions("cannot be bumped", options => options with { BumpRevision = long.MaxValue, MarkCompacted = true });
        RefusesOptions("other peer URLs", options => options with { InitialCluster = "default=http://a:1" });
        RefusesOptions("for one member", options => options with { InitialCluster = "m1=http://a:1,m2=http://b:1" });

        void RefusesOptions(string why, Func<SnapshotRestoreOptions, SnapshotRestoreOptions> change)
            => Refuses<ArgumentException>(why, () => Restore(file, change));
    }

    private static List<string> Lines(ISnapshotState state) => [.. state.Revisions().Select(revision =>
    {
        byte[] value = new byte[revision.ValueLength];
        if (value.Length > 0)
            state.Values.Read(revision.Value, value);
        return $"{revision.ModRevision}.{revision.SubRevision} {Convert.ToHexString(revision.Key)} {revision.CreateRevision} "
            + $"{revision.Version} {revision.Lease} {revision.IsTombstone} {Convert.ToHexString(SHA256.HashData(value))}";
    })];

    private void Refuses<TError>(string why, Action restore)
        where TError : Exception
    {
        Assert.That(() => restore(), Throws.InstanceOf<TError>().With.Message.Contains(why));
        Assert.That(Directory.GetDirectories(_directory), Is.Empty);
    }

    private string Save(FakeSnapshotState state)
    {
        string file = Path.Combine(_directory, "snapshot.db");
        SnapshotFiles.ToFile(state, file);
        return file;
    }

    private RestoredSnapshot Restore(string file, Func<SnapshotRestoreOptions, SnapshotRestoreOptions>? change = null)
    {
        var options = new SnapshotRestoreOptions { DataDirectory = Data };
        return SnapshotRestorer.Restore(file, change?.Invoke(options) ?? options);
    }
}
