using static Etcdish.Store.Tests.StoreHarness;

namespace Etcdish.Store.Tests;

[TestFixture]
internal sealed class RequestValidatorTests
{
    [Test]
    public void A_range_needs_a_key_and_a_known_order()
    {
        Assert.That(RequestValidator.Check(new RangeRequest()), Is.EqualTo(EtcdError.EmptyKey));
        Assert.That(RequestValidator.Check(RangeOf("k") with { SortOrder = (SortOrder)3 }), Is.EqualTo(EtcdError.InvalidSortOption));
        Assert.That(RequestValidator.Check(RangeOf("k") with { SortTarget = (SortTarget)(-1) }), Is.EqualTo(EtcdError.InvalidSortOption));
        Assert.That(RequestValidator.Check(RangeOf("k") with { SortTarget = SortTarget.Value }), Is.Null);
    }

    [Test]
    public void A_put_cannot_both_give_and_ignore()
    {
        Assert.That(RequestValidator.Check(new PutRequest()), Is.EqualTo(EtcdError.EmptyKey));
        Assert.That(RequestValidator.Check(PutOf("k", "v") with { IgnoreValue = true }), Is.EqualTo(EtcdError.ValueProvided));
        Assert.That(RequestValidator.Check(PutOf("k", "v", 1) with { IgnoreLease = true }), Is.EqualTo(EtcdError.LeaseProvided));
        Assert.That(RequestValidator.Check(PutOf("k", "v", 1)), Is.Null);
        Assert.That(RequestValidator.Check(new DeleteRangeRequest()), Is.EqualTo(EtcdError.EmptyKey));
    }

    [Test]
    public void Each_level_of_a_transaction_takes_its_size_off_the_budget()
    {
        Assert.That(Check([Op(PutOf("a")), Op(PutOf("b"))], maxOps: 2), Is.Null);
        Assert.That(Check([Op(PutOf("a")), Op(PutOf("b"))], maxOps: 1), Is.EqualTo(EtcdError.TooManyOps));
        var nested = new TxnRequest { Success = [Op(PutOf("c")), Op(PutOf("d"))] };
        Assert.That(Check([Op(PutOf("a")), Op(nested)], maxOps: 4), Is.Null);
        Assert.That(Check([Op(PutOf("a")), Op(nested)], maxOps: 3), Is.EqualTo(EtcdError.TooManyOps));
    }

    [Test]
    public void Operations_are_checked_at_every_level()
    {
        Assert.That(Check([new RequestOp()]), Is.EqualTo(EtcdError.KeyNotFound));
        Assert.That(Check([Op(new PutRequest())]), Is.EqualTo(EtcdError.EmptyKey));
        Assert.That(Check([Op(new TxnRequest { Failure = [Op(new RangeRequest())] })]), Is.EqualTo(EtcdError.EmptyKey));
        Assert.That(RequestValidator.Check(new TxnRequest { Compare = [new Compare()] }, 128), Is.EqualTo(EtcdError.EmptyKey));
    }

    [Test]
    public void No_run_may_write_a_key_twice()
    {
        Assert.That(Check([Op(PutOf("a")), Op(PutOf("a"))]), Is.EqualTo(EtcdError.DuplicateKey));
        Assert.That(Check([Op(PutOf("a")), Op(DeleteOf("a"))]), Is.EqualTo(EtcdError.DuplicateKey));
        Assert.That(Check([Op(PutOf("b")), Op(DeleteOf("a", "c"))]), Is.EqualTo(EtcdError.DuplicateKey));
        Assert.That(Check([Op(PutOf("c")), Op(DeleteOf("a", "c"))]), Is.Null);
        Assert.That(Check([Op(DeleteOf("a", "c")), Op(DeleteOf("b", "d"))]), Is.Null);
        Assert.That(Check([Op(PutOf("a")), Op(Either([Op(PutOf("a"))], []))]), Is.EqualTo(EtcdError.DuplicateKey));
        Assert.That(Check([Op(DeleteOf("a")), Op(Either([], [Op(PutOf("a"))]))]), Is.EqualTo(EtcdError.DuplicateKey));
    }

    [Test]
    public void Branches_that_exclude_each_other_may_overlap()
    {
        Assert.That(Check([Op(Either([Op(PutOf("a"))], [Op(PutOf("a"))]))]), Is.Null);
        Assert.That(Check([Op(Either([Op(PutOf("a"))], [Op(DeleteOf("a"))]))]), Is.Null);
        var twice = Op(Either([Op(PutOf("a"))], [Op(PutOf("a"))]));
        Assert.That(Check([twice, twice]), Is.EqualTo(EtcdError.DuplicateKey));
        Assert.That(RequestValidator.Check(new TxnRequest { Success = [Op(PutOf("a"))], Failure = [Op(DeleteOf("a"))] }, 128), Is.Null);
    }

    [Test]
    public void Deletions_of_later_nested_transactions_are_not_looked_at()
    {
        RequestOp puts = Op(Either([Op(PutOf("a"))], [])), deletes = Op(Either([Op(DeleteOf("a"))], []));
        Assert.That(Check([puts, deletes]), Is.Null);
        Assert.That(Check([deletes, puts]), Is.EqualTo(EtcdError.DuplicateKey));
    }

    [Test]
    public void An_open_deletion_overlaps_only_what_could_not_be_answered()
    {
        Assert.That(Check([Op(DeleteOf("a", "\0")), Op(PutOf("b", "v"))]), Is.Null);
        var ignoring = PutOf("b") with { IgnoreValue = true };
        Assert.That(Check([Op(DeleteOf("a", "\0")), Op(ignoring)]), Is.EqualTo(EtcdError.DuplicateKey));
        Assert.That(Check([Op(DeleteOf("c", "\0")), Op(ignoring)]), Is.Null);
        Assert.That(Check([Op(Either([Op(DeleteOf("a", "\0"))], [])), Op(ignoring)]), Is.EqualTo(EtcdError.DuplicateKey));
        Assert.That(Check([Op(Either([Op(DeleteOf("a", "\0"))], [Op(ignoring)]))]), Is.Null);
    }

    private static TxnRequest Either(RequestOp[] success, RequestOp[] failure) => new() { Success = success, Failure = failure };

    private static EtcdError? Check(RequestOp[] ops, int maxOps = 128) => RequestValidator.Check(new TxnRequest { Success = ops }, maxOps);
}
