using static Etcdish.Store.Tests.StoreHarness;

namespace Etcdish.Store.Tests;

/// <summary>The numbers are those that etcd 3.4.23 gave for the same operations.</summary>
[TestFixture]
internal sealed class HashKvTests
{
    private StoreHarness _harness = null!;

    [SetUp]
    public void SetUp() => _harness = new StoreHarness(keysPerLockHold: 2);

    [TearDown]
    public void TearDown() => _harness.Dispose();

    [Test]
    public void The_hash_of_a_history_is_etcds()
    {
        Assert.That(Hash(), Is.EqualTo(1084519789));
        _harness.Put("a", "1");
        _harness.Put("b", "2");
        Assert.That(Hash(), Is.EqualTo(1827592406));
        _harness.Put("a", "3");
        Assert.That(Hash(), Is.EqualTo(2069675932));
        _harness.Grant(7, 6000);
        _harness.Put("c", "leased", lease: 7);
        Assert.That(Hash(), Is.EqualTo(582090891));
        _harness.Delete("b");
        Assert.That(Hash(), Is.EqualTo(387832689));
        _harness.Txn(Op(PutOf("x", "1")), Op(PutOf("y", "2")));
        Assert.That(Hash(), Is.EqualTo(2126026035));
        Assert.That(Hash(4), Is.EqualTo(2069675932));

        _harness.Compact(6);
        Assert.That(Hash(), Is.EqualTo(484040836), "before anything is taken away");
        Finish();
        Assert.That(Hash(), Is.EqualTo(484040836), "afterwards");
        _harness.Put("a", "4");
        Assert.That(Hash(), Is.EqualTo(888469331));
        _harness.Delete("\0", "\0");
        Assert.That(Hash(), Is.EqualTo(3021451019));
        _harness.Compact(9);
        Finish();
        Assert.That(Hash(), Is.EqualTo(1084519789));
    }

    [Test]
    public void The_hash_of_everything_covers_leases_and_alarms()
    {
        _harness.Put("a");
        var bare = _harness.Store.Hash(out var revision);
        Assert.That(revision, Is.EqualTo(2));
        _harness.Grant(7);
        var leased = _harness.Store.Hash(out _);
        _harness.Alarm(AlarmAction.Activate, AlarmType.NoSpace);
        Assert.That(new[] { bare, leased, _harness.Store.Hash(out _) }, Is.Unique);
    }

    [Test]
    public void Revisions_out_of_reach_are_refused()
    {
        _harness.Put("a");
        _harness.Put("a");
        _harness.Compact(3);
        Assert.That(() => _harness.Store.HashKv(2), Throws.TypeOf<EtcdException>().With.Property("Error").EqualTo(EtcdError.Compacted));
        Assert.That(() => _harness.Store.HashKv(4), Throws.TypeOf<EtcdException>().With.Property("Error").EqualTo(EtcdError.FutureRev));
        Assert.That(_harness.Store.HashKv(3), Has.Property("CompactRevision").EqualTo(3).And.Property("HashRevision").EqualTo(3));
    }

    private uint Hash(long revision = 0) => _harness.Store.HashKv(revision).Hash;

    private void Finish()
    {
        while (_harness.Store.CompactStep(1))
        {
        }
    }
}
