using Etcdish.Kubelet.Volumes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Volumes;

public sealed class FolderTreeTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TemporaryFolder();

    [TearDown]
    public void Delete()
    {
        MountTable.UnmountBelow(_folder.FullPath);
        _folder.Dispose();
    }

    [Test]
    public void Links_are_deleted_and_what_they_lead_to_stays()
    {
        var host = MakeHost();
        var victim = _folder.File("victim");
        Directory.CreateDirectory(Path.Combine(victim, "a/b"));
        File.CreateSymbolicLink(Path.Combine(victim, "a/link"), host);
        File.CreateSymbolicLink(Path.Combine(victim, "a/b/file"), Path.Combine(host, "data"));
        File.CreateSymbolicLink(Path.Combine(victim, "nowhere"), "/no/such");
        DeleteEntry("victim");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Directory.Exists(victim), Is.False);
            Assert.That(File.ReadAllText(Path.Combine(host, "data")), Is.EqualTo("precious"));
        }
    }

    [Test]
    public void A_link_in_place_of_the_folder_itself_is_not_followed()
    {
        var host = MakeHost();
        File.CreateSymbolicLink(_folder.File("victim"), host);
        DeleteEntry("victim");
        Assert.That(File.Exists(Path.Combine(host, "data")), Is.True);
        Assert.That(new FileInfo(_folder.File("victim")).LinkTarget, Is.Null);
    }

    [TestCase("")]
    [TestCase("below/deep")]
    public void A_mounted_folder_of_the_host_is_left_alone(string at)
    {
        Root.Require();
        var host = MakeHost();
        var target = Directory.CreateDirectory(Path.Combine(_folder.File("victim"), at)).FullName;
        Root.Run("mount", "--bind", host, target);
        Assert.That(() => DeleteEntry("victim"), Throws.InstanceOf<IOException>().With.Message.Contains("is a mount"));
        Assert.That(File.ReadAllText(Path.Combine(host, "data")), Is.EqualTo("precious"));
    }

    [Test]
    public void A_mounted_file_of_the_host_is_left_alone()
    {
        Root.Require();
        var host = MakeHost();
        Directory.CreateDirectory(_folder.File("victim"));
        File.WriteAllText(_folder.File("victim/file"), "");
        Root.Run("mount", "--bind", Path.Combine(host, "data"), _folder.File("victim/file"));
        Assert.That(() => DeleteEntry("victim"), Throws.InstanceOf<IOException>());
        Assert.That(File.ReadAllText(Path.Combine(host, "data")), Is.EqualTo("precious"));
    }

    [Test]
    public void Unmounting_reveals_and_touches_nothing()
    {
        Root.Require();
        var host = MakeHost();
        var odd = Directory.CreateDirectory(_folder.File("victim/odd name\twith\\all")).FullName;
        Root.Run("mount", "--bind", host, odd);
        Root.Run("mount", "-t", "tmpfs", "none", odd);
        Assert.That(MountTable.ListBelow(_folder.File("victim")), Is.EqualTo([odd, odd]));
        Assert.That(MountTable.ListBelow(_folder.File("vict")), Is.Empty);
        MountTable.UnmountBelow(_folder.File("victim"));
        DeleteEntry("victim");
        Assert.That(File.ReadAllText(Path.Combine(host, "data")), Is.EqualTo("precious"));
    }

    [Test]
    public void However_deep_and_wide_all_goes()
    {
        Directory.CreateDirectory(_folder.File("victim"));
        var folder = Folder.Open(_folder.File("victim"));
        for (var i = 0; i < 3000; i++)
        {
            var next = folder.CreateFolder("d", Modes.Folder);
            folder.Write("f", [1], Modes.File, Folder.Keep, Folder.Keep);
            folder.Dispose();
            folder = next;
        }

        folder.Dispose();
        for (var i = 0; i < 2000; i++)
        {
            File.WriteAllText(_folder.File($"victim/a-file-with-a-name-that-is-not-short-{i}"), "");
        }

        DeleteEntry("victim");
        Assert.That(Directory.Exists(_folder.File("victim")), Is.False);
    }

    [Test]
    public void Names_that_are_no_text_go()
    {
        Directory.CreateDirectory(_folder.File("victim"));
        using (var folder = Folder.Open(_folder.File("victim")))
        {
            folder.CreateFolder(EntryName.Copy([0xFF, 0xFE]), Modes.Folder).Dispose();
            folder.Write(EntryName.Copy([0xC3]), [], Modes.File, Folder.Keep, Folder.Keep);
        }

        DeleteEntry("victim");
        Assert.That(Directory.Exists(_folder.File("victim")), Is.False);
    }

    [Test]
    public void Use_is_measured_once_a_file_and_not_across_links()
    {
        var host = MakeHost();
        File.WriteAllBytes(Path.Combine(host, "large"), new byte[1 << 20]);
        var path = Directory.CreateDirectory(_folder.File("victim/below")).FullName;
        File.WriteAllBytes(Path.Combine(path, "one"), new byte[100_000]);
        Root.Run("ln", Path.Combine(path, "one"), Path.Combine(path, "same"));
        File.CreateSymbolicLink(Path.Combine(path, "link"), host);
        using var folder = Folder.Open(_folder.File("victim"));
        var (bytes, inodes) = FolderTree.Measure(folder);
        Assert.That(bytes, Is.InRange(100_000, 200_000));
        Assert.That(inodes, Is.EqualTo(4));
    }

    [TestCase(false, "a", 0x1ED, 0x1B0 | 0x1ED)]
    [TestCase(false, "a", 0x100, 0x1B0 | 0x100)]
    [TestCase(true, "a", 0x1ED, 0x1B0 | 0x1ED)]
    public void A_group_gets_all(bool onRootMismatch, string file, int mode, int wanted)
    {
        Root.Require();
        var host = MakeHost();
        var path = Directory.CreateDirectory(_folder.File("victim/below")).FullName;
        File.WriteAllText(Path.Combine(path, file), "");
        File.SetUnixFileMode(Path.Combine(path, file), (UnixFileMode)mode);
        File.CreateSymbolicLink(Path.Combine(path, "link"), Path.Combine(host, "data"));
        using var folder = Folder.Open(_folder.File("victim"));
        FolderTree.GiveToGroup(folder, 2000, onRootMismatch);
        using var below = folder.OpenFolder("below");
        var given = below.Find(file)!.Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((given.Mode, given.Gid, given.Uid), Is.EqualTo((wanted, 2000u, 0u)));
            Assert.That((folder.Status.Mode, folder.Status.Gid), Is.EqualTo((Convert.ToInt32("2775", 8), 2000u)));
            Assert.That((below.Status.Mode, below.Status.Gid), Is.EqualTo((Convert.ToInt32("2775", 8), 2000u)));
            Assert.That(FileStatus.Of(Path.Combine(host, "data"))!.Value.Gid, Is.Zero);
        }
    }

    [TestCase(true, 0u)]
    [TestCase(false, 2000u)]
    public void A_folder_that_is_right_is_taken_for_all_only_where_the_pod_says_so(bool onRootMismatch, uint group)
    {
        Root.Require();
        Directory.CreateDirectory(_folder.File("victim"));
        using var folder = Folder.Open(_folder.File("victim"));
        FolderTree.GiveToGroup(folder, 2000, onRootMismatch);
        folder.Write("later", [], Modes.File, Folder.Keep, 0);
        FolderTree.GiveToGroup(folder, 2000, onRootMismatch);
        Assert.That(folder.Find("later")!.Value.Gid, Is.EqualTo(group));
    }

    private string MakeHost()
    {
        var host = Directory.CreateDirectory(_folder.File("host")).FullName;
        File.WriteAllText(Path.Combine(host, "data"), "precious");
        return host;
    }

    private void DeleteEntry(string name)
    {
        using var parent = Folder.Open(_folder.FullPath);
        FolderTree.Delete(parent, name);
    }
}
