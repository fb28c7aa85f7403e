namespace Etcdish.Kubernetes.Tests;

public sealed class NameRulesTests
{
    private static readonly string _long = new('a', 254);

    [TestCase("a", true)]
    [TestCase("my-name", true)]
    [TestCase("123-abc", true)]
    [TestCase("", false)]
    [TestCase("A", false)]
    [TestCase("-a", false)]
    [TestCase("a-", false)]
    [TestCase("a.b", false)]
    [TestCase("a_b", false)]
    [TestCase("ä", false)]
    public void Labels_of_rfc_1123(string value, bool isValid) =>
        Assert.That(NameRules.Dns1123Label(value), Has.Count.EqualTo(isValid ? 0 : 1));

    [TestCase("a.b-c.1", true)]
    [TestCase("a", true)]
    [TestCase("a..b", false)]
    [TestCase(".a", false)]
    [TestCase("a.", false)]
    [TestCase("a.-b", false)]
    [TestCase("Foo", false)]
    public void Subdomains(string value, bool isValid) =>
        Assert.That(NameRules.Dns1123Subdomain(value), Has.Count.EqualTo(isValid ? 0 : 1));

    [TestCase("a1", true)]
    [TestCase("1a", false)]
    [TestCase("a.b", false)]
    [TestCase("", false)]
    public void Labels_of_rfc_1035(string value, bool isValid) =>
        Assert.That(NameRules.Dns1035Label(value), Has.Count.EqualTo(isValid ? 0 : 1));

    [TestCase("*.example.com", true)]
    [TestCase("example.com", false)]
    [TestCase("*.", false)]
    [TestCase("*.*.com", false)]
    public void Wildcards(string value, bool isValid) =>
        Assert.That(NameRules.WildcardDns1123Subdomain(value), Has.Count.EqualTo(isValid ? 0 : 1));

    [TestCase("a", 0)]
    [TestCase("A_b.c-9", 0)]
    [TestCase("example.com/A_b", 0)]
    [TestCase("", 2)]
    [TestCase("/a", 1)]
    [TestCase("a/", 2)]
    [TestCase("a/b/c", 1)]
    [TestCase("Example.com/a", 1)]
    [TestCase("-a", 1)]
    public void Qualified_names(string value, int problems) => Assert.That(NameRules.QualifiedName(value), Has.Count.EqualTo(problems));

    [TestCase("", 0)]
    [TestCase("a_B.9", 0)]
    [TestCase("-", 1)]
    [TestCase("a/b", 1)]
    public void Label_values(string value, int problems) => Assert.That(NameRules.LabelValue(value), Has.Count.EqualTo(problems));

    [TestCase("http", 0)]
    [TestCase("a-1", 0)]
    [TestCase("80", 1)]
    [TestCase("-a", 1)]
    [TestCase("a--b", 1)]
    [TestCase("A", 2)]
    [TestCase("", 2)]
    [TestCase("abcdefghijklmnop", 1)]
    public void Port_names(string value, int problems) => Assert.That(NameRules.PortName(value), Has.Count.EqualTo(problems));

    [TestCase("system:node", 0)]
    [TestCase("a/b%", 2)]
    [TestCase("..", 1)]
    [TestCase("...", 0)]
    public void Path_segments(string value, int problems) => Assert.That(NameRules.PathSegment(value), Has.Count.EqualTo(problems));

    [TestCase("key.name", 0)]
    [TestCase("", 1)]
    [TestCase("..", 1)]
    [TestCase("..a", 1)]
    [TestCase("a/b", 1)]
    public void Config_keys(string value, int problems) => Assert.That(NameRules.ConfigMapKey(value), Has.Count.EqualTo(problems));

    [TestCase("A b!", 0)]
    [TestCase("A=b", 1)]
    [TestCase("", 1)]
    [TestCase("é", 1)]
    public void Environment_variables(string value, int problems) =>
        Assert.That(NameRules.EnvironmentVariable(value), Has.Count.EqualTo(problems));

    [Test]
    public void Problems_are_told_in_kubernetes_words()
    {
        Assert.Multiple(() =>
        {
            Assert.That(NameRules.Dns1123Subdomain("Foo"), Is.EqualTo(
            [
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
                + "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?"
                + @"(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            ]));
            Assert.That(NameRules.Dns1123Label("Foo"), Is.EqualTo(
            [
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
                + "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            ]));
            Assert.That(NameRules.Dns1123Label("a.b"), Is.EqualTo(["must not contain dots"]));
            Assert.That(NameRules.Dns1123Subdomain(_long), Is.EqualTo(["must be no more than 253 characters"]));
            Assert.That(NameRules.LabelValue(_long), Is.EqualTo(["must be no more than 63 characters"]));
            Assert.That(NameRules.QualifiedName(_long), Is.EqualTo(["name part must be no more than 63 characters"]));
            Assert.That(NameRules.PortNumber(0), Is.EqualTo(["must be between 1 and 65535, inclusive"]));
            Assert.That(NameRules.PortNumber(65535), Is.Empty);
            Assert.That(NameRules.AnnotationKey("Example.com/A"), Is.Empty);
        });
    }

    [TestCase("25%", 10, true, 3)]
    [TestCase("25%", 10, false, 2)]
    [TestCase("0%", 10, true, 0)]
    [TestCase("100%", 7, false, 7)]
    [TestCase("-25%", 10, true, -2)]
    [TestCase("-25%", 10, false, -3)]
    public void Percentages_scale(string text, int total, bool roundUp, int expected)
    {
        Assert.That(new IntOrString(text).TryScale(total, roundUp, out var value), Is.True);
        Assert.That(value, Is.EqualTo(expected));
    }

    [Test]
    public void Numbers_stay_and_other_texts_do_not_scale()
    {
        Assert.That(new IntOrString(5).TryScale(10, roundUp: true, out var value) ? value : -1, Is.EqualTo(5));
        Assert.That(new IntOrString("web").TryScale(10, roundUp: true, out _), Is.False);
        Assert.That(new IntOrString("5%x").TryScale(10, roundUp: true, out _), Is.False);
        Assert.That(new IntOrString(7).ToString() + new IntOrString("web"), Is.EqualTo("7web"));
    }
}
