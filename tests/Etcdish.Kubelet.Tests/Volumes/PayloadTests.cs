using Etcdish.Kubelet.Volumes;

namespace Etcdish.Kubelet.Tests.Volumes;

public sealed class PayloadTests
{
    [TestCase("a", "a")]
    [TestCase("a/b/c", "a/b/c")]
    [TestCase("./a//b/", "a/b")]
    [TestCase("a..b", "a..b")]
    [TestCase("a/..b", "a/..b")]
    [TestCase("...", null, "invalid path: must not start with '..': ...")]
    [TestCase("", null, "invalid path: must not be empty: \"\"")]
    [TestCase("/a", null, "invalid path: must be relative path: /a")]
    [TestCase("a/../b", null, "invalid path: must not contain '..': a/../b")]
    [TestCase("..", null, "invalid path: must not contain '..': ..")]
    [TestCase("..data", null, "invalid path: must not start with '..': ..data")]
    [TestCase("./..data", null, "invalid path: must not start with '..': ./..data")]
    [TestCase(".", null, "invalid path: must name a file: .")]
    public void Paths_stay_within(string path, string? clean, string problem = "")
    {
        var payload = new Payload();
        if (clean is null)
        {
            Assert.That(() => payload.Add(path, default), Throws.TypeOf<FormatException>().With.Message.EqualTo(problem));
            return;
        }

        payload.Add(path, default);
        Assert.That(payload.Files.Keys, Is.EqualTo([clean]));
    }

    [Test]
    public void Names_and_paths_have_the_lengths_that_file_systems_allow()
    {
        var payload = new Payload();
        payload.Add(new string('a', 255), default);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => payload.Add(new string('a', 256), default), Throws.TypeOf<FormatException>());
            Assert.That(() => payload.Add(new string('ä', 128), default), Throws.TypeOf<FormatException>());
            Assert.That(() => payload.Add(string.Join('/', Enumerable.Repeat("abc", 1100)), default), Throws.TypeOf<FormatException>());
        }
    }

    [Test]
    public void Of_files_of_one_path_the_last_counts()
    {
        var payload = new Payload();
        payload.Add("a/b", new PayloadFile([1], 0));
        payload.Add("a//b", new PayloadFile([2], 0));
        Assert.That(payload.Files["a/b"].Content, Is.EqualTo(new byte[] { 2 }));
    }
}
