namespace Etcdish.Store.Tests;

[TestFixture]
internal sealed class CompactionTests
{
    private StoreHarness _harness = null!;

    [SetUp]
    public void SetUp() => _harness = new StoreHarness();

    [TearDown]
    public void TearDown() => _harness.Dispose();

    [Test]
    public void A_tombstone_stays_at_the_compacted_revision_and_goes_below_it()
    {
        _harness.Put("a", "1");
        _harness.Delete("a");
        _harness.Put("b", "1");
        _harness.Compact(3);
        Finish();
        var changes = new List<KeyRevision>();
        _harness.Store.ReadChanges(3, 10, changes);
        Assert.That(changes[0], Has.Property("IsTombstone").True.And.Property("Previous").Null);

        _harness.Compact(4);
        Finish();
        Assert.That(_harness.Store.VersionCount, Is.EqualTo(1));
        Assert.That(() => _harness.Store.ReadChanges(3, 10, changes), Throws.TypeOf<EtcdException>());
    }

    [Test]
    public void The_revision_survives_when_everything_was_deleted()
    {
        _harness.Put("a", "1");
        _harness.Delete("a");
        _harness.Compact(3);
        Finish();
        _harness.Put("b");
        _harness.Delete("b");
        _harness.Compact(5);
        Finish();
        Assert.That(_harness.Store.CurrentRevision, Is.EqualTo(5));
        Assert.That(_harness.Store.KeyCount, Is.Zero);
        Assert.That(CheckpointTests.Reload(_harness).CurrentRevision, Is.EqualTo(5));
    }

    [Test]
    public void A_running_read_holds_removal_back()
    {
        _harness.Put("a", "1");
        using (_harness.Store.CaptureCheckpoint())
        {
            _harness.Put("a", "2");
            _harness.Compact(3);
            Assert.That(_harness.Store.CompactStep(100), Is.False);
            Assert.That(_harness.Store.PhysicallyCompactedRevision, Is.LessThan(3));
            Assert.That(_harness.Store.VersionCount, Is.EqualTo(2));
        }

        Finish();
        Assert.That(_harness.Store.PhysicallyCompactedRevision, Is.EqualTo(3));
        Assert.That(_harness.Store.VersionCount, Is.EqualTo(1));
    }

    [Test]
    public void Removal_goes_in_steps_of_the_size_asked_for()
    {
        for (var i = 0; i < 10; i++)
        {
            _harness.Put("a", "value");
        }

        _harness.Compact(11);
        var steps = 1;
        while (_harness.Store.CompactStep(2))
        {
            steps++;
        }

        Assert.That(steps, Is.EqualTo(5));
        Assert.That(_harness.Store.VersionCount, Is.EqualTo(1));
        Assert.That(_harness.Store.LiveBytes, Is.EqualTo("a".Length + "value".Length));
    }

    [Test]
    public void A_version_that_is_gone_cannot_be_moved()
    {
        _harness.Put("a", "1");
        var old = _harness.Get("a");
        _harness.Put("a", "2");
        var copy = _harness.Log.Copy(old.Value);
        Assert.That(() => _harness.Store.Relocate(old, copy with { Checksum = 0 }), Throws.ArgumentException);
        _harness.Compact(3);
        Finish();
        Assert.That(_harness.Store.Relocate(old, copy), Is.False);
        Assert.That(_harness.Store.FindVersion("a"u8, 2, 0), Is.Null);
        var usage = new List<KeyValuePair<uint, long>>();
        _harness.Store.ReadSegmentUsage(usage);
        Assert.That(usage, Is.EqualTo([new KeyValuePair<uint, long>(0, "a".Length + "2".Length + SegmentUsage.CopyHeadBytes)]));
    }

    private void Finish()
    {
        while (_harness.Store.CompactStep(1))
        {
        }
    }
}
