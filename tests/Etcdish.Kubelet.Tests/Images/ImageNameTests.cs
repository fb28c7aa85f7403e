using Etcdish.Kubelet.Images;

namespace Etcdish.Kubelet.Tests.Images;

public sealed class ImageNameTests
{
    private const string Digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    [TestCase("busybox", "docker.io/library/busybox", "busybox:latest")]
    [TestCase("busybox:1.36", "docker.io/library/busybox", "busybox:1.36")]
    [TestCase("team/app", "docker.io/team/app", "team/app:latest")]
    [TestCase("docker.io/busybox", "docker.io/library/busybox", "docker.io/busybox:latest")]
    [TestCase("index.docker.io/team/app:1", "docker.io/team/app", "index.docker.io/team/app:1")]
    [TestCase("localhost/app", "localhost/app", "localhost/app:latest")]
    [TestCase("127.0.0.1:5000/a/b_c:v1", "127.0.0.1:5000/a/b_c", "127.0.0.1:5000/a/b_c:v1")]
    [TestCase("[fd00::1]:5000/app", "[fd00::1]:5000/app", "[fd00::1]:5000/app:latest")]
    [TestCase("example.com/app@" + Digest, "example.com/app", "example.com/app@" + Digest)]
    [TestCase("example.com/app:1@" + Digest, "example.com/app", "example.com/app:1@" + Digest)]
    public void A_name_is_taken_apart(string text, string repository, string withTag)
    {
        var name = ImageName.Parse(text, out var problem);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(problem, Is.Empty);
            Assert.That(name?.Repository, Is.EqualTo(repository));
            Assert.That(ImageName.WithDefaultTag(text, name!), Is.EqualTo(withTag));
        }
    }

    [TestCase("", "repository name must have at least one component")]
    [TestCase("busybox:", "invalid reference format")]
    [TestCase("busy box", "invalid reference format")]
    [TestCase("busybox:1:2", "invalid reference format")]
    [TestCase("-a/b", "invalid reference format")]
    [TestCase("busybox@sha256:12", "invalid reference format")]
    [TestCase("busybox\n", "invalid reference format")]
    [TestCase("Busybox", "invalid reference format: repository name (Busybox) must be lowercase")]
    [TestCase("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "invalid reference format")]
    public void What_is_no_name_is_told(string text, string expected)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ImageName.Parse(text, out var problem), Is.Null);
            Assert.That(problem, Is.EqualTo(expected));
        }
    }
}
