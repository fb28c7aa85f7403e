using Etcdish.Network.Ingress;

namespace Etcdish.Network.Tests.Ingress;

public sealed class RequestTargetTests
{
    [TestCase("/", "/")]
    [TestCase("/a%2Fb/../c?q=%20x&y=/", "/a%2Fb/../c?q=%20x&y=/")]
    [TestCase("//a", "//a")]
    [TestCase("http://host", "/")]
    [TestCase("http://host:80/a%252Fb?q", "/a%252Fb?q")]
    [TestCase("https://host?q=http://other/", "/?q=http://other/")]
    [TestCase("*", null)]
    [TestCase("", null)]
    [TestCase("://host/", null)]
    [TestCase("host:443", null)]
    [TestCase("/a#b", null)]
    [TestCase("/a\rb", null)]
    [TestCase("/a\tb", null)]
    [TestCase("/a\x7f", null)]
    [TestCase("/ä", null)]
    public void ATargetIsPassedOnAsWrittenOrNotAtAll(string target, string? path) =>
        Assert.That(RequestTarget.PathOf(target), Is.EqualTo(path));
}
