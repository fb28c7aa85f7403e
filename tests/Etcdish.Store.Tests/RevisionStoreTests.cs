using static Etcdish.Store.Tests.StoreHarness;

namespace Etcdish.Store.Tests;

[TestFixture]
internal sealed class RevisionStoreTests
{
    private StoreHarness _harness = null!;

    [SetUp]
    public void SetUp() => _harness = new StoreHarness(keysPerLockHold: 3);

    [TearDown]
    public void TearDown()
    {
        Assert.That(_harness.Log.HasOpenScopes, Is.False);
        _harness.Dispose();
    }

    [Test]
    public void An_empty_store_has_revision_1_and_was_never_compacted()
    {
        Assert.That(_harness.Store.CurrentRevision, Is.EqualTo(1));
        Assert.That(_harness.Store.CompactedRevision, Is.EqualTo(-1));
        Assert.That(_harness.Pairs(RangeOf("\0", "\0")), Is.Empty);
    }

    [Test]
    public void Versions_count_from_creation_and_begin_again_after_a_deletion()
    {
        Assert.That(_harness.Put("k", "1").Revision, Is.EqualTo(2));
        Assert.That(_harness.Put("k", "2").Revision, Is.EqualTo(3));
        var second = _harness.Get("k");
        Assert.That((second.CreateRevision, second.ModRevision, second.Version), Is.EqualTo((2L, 3L, 2L)));

        Assert.That(_harness.Delete("k").DeleteRange!.Deleted, Is.EqualTo(1));
        Assert.That(_harness.Pairs(RangeOf("k")), Is.Empty);

        _harness.Put("k", "3");
        var reborn = _harness.Get("k");
        Assert.That((reborn.CreateRevision, reborn.ModRevision, reborn.Version), Is.EqualTo((5L, 5L, 1L)));
        Assert.That(_harness.Pairs(RangeOf("k") with { Revision = 3 }), Is.EqualTo(["k=2"]));
        Assert.That(_harness.Pairs(RangeOf("k") with { Revision = 4 }), Is.Empty);
    }

    [Test]
    public void A_deletion_of_nothing_does_not_take_a_revision()
    {
        _harness.Put("k");
        Assert.That(_harness.Delete("nothing").Revision, Is.EqualTo(2));
        Assert.That(_harness.Txn(Op(DeleteOf("nothing")), Op(RangeOf("k"))).Revision, Is.EqualTo(2));
        Assert.That(_harness.Store.LastChanges.Length, Is.Zero);
    }

    [Test]
    public void Range_ends_follow_the_convention()
    {
        foreach (var key in new[] { "a", "b", "ba", "bb", "c" })
        {
            _harness.Put(key, "v");
        }

        Assert.That(_harness.Pairs(RangeOf("b")), Is.EqualTo(["b=v"]));
        Assert.That(_harness.Pairs(RangeOf("b", "c")), Is.EqualTo(["b=v", "ba=v", "bb=v"]));
        Assert.That(_harness.Pairs(RangeOf("bb", "\0")), Is.EqualTo(["bb=v", "c=v"]));
        Assert.That(_harness.Pairs(RangeOf("\0", "\0")), Has.Length.EqualTo(5));
        Assert.That(_harness.Pairs(RangeOf("c", "b")), Is.Empty);
    }

    [Test]
    public void A_limit_cuts_the_pairs_but_not_the_count()
    {
        for (var i = 0; i < 10; i++)
        {
            _harness.Put($"k{i}", "v");
        }

        var cut = _harness.Store.Range(RangeOf("k", "l") with { Limit = 4 });
        Assert.That((cut.Revisions.Count, cut.Count, cut.More), Is.EqualTo((4, 10L, true)));
        var exact = _harness.Store.Range(RangeOf("k", "l") with { Limit = 10 });
        Assert.That((exact.Revisions.Count, exact.Count, exact.More), Is.EqualTo((10, 10L, false)));
        var counted = _harness.Store.Range(RangeOf("k", "l") with { CountOnly = true, Limit = 1 });
        Assert.That((counted.Revisions.Count, counted.Count, counted.More), Is.EqualTo((0, 10L, false)));
    }

    [Test]
    public void Sorting_comes_before_the_limit_unless_only_a_target_is_given()
    {
        _harness.Put("a", "9");
        _harness.Put("b", "8");
        _harness.Put("c", "1");
        _harness.Put("d", "2");
        var byValue = RangeOf("a", "z") with { SortTarget = SortTarget.Value, Limit = 2 };
        Assert.That(_harness.Pairs(byValue with { SortOrder = SortOrder.Ascend }), Is.EqualTo(["c=1", "d=2"]));
        Assert.That(_harness.Pairs(byValue with { SortOrder = SortOrder.Descend }), Is.EqualTo(["a=9", "b=8"]));
        Assert.That(_harness.Pairs(byValue), Is.EqualTo(["c=1", "b=8"]), "limit + 1 keys are fetched, sorted, then cut");
        Assert.That(_harness.Pairs(RangeOf("a", "z") with { SortOrder = SortOrder.Descend, Limit = 1 }), Is.EqualTo(["d=2"]));
    }

    [Test]
    public void Revision_filters_leave_the_count_alone()
    {
        _harness.Put("a", "1");
        _harness.Put("b", "2");
        _harness.Put("c", "3");
        _harness.Put("a", "4");
        var request = RangeOf("a", "z");
        Assert.That(_harness.Pairs(request with { MinModRevision = 4 }), Is.EqualTo(["a=4", "c=3"]));
        Assert.That(_harness.Pairs(request with { MaxCreateRevision = 2 }), Is.EqualTo(["a=4"]));
        var limited = _harness.Store.Range(request with { MinModRevision = 3, Limit = 2 });
        Assert.That((limited.Revisions.Count, limited.Count, limited.More), Is.EqualTo((2, 3L, true)));
        var single = _harness.Store.Range(RangeOf("a") with { MaxModRevision = 3 });
        Assert.That((single.Revisions.Count, single.Count), Is.EqualTo((0, 1L)));
    }

    [Test]
    public void Keys_only_drops_the_lease_unless_sorted_by_value()
    {
        _harness.Put("a", "1");
        var plain = _harness.Store.Range(RangeOf("a") with { KeysOnly = true });
        Assert.That((plain.KeysOnly, plain.OmitsLeases), Is.EqualTo((true, true)));
        var byValue = _harness.Store.Range(RangeOf("a") with { KeysOnly = true, SortTarget = SortTarget.Value });
        Assert.That((byValue.KeysOnly, byValue.OmitsLeases), Is.EqualTo((true, false)));
    }

    [Test]
    public void The_compacted_revision_is_the_oldest_readable_one()
    {
        _harness.Put("a", "1");
        _harness.Put("a", "2");
        _harness.Put("a", "3");
        Assert.That(_harness.Compact(3).Error, Is.Null);
        Assert.That(_harness.ErrorOf(RangeOf("a") with { Revision = 2 }), Is.EqualTo(EtcdError.Compacted));
        Assert.That(_harness.Pairs(RangeOf("a") with { Revision = 3 }), Is.EqualTo(["a=2"]));
        Assert.That(_harness.ErrorOf(RangeOf("a") with { Revision = 5 }), Is.EqualTo(EtcdError.FutureRev));
        Assert.That(_harness.Compact(3).Error, Is.EqualTo(EtcdError.Compacted));
        Assert.That(_harness.Compact(5).Error, Is.EqualTo(EtcdError.FutureRev));
    }

    [Test]
    public void Revision_0_can_be_compacted_on_a_fresh_store() => Assert.That(_harness.Compact(0).Error, Is.Null);

    [Test]
    public void Ignoring_the_value_keeps_the_place_of_the_old_one()
    {
        _harness.Grant(5);
        _harness.Put("k", "value", lease: 5);
        var before = _harness.Get("k");
        var result = _harness.Apply(PutOf("k") with { IgnoreValue = true, PrevKv = true });
        Assert.That(result.PutPrevious, Is.SameAs(before));
        Assert.That(_harness.Get("k").Value, Is.EqualTo(before.Value));
        Assert.That(_harness.Get("k").Lease, Is.Zero);

        _harness.Put("k", "value", lease: 5);
        _harness.Apply(PutOf("k", "new") with { IgnoreLease = true });
        Assert.That(_harness.Get("k").Lease, Is.EqualTo(5));
        Assert.That(_harness.Apply(PutOf("missing") with { IgnoreValue = true }).Error, Is.EqualTo(EtcdError.KeyNotFound));
    }

    [Test]
    public void A_revoked_lease_takes_its_keys_in_one_revision_and_in_order()
    {
        _harness.Grant(5);
        Assert.That(_harness.Grant(5).Error, Is.EqualTo(EtcdError.LeaseExist));
        Assert.That(_harness.Grant(6, LeaseRules.MaxTtlSeconds + 1).Error, Is.EqualTo(EtcdError.LeaseTTLTooLarge));
        Assert.That(_harness.Put("x", lease: 9).Error, Is.EqualTo(EtcdError.LeaseNotFound));
        _harness.Put("b", lease: 5);
        _harness.Put("a", lease: 5);
        _harness.Put("c", lease: 5);
        _harness.Put("c");
        Assert.That(_harness.Revoke(5).Revision, Is.EqualTo(6));
        var changes = _harness.Store.LastChanges.ToArray();
        Assert.That(changes.Select(change => TestLog.Text(change.Key)), Is.EqualTo(["a", "b"]));
        Assert.That(changes.Select(change => change.SubRevision), Is.EqualTo([0, 1]));
        Assert.That(_harness.Pairs(RangeOf("\0", "\0")), Is.EqualTo(["c="]));
        Assert.That(_harness.Revoke(5).Error, Is.EqualTo(EtcdError.LeaseNotFound));
    }

    [Test]
    public void Out_of_space_refuses_what_adds_and_allows_what_frees()
    {
        _harness.Put("k", "v");
        _harness.Grant(5);
        Assert.That(_harness.Alarm(AlarmAction.Activate, AlarmType.NoSpace).Alarms, Is.EqualTo([new AlarmMember(1, AlarmType.NoSpace)]));
        Assert.That(_harness.Put("k").Error, Is.EqualTo(EtcdError.NoSpace));
        Assert.That(_harness.Grant(6).Error, Is.EqualTo(EtcdError.NoSpace));
        var nested = new TxnRequest { Failure = [Op(PutOf("k"))] };
        Assert.That(_harness.Txn(Op(nested)).Error, Is.EqualTo(EtcdError.NoSpace));
        Assert.That(_harness.Delete("k").Error, Is.Null);
        Assert.That(_harness.Revoke(5).Error, Is.Null);
        Assert.That(_harness.Alarm(AlarmAction.Deactivate, AlarmType.NoSpace).Alarms, Has.Count.EqualTo(1));
        Assert.That(_harness.Put("k").Error, Is.Null);
    }

    [Test]
    public void An_entry_out_of_turn_is_an_impossible_state()
    {
        _harness.Log.LastIndex++;
        Assert.That(() => _harness.Put("k"), Throws.InvalidOperationException);
    }

    [Test]
    public void Changes_are_read_in_whole_revisions()
    {
        _harness.Put("a");
        _harness.Txn(Op(PutOf("b")), Op(PutOf("c")));
        _harness.Delete("a", "d");
        var changes = new List<KeyRevision>();
        Assert.That(_harness.Store.ReadChanges(2, 2, changes), Is.EqualTo(4));
        Assert.That(changes.Select(change => (change.ModRevision, change.SubRevision)), Is.EqualTo([(2L, 0), (3L, 0), (3L, 1)]));
        changes.Clear();
        Assert.That(_harness.Store.ReadChanges(4, 10, changes), Is.EqualTo(5));
        Assert.That(changes.Select(change => TestLog.Text(change.Key)), Is.EqualTo(["a", "b", "c"]));
        Assert.That(changes.TrueForAll(change => change.IsTombstone && change.Previous is not null), Is.True);
        changes.Clear();
        Assert.That(_harness.Store.ReadChanges(5, 10, changes), Is.EqualTo(5));
        Assert.That(_harness.Store.ReadChanges(9, 10, changes), Is.EqualTo(9));
        Assert.That(changes, Is.Empty);
    }

    [Test]
    public void The_checksum_is_castagnolis()
    {
        Assert.That(Crc32C.Compute("123456789"u8), Is.EqualTo(0xE3069283));
        Assert.That(Crc32C.Append(Crc32C.Compute("1234"u8), "56789"u8), Is.EqualTo(0xE3069283));
    }

    [Test]
    public void TryGet_finds_living_keys()
    {
        _harness.Put("a", "1");
        Assert.That(_harness.Store.TryGet("a"u8, out var version), Is.True);
        Assert.That(version!.ModRevision, Is.EqualTo(2));
        _harness.Delete("a");
        Assert.That(_harness.Store.TryGet("a"u8, out _), Is.False);
        Assert.That(_harness.Store.KeyCount, Is.Zero);
    }
}
