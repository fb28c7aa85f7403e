using static Etcdish.Store.Tests.StoreHarness;

namespace Etcdish.Store.Tests;

[TestFixture]
internal sealed class TransactionTests
{
    private StoreHarness _harness = null!;

    [SetUp]
    public void SetUp() => _harness = new StoreHarness();

    [TearDown]
    public void TearDown() => _harness.Dispose();

    [Test]
    public void Ranges_see_earlier_operations_and_compares_do_not()
    {
        _harness.Put("k", "old");
        var nested = new TxnRequest
        {
            Compare = [ValueIs("k", "old")],
            Success = [Op(RangeOf("k"))],
        };
        var result = _harness.Txn(Op(PutOf("k", "new")), Op(nested), Op(RangeOf("k") with { Revision = 2 }), Op(DeleteOf("zz")));
        Assert.That(result.Revision, Is.EqualTo(3));
        var responses = result.Txn!.Responses;
        Assert.That(responses[0].HeaderRevision, Is.EqualTo(3));
        Assert.That(responses[1].Txn!.Succeeded, Is.True);
        Assert.That(responses[1].HeaderRevision, Is.Zero, "etcd leaves the header of a nested transaction empty");
        Assert.That(_harness.Pairs(responses[1].Txn!.Responses[0].Range!.Revisions), Is.EqualTo(["k=new"]));
        Assert.That(_harness.Pairs(responses[2].Range!.Revisions), Is.EqualTo(["k=old"]));
        Assert.That(responses[2].HeaderRevision, Is.EqualTo(3));
        Assert.That(responses[3].HeaderRevision, Is.EqualTo(3));
    }

    [Test]
    public void Before_the_first_change_headers_name_the_old_revision()
    {
        _harness.Put("k", "old");
        var responses = _harness.Txn(Op(RangeOf("k")), Op(DeleteOf("x")), Op(DeleteOf("k")), Op(RangeOf("k"))).Txn!.Responses;
        Assert.That(responses.Select(response => response.HeaderRevision), Is.EqualTo([2L, 2L, 3L, 3L]));
        Assert.That(responses[3].Range!.Count, Is.Zero);
    }

    [Test]
    public void A_refused_transaction_changes_nothing()
    {
        _harness.Put("k", "old");
        Assert.That(_harness.Txn(Op(PutOf("a")), Op(RangeOf("k") with { Revision = 3 })).Error, Is.EqualTo(EtcdError.FutureRev));
        Assert.That(_harness.Txn(Op(PutOf("a")), Op(PutOf("b", lease: 9))).Error, Is.EqualTo(EtcdError.LeaseNotFound));
        var ignoring = PutOf("b") with { IgnoreValue = true };
        Assert.That(_harness.Txn(Op(PutOf("a")), Op(ignoring)).Error, Is.EqualTo(EtcdError.KeyNotFound));
        _harness.Put("k", "new");
        _harness.Compact(3);
        Assert.That(_harness.Txn(Op(PutOf("a")), Op(RangeOf("k") with { Revision = 2 })).Error, Is.EqualTo(EtcdError.Compacted));
        Assert.That(_harness.Txn(Op(PutOf("a")), Op(RangeOf("k") with { Revision = -1 })).Error, Is.EqualTo(EtcdError.Compacted));
        Assert.That(_harness.Store.CurrentRevision, Is.EqualTo(3));
        Assert.That(_harness.Pairs(RangeOf("\0", "\0")), Is.EqualTo(["k=new"]));
    }

    [TestCase(CompareResult.Equal, ExpectedResult = false)]
    [TestCase(CompareResult.NotEqual, ExpectedResult = false)]
    [TestCase(CompareResult.Less, ExpectedResult = false)]
    [TestCase(CompareResult.Greater, ExpectedResult = false)]
    public bool The_value_of_a_missing_key_never_compares(CompareResult relation) =>
        Holds(new Compare { Target = CompareTarget.Value, Result = relation, Key = TestLog.Bytes("missing") });

    [TestCase(CompareTarget.Version, ExpectedResult = true)]
    [TestCase(CompareTarget.Create, ExpectedResult = true)]
    [TestCase(CompareTarget.Mod, ExpectedResult = true)]
    [TestCase(CompareTarget.Lease, ExpectedResult = true)]
    public bool A_missing_key_compares_as_zero(CompareTarget target) =>
        Holds(new Compare { Target = target, Result = CompareResult.Equal, Key = TestLog.Bytes("missing") });

    [Test]
    public void A_range_compare_must_hold_for_every_key()
    {
        _harness.Put("a", "1");
        _harness.Put("b", "1");
        _harness.Put("b", "2");
        var versionIs1 = new Compare
        {
            Target = CompareTarget.Version,
            Number = 1,
            Key = TestLog.Bytes("a"),
            RangeEnd = TestLog.Bytes("b"),
        };
        Assert.That(Holds(versionIs1), Is.True);
        Assert.That(Holds(versionIs1 with { RangeEnd = TestLog.Bytes("c") }), Is.False);
        Assert.That(Holds(versionIs1 with { Key = TestLog.Bytes("x"), RangeEnd = TestLog.Bytes("z") }), Is.False);
        Assert.That(Holds(versionIs1 with { Key = TestLog.Bytes("x"), RangeEnd = TestLog.Bytes("z"), Number = 0 }), Is.True);
    }

    [TestCase("b", CompareResult.Equal, ExpectedResult = true)]
    [TestCase("a", CompareResult.Greater, ExpectedResult = true)]
    [TestCase("c", CompareResult.Less, ExpectedResult = true)]
    [TestCase("bb", CompareResult.Less, ExpectedResult = true)]
    [TestCase("", CompareResult.Greater, ExpectedResult = true)]
    [TestCase("c", CompareResult.Equal, ExpectedResult = false)]
    [TestCase("c", CompareResult.NotEqual, ExpectedResult = true)]
    [TestCase("b", CompareResult.NotEqual, ExpectedResult = false)]
    public bool Values_compare_as_bytes(string operand, CompareResult relation)
    {
        _harness.Put("k", "b");
        return Holds(ValueIs("k", operand) with { Result = relation });
    }

    [Test]
    public void A_read_only_transaction_reads_one_revision()
    {
        _harness.Put("k", "v");
        var txn = new TxnRequest { Compare = [ValueIs("k", "v")], Success = [Op(RangeOf("k"))] };
        Assert.That(RevisionStore.IsReadOnly(txn), Is.True);
        Assert.That(RevisionStore.IsSerializable(txn), Is.False);
        Assert.That(RevisionStore.IsReadOnly(new TxnRequest { Success = [Op(txn)] }), Is.False);
        var result = _harness.Store.ReadOnlyTxn(txn, out var revision);
        Assert.That(revision, Is.EqualTo(2));
        Assert.That(result.Succeeded, Is.True);
        Assert.That(_harness.Pairs(result.Responses[0].Range!.Revisions), Is.EqualTo(["k=v"]));
        var future = new TxnRequest { Success = [Op(RangeOf("k") with { Revision = 9 })] };
        Assert.That(() => _harness.Store.ReadOnlyTxn(future, out _), Throws.TypeOf<EtcdException>());
    }

    private static Compare ValueIs(string key, string value) =>
        new() { Target = CompareTarget.Value, Key = TestLog.Bytes(key), Value = TestLog.Bytes(value) };

    private bool Holds(Compare compare) => _harness.Apply(new TxnRequest { Compare = [compare] }).Txn!.Succeeded;
}
