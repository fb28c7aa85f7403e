using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Volumes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Containers;

/// <summary>Parts of volumes, and containers that try to see more of the node than that.</summary>
public sealed class SubPathsTests
{
    private TemporaryFolder _folder = null!;
    private SubPaths _paths = null!;

    private string Volume => _folder.File("volume");

    [SetUp]
    public void SetUp()
    {
        _folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(Volume, "data", "deep"));
        File.WriteAllText(Path.Combine(Volume, "data", "file"), "within");
        File.WriteAllText(_folder.File("secret"), "of the node");
        _paths = new SubPaths(new PodFolders(_folder.File("kubelet"), _folder.File("logs"), _folder.File("links")));
    }

    [TearDown]
    public void TearDown()
    {
        MountTable.UnmountBelow(_folder.FullPath);
        _folder.Dispose();
    }

    [Test]
    public void A_file_of_a_volume_is_seen_alone() =>
        Assert.That(File.ReadAllText(Prepare("data/file")), Is.EqualTo("within"));

    [Test]
    public void What_is_written_there_is_in_the_volume()
    {
        File.WriteAllText(Path.Combine(Prepare("data/deep"), "new"), "x");
        Assert.That(File.Exists(Path.Combine(Volume, "data", "deep", "new")));
    }

    [Test]
    public void What_is_missing_is_made_with_the_rights_of_the_volume()
    {
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;
        File.SetUnixFileMode(Volume, Mode);
        Prepare("a/b/c");
        Assert.That(
            new[] { "a", "a/b", "a/b/c" }.Select(name => File.GetUnixFileMode(Path.Combine(Volume, name))), Is.All.EqualTo(Mode));
    }

    [Test]
    public void Links_within_the_volume_are_followed()
    {
        File.CreateSymbolicLink(Path.Combine(Volume, "link"), "data/../data/file");
        Assert.That(File.ReadAllText(Prepare("link")), Is.EqualTo("within"));
    }

    [TestCase("../secret")]
    [TestCase("data/../../secret")]
    [TestCase("..")]
    [TestCase("/etc/passwd")]
    public void Paths_that_say_that_they_lead_out_are_refused(string path) =>
        Assert.That(() => Prepare(path), Throws.TypeOf<ContainerConfigException>().With.Message.Contains(path));

    [TestCase("../secret", "out")]
    [TestCase("/etc/passwd", "out")]
    [TestCase("/", "out")]
    [TestCase("/", "out/etc")]
    [TestCase("..", "out/made-by-the-kubelet")]
    [TestCase("/proc/self/root", "out/etc")]
    [TestCase("missing", "out/deeper")]
    [TestCase("out", "out")]
    public void Links_that_lead_out_are_refused_without_a_word_of_the_node(string target, string path)
    {
        File.CreateSymbolicLink(Path.Combine(Volume, "out"), target);
        Assert.That(
            () => Prepare(path),
            Throws.TypeOf<ContainerConfigException>().With.Message.Match("^failed to (prepare|create) subPath.*\"v\" of container \"c\"$"));
        Assert.That(Directory.Exists(_folder.File("made-by-the-kubelet")), Is.False);
    }

    [Test]
    public void What_is_prepared_stays_what_it_is_when_a_container_changes_the_path()
    {
        var prepared = Prepare("data");
        if (!MountTable.IsMounted(prepared))
        {
            Tools.Missing("this user may not mount");
        }

        Directory.Move(Path.Combine(Volume, "data"), Path.Combine(Volume, "moved"));
        File.CreateSymbolicLink(Path.Combine(Volume, "data"), _folder.FullPath);
        Assert.That(File.ReadAllText(Path.Combine(prepared, "file")), Is.EqualTo("within"));
    }

    [Test]
    public void A_container_that_starts_again_gets_what_is_there_by_then()
    {
        Prepare("data/file");
        File.Delete(Path.Combine(Volume, "data", "file"));
        Directory.CreateDirectory(Path.Combine(Volume, "data", "file", "now-a-folder"));
        Assert.That(Directory.Exists(Path.Combine(Prepare("data/file"), "now-a-folder")));
    }

    private string Prepare(string path) => _paths.Prepare(Volume, path, new SubPathPlace("u1", "c", "v", 0));
}
