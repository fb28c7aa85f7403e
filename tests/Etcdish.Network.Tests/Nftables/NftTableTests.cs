using Etcdish.Network.Nftables;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>The difference between what is wanted and what is there, as commands.</summary>
public sealed class NftTableTests
{
    private NftTable _table = null!;

    [SetUp]
    public void Begin()
    {
        _table = new NftTable("ip t", NftRules.None);
        SampleRoutes.Text(_table.WriteAnew);
    }

    [Test]
    public void What_is_new_comes_in_an_order_in_which_nothing_is_named_before_it_is_there()
    {
        _table.Set("a", new NftRules(
            [new NftChain("one", ["goto two"]), new NftChain("two", ["accept"])],
            [Element("m", "1", "goto one"), Element("m", "2", "goto two"), Element("s", "3", "")],
            [new NftSet("own", "set", "type ipv4_addr ;")]));
        Assert.That(Changes(), Is.EqualTo("""
            add set ip t own { type ipv4_addr ; }
            add chain ip t one
            add chain ip t two
            add rule ip t one goto two
            add rule ip t two accept
            add element ip t m { 1 : goto one, 2 : goto two }
            add element ip t s { 3 }
            """));
        Assert.That(Changes(), Is.Empty);
    }

    [Test]
    public void A_change_is_what_is_different_and_what_is_left_over_goes_with_the_next()
    {
        NftElement[] elements = [Element("m", "1", "goto one")];
        _table.Set("a", new NftRules([new NftChain("one", ["goto two"]), new NftChain("two", ["accept"])], elements, []));
        Changes();
        _table.Set("a", new NftRules([new NftChain("one", ["goto three"]), new NftChain("three", ["drop"])], elements, []));
        Assert.That(Changes(), Is.EqualTo("""
            flush chain ip t one
            flush chain ip t two
            add chain ip t three
            add rule ip t one goto three
            add rule ip t three drop
            """));
        Assert.That(_table.HasStale, Is.True);
        Assert.That(Changes(), Is.EqualTo("delete chain ip t two"));
        Assert.That(_table.HasStale, Is.False);
    }

    [Test]
    public void What_is_wanted_again_before_it_was_deleted_stays()
    {
        var rules = new NftRules([new NftChain("one", ["accept"])], [], [new NftSet("own", "set", "type ipv4_addr ;")]);
        _table.Set("a", rules);
        Changes();
        _table.Set("a", NftRules.None);
        Assert.That(Changes(), Is.EqualTo("flush chain ip t one"));
        _table.Set("a", rules);
        Assert.That(Changes(), Is.EqualTo("add rule ip t one accept"));
        Assert.That(Changes(), Is.Empty);
    }

    [Test]
    public void Of_several_who_want_an_element_the_first_by_name_has_it_until_it_goes()
    {
        _table.Set("b", new NftRules([], [Element("m", "1", "drop")], []));
        Changes();
        _table.Set("c", new NftRules([], [Element("m", "1", "return")], []));
        Assert.That(Changes(), Is.Empty);
        _table.Set("a", new NftRules([], [Element("m", "1", "accept")], []));
        Assert.That(Changes(), Is.EqualTo("delete element ip t m { 1 }\nadd element ip t m { 1 : accept }"));
        _table.Set("b", NftRules.None);
        Assert.That(Changes(), Is.Empty);
        _table.Set("a", NftRules.None);
        Assert.That(Changes(), Is.EqualTo("delete element ip t m { 1 }\nadd element ip t m { 1 : return }"));
    }

    private static NftElement Element(string map, string key, string value) => new(new NftSlot(map, key), value);

    private string Changes() => SampleRoutes.Text(_table.WriteChanges).TrimEnd('\n');
}
