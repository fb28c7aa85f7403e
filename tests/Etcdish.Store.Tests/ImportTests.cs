using static Etcdish.Store.Tests.StoreHarness;

namespace Etcdish.Store.Tests;

/// <summary>Another store's state as the log's first entries. Random states are in <see cref="RandomHistoryTests"/>.</summary>
[TestFixture]
internal sealed class ImportTests
{
    private StoreHarness _harness = null!;

    [SetUp]
    public void SetUp() => _harness = new StoreHarness(keysPerLockHold: 2);

    [TearDown]
    public void TearDown() => _harness.Dispose();

    [TestCase(1)]
    [TestCase(1000)]
    public void A_store_comes_back_as_it_was(int itemsPerEntry)
    {
        _harness.Grant(5, 60);
        _harness.Grant(6, 70);
        _harness.Put("a", "value", lease: 5);
        _harness.Put("b", "2", lease: 6);
        _harness.Txn(Op(PutOf("a")), Op(DeleteOf("b")));
        _harness.Put("b", "again", lease: 5);
        _harness.Compact(4);
        _harness.Alarm(AlarmAction.Activate, AlarmType.NoSpace);
        var expected = _harness.Store;
        var entries = ImportedCopy.Entries(expected, _harness.Log, itemsPerEntry);

        _harness.Store = new RevisionStore(_harness.Log, _harness.Options);
        foreach (var entry in entries)
        {
            Assert.That(_harness.Store.CurrentRevision, Is.EqualTo(1), "nothing is visible before the end");
            _harness.Store.Apply(entry);
        }

        Assert.That(_harness.Store.IsImporting, Is.False);
        Assert.That(_harness.Store.LastChanges.Length, Is.Zero);
        Assert.That(_harness.Store.HashKv(0), Is.EqualTo(expected.HashKv(0)));
        Assert.That(_harness.Store.HashKv(4), Is.EqualTo(expected.HashKv(4)));
        Assert.That(_harness.Pairs(RangeOf("\0", "\0") with { Revision = 4 }), Is.EqualTo(["a="]));
        Assert.That(_harness.Pairs(RangeOf("\0", "\0")), Is.EqualTo(["a=", "b=again"]));
        Assert.That(_harness.ErrorOf(RangeOf("a") with { Revision = 3 }), Is.EqualTo(EtcdError.Compacted));
        Assert.That(_harness.Store.Leases.Keys(5).Select(key => TestLog.Text(key)), Is.EqualTo(["b"]));
        Assert.That(_harness.Store.Leases.Keys(6), Is.Empty);
        Assert.That(_harness.Store.Leases.Snapshot(), Is.EqualTo(expected.Leases.Snapshot()));
        Assert.That(_harness.Store.Alarms(AlarmType.None), Is.EqualTo(expected.Alarms(AlarmType.None)));
        expected.Dispose();
    }

    [Test]
    public void An_imported_store_goes_on_where_the_other_stopped()
    {
        Apply(ImportedCopy.Versions(_harness.Log, PutVersion(2, "a", "1"), PutVersion(900, "k", "v", create: 7, version: 3)));
        Apply(ImportedCopy.Leases(_harness.Log, new LeaseInfo(5, 60, 9)));
        Apply(ImportedCopy.End(new ImportEnd(1000, 850, 2, 1, []), _harness.Log));

        _harness.Put("k", "next", lease: 5);

        var pair = _harness.Get("k");
        Assert.That((pair.ModRevision, pair.CreateRevision, pair.Version), Is.EqualTo((1001, 7, 4)));
        Assert.That(_harness.Store.CompactedRevision, Is.EqualTo(850));
        while (_harness.Store.CompactStep(1))
        {
        }

        using var reloaded = CheckpointTests.Reload(_harness);
        Assert.That(_harness.Pairs(RangeOf("\0", "\0") with { Revision = 950 }), Is.EqualTo(["a=1", "k=v"]));
        Assert.That(reloaded.Leases.Snapshot(), Is.EqualTo([new LeaseInfo(5, 60, 9)]));
        _harness.Revoke(5);
        Assert.That(_harness.Pairs(RangeOf("\0", "\0")), Is.EqualTo(["a=1"]));
    }

    [Test]
    public void The_bytes_are_those_of_format_version_1()
    {
        var versions = ImportedCopy.Versions(
            _harness.Log, PutVersion(300, "key", "value", create: 2, version: 7, lease: 5, sub: 1), Tombstone(301, "key"));
        var leases = ImportedCopy.Leases(_harness.Log, new LeaseInfo(-1, 60, 3));
        var end = ImportedCopy.End(new ImportEnd(301, -1, 2, 1, [new AlarmMember(200, AlarmType.NoSpace)]), _harness.Log);

        Assert.That(Hex(versions), Is.EqualTo("0101" + "AC0202036B6579" + "020705" + "0576616C7565" + "AD0201036B6579"));
        Assert.That(Hex(leases), Is.EqualTo("0102" + "FFFFFFFFFFFFFFFFFF01" + "3C03"));
        Assert.That(Hex(end), Is.EqualTo("0103" + "AD02" + "FFFFFFFFFFFFFFFFFF01" + "0201" + "C80101"));
    }

    [Test]
    public void A_store_with_a_history_imports_nothing()
    {
        _harness.Put("a");

        Assert.That(() => Apply(ImportedCopy.Versions(_harness.Log, PutVersion(9, "b"))), Throws.InvalidOperationException);
    }

    [Test]
    public void Nothing_else_may_come_before_the_end()
    {
        Apply(ImportedCopy.Versions(_harness.Log, PutVersion(9, "b")));

        Assert.That(_harness.Store.IsImporting, Is.True);
        Assert.That(() => _harness.Store.CaptureCheckpoint(), Throws.InvalidOperationException);
        Assert.That(() => _harness.Put("a"), Throws.InvalidOperationException);
    }

    [Test]
    public void Nothing_is_imported_after_the_end()
    {
        Apply(ImportedCopy.End(new ImportEnd(1, -1, 0, 0, []), _harness.Log));

        Assert.That(() => Apply(ImportedCopy.End(new ImportEnd(1, -1, 0, 0, []), _harness.Log)), Throws.InvalidOperationException);
    }

    [Test]
    public void Versions_that_no_store_could_have_are_refused()
    {
        RefusesVersions("out of order", PutVersion(5, "a"), PutVersion(4, "b"));
        RefusesVersions("out of order", PutVersion(5, "a"), PutVersion(5, "b"));
        RefusesVersions("out of order", PutVersion(1, "a"));
        RefusesVersions("no key", PutVersion(5, ""));
        RefusesVersions("does not exist", PutVersion(2, "a"), Tombstone(3, "a"), Tombstone(4, "a"));
        RefusesVersions("impossible", PutVersion(5, "a", create: 6, version: 2));
        RefusesVersions("impossible", PutVersion(5, "a", create: 5, version: 2));
        RefusesVersions("impossible", PutVersion(5, "a", create: 4, version: 1));
        RefusesVersions("impossible", PutVersion(5, "a", create: 5, version: -1));
        RefusesVersions("does not continue", PutVersion(5, "a"), PutVersion(6, "a", create: 5, version: 3));
        RefusesVersions("does not continue", PutVersion(5, "a"), PutVersion(6, "a"));
        RefusesVersions("does not continue", PutVersion(5, "a"), Tombstone(6, "a"), PutVersion(7, "a", create: 5, version: 2));
    }

    [Test]
    public void Ends_that_do_not_fit_are_refused()
    {
        RefusesEnd("brought 1", new ImportEnd(9, -1, 2, 1, []));
        RefusesEnd("brought 1", new ImportEnd(9, -1, 1, 0, []));
        RefusesEnd("cannot end", new ImportEnd(8, -1, 1, 1, []));
        RefusesEnd("cannot end", new ImportEnd(9, 10, 1, 1, []));
        RefusesEnd("cannot end", new ImportEnd(9, -2, 1, 1, []));
        RefusesEnd("which is missing", new ImportEnd(9, -1, 1, 1, []), lease: 7);
    }

    [TestCase(0, 60, 0)]
    [TestCase(5, 0, 0)]
    [TestCase(5, 60, -1)]
    [TestCase(5, LeaseRules.MaxTtlSeconds + 1, 0)]
    public void Impossible_leases_are_refused(long id, long ttl, long remaining)
    {
        Assert.That(
            () => Apply(ImportedCopy.Leases(_harness.Log, new LeaseInfo(id, ttl, remaining))), Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public void Parts_out_of_order_are_refused()
    {
        Apply(ImportedCopy.Leases(_harness.Log, new LeaseInfo(5, 60, 0)));

        Assert.That(() => Apply(ImportedCopy.Versions(_harness.Log, PutVersion(9, "b"))), Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public void Bytes_that_are_no_import_end_in_an_error_that_says_so()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var log = _harness.Log;
        var versions = ImportedCopy.Versions(
            log, PutVersion(300, "key", "value", create: 2, version: 7), Tombstone(301, "key")).Payload.ToArray();
        var end = ImportedCopy.End(new ImportEnd(301, 5, 2, 0, [new AlarmMember(3, AlarmType.Corrupt)]), log).Payload.ToArray();
        for (var length = 0; length < versions.Length; length++)
        {
            ExpectSoundOrRefused(versions[..length], $"cut at {length}");
        }

        for (var round = 0; round < 20_000; round++)
        {
            byte[] damaged = [.. random.Next(2) == 0 ? versions : end];
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            ExpectSoundOrRefused(damaged, $"seed {seed}, round {round}");
        }
    }

    private static ImportedVersion PutVersion(
        long revision, string key, string value = "", long create = 0, long version = 1, long lease = 0, int sub = 0) =>
        new(revision, sub, false, TestLog.Bytes(key), create == 0 ? revision : create, version, lease, TestLog.Bytes(value));

    private static ImportedVersion Tombstone(long revision, string key) => new(revision, 0, true, TestLog.Bytes(key), 0, 0, 0, default);

    private static string Hex(in StoreEntry entry) => Convert.ToHexString(entry.Payload.Span);

    private static void ExpectSoundOrRefused(byte[] payload, string what)
    {
        using var harness = new StoreHarness();
        try
        {
            harness.Store.Apply(new StoreEntry(1, 1, EntryKind.Import, payload, 1, 0));
        }
        catch (Exception exception) when (exception is MalformedRequestException or InvalidDataException)
        {
            Assert.That(exception.Message, Does.Contain("import"), what);
        }
        catch (Exception exception)
        {
            Assert.Fail($"{what}: {exception}");
        }
    }

    private static void RefusesVersions(string why, params ImportedVersion[] versions)
    {
        using var harness = new StoreHarness();
        Assert.That(
            () => harness.Store.Apply(ImportedCopy.Versions(harness.Log, versions)),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(why));
    }

    private static void RefusesEnd(string why, ImportEnd end, long lease = 5)
    {
        using var harness = new StoreHarness();
        harness.Store.Apply(ImportedCopy.Versions(harness.Log, PutVersion(9, "b", lease: lease)));
        harness.Store.Apply(ImportedCopy.Leases(harness.Log, new LeaseInfo(5, 60, 0)));
        Assert.That(
            () => harness.Store.Apply(ImportedCopy.End(end, harness.Log)),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(why));
    }

    private void Apply(in StoreEntry entry) => _harness.Store.Apply(entry);
}
