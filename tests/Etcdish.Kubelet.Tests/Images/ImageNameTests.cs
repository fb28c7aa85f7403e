using System.Text.RegularExpressions;
using Etcdish.Kubelet.Images;

namespace Etcdish.Kubelet.Tests.Images;

public sealed partial class ImageNameTests
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

    /// <summary>The grammar as registries' tools have it: a regular expression says the same of any text of the characters that matter.</summary>
    [Test]
    public void The_grammar_is_that_of_registries([Random(1)] int seed)
    {
        var random = new Random(seed);
        string[] pieces = ["a", "b0", "A", "Z9", "-", "--", ".", "_", "__", "___", "/", ":", "80", "@", "[", "]", "fd00::1", "x.y/", "localhost/", Digest, "sha-2:", "\n"];
        for (var count = 0; count < 50_000; count++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
            var match = Grammar().Match(text);
            ImageReference? expected = match.Success
                ? new ImageReference(match.Groups["name"].Value, match.Groups["tag"].Value, match.Groups["digest"].Value)
                : null;
            Assert.That(ImageReference.Parse(text), Is.EqualTo(expected), $"{text} of seed {seed}");
        }
    }

    [GeneratedRegex(
        """
        ^(?<name>
          (?:(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?
          [a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)
        (?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?
        (?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?\z
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Grammar();
}
