using Etcdish.Cli.Verbs;
using Etcdish.Protos;

namespace Etcdish.Server.Tests;

/// <summary>The notation of <c>etcdish kv txn</c>, which is etcdctl's.</summary>
public sealed class TransactionNotationTests
{
    [Test]
    public void Conditions_and_both_branches_are_read()
    {
        TxnRequest txn = Parse("""
            mod("a") > "5"
            value("b") != "x y"
            lease("c") = "ff"

            put a "b c"
            get a --prefix

            del "a b"

            """);

        Assert.Multiple(() =>
        {
            Assert.That(txn.Compare.Select(compare => compare.Target), Is.EqualTo(new[]
            {
                Compare.Types.CompareTarget.Mod, Compare.Types.CompareTarget.Value, Compare.Types.CompareTarget.Lease,
            }));
            Assert.That(txn.Compare[0], Has.Property("ModRevision").EqualTo(5)
                .And.Property("Result").EqualTo(Compare.Types.CompareResult.Greater));
            Assert.That(txn.Compare[1].Value.ToStringUtf8(), Is.EqualTo("x y"));
            Assert.That(txn.Compare[2].Lease, Is.EqualTo(255));
            Assert.That(txn.Success[0].RequestPut.Value.ToStringUtf8(), Is.EqualTo("b c"));
            Assert.That(txn.Success[1].RequestRange.RangeEnd.ToStringUtf8(), Is.EqualTo("b"));
            Assert.That(txn.Failure.Single().RequestDeleteRange.Key.ToStringUtf8(), Is.EqualTo("a b"));
        });
    }

    [Test]
    public void Without_conditions_the_first_branch_is_meant()
    {
        TxnRequest txn = Parse("\nput a 1\n");
        Assert.Multiple(() =>
        {
            Assert.That(txn.Compare, Is.Empty);
            Assert.That(txn.Success, Has.Count.EqualTo(1));
            Assert.That(txn.Failure, Is.Empty);
        });
    }

    [TestCase("mod(a) = \"5\"")]
    [TestCase("mod(\"a\") = \"five\"")]
    [TestCase("size(\"a\") = \"5\"")]
    [TestCase("\nput a\n")]
    [TestCase("\nfrobnicate a\n")]
    public void What_cannot_be_read_is_named(string text) =>
        Assert.That(() => Parse(text), Throws.TypeOf<CommandException>().With.Message.Contains("\""));

    private static TxnRequest Parse(string text)
    {
        using var input = new StringReader(text);
        return KvTxnVerb.Parse(input);
    }
}
