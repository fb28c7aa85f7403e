using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Images;

namespace Etcdish.Kubelet.Tests.Images;

public sealed class RegistryKeyringTests
{
    [TestCase("example.com", "example.com/a/b", true)]
    [TestCase("example.com", "other.com/a", false)]
    [TestCase("example.com", "sub.example.com/a", false)]
    [TestCase("*.example.com", "sub.example.com/a", true)]
    [TestCase("*.example.com", "a.sub.example.com/a", false)]
    [TestCase("*.*.example.com", "a.sub.example.com/a", true)]
    [TestCase("r*y.example.com", "registry.example.com/a", true)]
    [TestCase("example.com/team", "example.com/team/a", true)]
    [TestCase("example.com/team", "example.com/other/a", false)]
    [TestCase("example.com:5000", "example.com:5000/a", true)]
    [TestCase("example.com:5000", "example.com/a", false)]
    [TestCase("example.com", "example.com:5000/a", false)]
    [TestCase("*.example.com:5000", "sub.example.com:5000/a", true)]
    [TestCase("127.0.0.1:5000", "127.0.0.1:5000/a", true)]
    public void A_key_fits_by_host_and_path(string key, string image, bool expected) =>
        Assert.That(RegistryKeyring.Fits(key, ImageName.Parse(image, out _)!), Is.EqualTo(expected));

    [TestCase("https://index.docker.io/v1/", "busybox", "index")]
    [TestCase("index.docker.io", "docker.io/team/app", "index")]
    [TestCase("https://example.com/v2/", "example.com/a", "index")]
    [TestCase("http://example.com/v1/team", "example.com/team/a", "index")]
    [TestCase("https://example.com", "busybox", null)]
    public void Servers_are_written_in_several_ways(string server, string image, string? user)
    {
        var keyring = new RegistryKeyring();
        keyring.Add(Secret($$$$"""{"auths":{"{{{{server}}}}":{"username":"index","password":"p"}}}"""));
        Assert.That(keyring.Find(ImageName.Parse(image, out _)!).Select(login => login.Username).SingleOrDefault(), Is.EqualTo(user));
    }

    [Test]
    public void The_longest_path_comes_first()
    {
        var keyring = new RegistryKeyring();
        keyring.Add(Secret("""{"auths":{"e.com":{"username":"a"},"e.com/team/app":{"username":"c"},"e.com/team":{"username":"b"}}}"""));
        var logins = keyring.Find(ImageName.Parse("e.com/team/app:1", out _)!);
        Assert.That(logins.Select(login => login.Username), Is.EqualTo((string[])["c", "b", "a"]));
    }

    [Test]
    public void User_and_password_may_be_one()
    {
        var keyring = new RegistryKeyring();
        var auth = Convert.ToBase64String("u:p:w"u8);
        keyring.Add(Secret($$$"""{"e.com":{"auth":"{{{auth}}}"}}""", "kubernetes.io/dockercfg", ".dockercfg"));
        var login = keyring.Find(ImageName.Parse("e.com/a", out _)!).Single();
        Assert.That((login.Username, login.Password), Is.EqualTo(("u", "p:w")));
    }

    [Test]
    public void Other_secrets_hold_no_logins_and_broken_ones_are_told()
    {
        var keyring = new RegistryKeyring();
        keyring.Add(Secret("""{"auths":{"e.com":{"username":"a"}}}""", "Opaque"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(keyring.Find(ImageName.Parse("e.com/a", out _)!), Is.Empty);
            Assert.That(() => keyring.Add(Secret("no json")), Throws.TypeOf<FormatException>());
            Assert.That(() => keyring.Add(Secret("""{"auths":{"e.com":{"auth":"!"}}}""")), Throws.TypeOf<FormatException>());
        }
    }

    private static JsonObject Secret(string text, string type = "kubernetes.io/dockerconfigjson", string key = ".dockerconfigjson") => new()
    {
        ["type"] = type,
        ["data"] = new JsonObject { [key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text)) },
    };
}
