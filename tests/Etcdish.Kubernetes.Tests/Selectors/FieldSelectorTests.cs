namespace Etcdish.Kubernetes.Tests;

public sealed class FieldSelectorTests
{
    [TestCase("", "")]
    [TestCase("a=b", "a=b")]
    [TestCase("a==b", "a=b")]
    [TestCase("a!=b,c=", "a!=b,c=")]
    [TestCase(@"a=x\,y\=z\\", @"a=x\,y\=z\\")]
    [TestCase("a=b,,c=d", "a=b,c=d")]
    [TestCase("=b", "=b")]
    public void A_selector_is_read_and_written(string text, string canonical) =>
        Assert.That(FieldSelector.Parse(text).ToString(), Is.EqualTo(canonical));

    [TestCase("a", "invalid selector: 'a'; can't understand 'a'")]
    [TestCase("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'")]
    [TestCase("a=b=c", "invalid field selector: unescaped character in value: 61")]
    [TestCase(@"a=\x", @"invalid field selector: invalid escape sequence: \x")]
    [TestCase(@"a=b\", @"invalid field selector: invalid escape sequence: \")]
    public void What_is_no_selector_is_refused_in_kubernetes_words(string text, string message) =>
        Assert.That(() => FieldSelector.Parse(text), Throws.TypeOf<SelectorException>().With.Message.EqualTo(message));

    [TestCase("", true)]
    [TestCase("name=x", true)]
    [TestCase("name!=x", false)]
    [TestCase("other=", true)]
    [TestCase("other!=", false)]
    [TestCase("name=x,phase=Running", true)]
    [TestCase("name=x,phase!=Running", false)]
    public void A_selector_matches_fields(string text, bool expected)
    {
        var fields = new Dictionary<string, string> { ["name"] = "x", ["phase"] = "Running" };

        Assert.That(FieldSelector.Parse(text).Matches(f => fields.GetValueOrDefault(f)), Is.EqualTo(expected));
    }

    [Test]
    public void A_required_value_is_known_beforehand()
    {
        var selector = FieldSelector.Parse("metadata.name=x,metadata.namespace!=y");

        Assert.That(selector.RequiredValue("metadata.name"), Is.EqualTo("x"));
        Assert.That(selector.RequiredValue("metadata.namespace"), Is.Null);
    }
}
