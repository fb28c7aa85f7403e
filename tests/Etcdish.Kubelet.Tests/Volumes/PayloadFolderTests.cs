using System.Runtime.CompilerServices;
using System.Text;
using Etcdish.Kubelet.Volumes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Volumes;

public sealed class PayloadFolderTests
{
    private TemporaryFolder _folder = null!;
    private ManualClock _clock = null!;

    [SetUp]
    public void Make() => (_folder, _clock) = (new TemporaryFolder(), new ManualClock());

    [TearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public void It_is_laid_out_as_Kubernetes_does()
    {
        var volume = NewVolume();
        Show(volume, ("a", "1"), ("dir/b", "2"), ("dir/deep/c", "3"));
        var data = LinkOf(volume, "..data");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(data, Does.Match(@"^\.\.2026_01_01_00_00_00\.\d{10}$"));
            Assert.That(NamesIn(volume), Is.EquivalentTo(["a", "dir", "..data", data]));
            Assert.That(LinkOf(volume, "a"), Is.EqualTo("..data/a"));
            Assert.That(LinkOf(volume, "dir"), Is.EqualTo("..data/dir"));
            Assert.That(File.ReadAllText(Path.Combine(volume, "dir/deep/c")), Is.EqualTo("3"));
            Assert.That(File.GetUnixFileMode(Path.Combine(volume, data)), Is.EqualTo((UnixFileMode)Modes.Folder));
            Assert.That(File.GetUnixFileMode(Path.Combine(volume, data, "dir")), Is.EqualTo((UnixFileMode)Modes.Folder));
        }
    }

    [Test]
    public void Modes_are_what_was_asked_for_whatever_the_umask()
    {
        var volume = NewVolume();
        var payload = new Payload();
        payload.Add("open", new PayloadFile([], 0x1FF));
        payload.Add("closed", new PayloadFile([], 0x100));
        FolderOf(volume).Show(payload);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)File.GetUnixFileMode(Path.Combine(volume, "..data/open")), Is.EqualTo(0x1FF));
            Assert.That((int)File.GetUnixFileMode(Path.Combine(volume, "..data/closed")), Is.EqualTo(0x100));
        }
    }

    [Test]
    public void What_is_the_same_is_not_written_again()
    {
        var volume = NewVolume();
        Show(volume, ("a", "1"), ("b/c", "2"));
        var data = LinkOf(volume, "..data");
        Assert.That(Show(volume, ("a", "1"), ("b/c", "2")), Is.EqualTo(PayloadChange.None));
        Assert.That(LinkOf(volume, "..data"), Is.EqualTo(data));
    }

    [TestCase("a=1", "a=2")]
    [TestCase("a=1", "b=1")]
    [TestCase("a=1 b=2", "a=1")]
    [TestCase("a=1", "a=1 b=2")]
    [TestCase("a/b=1", "a=1")]
    [TestCase("a=1", "a/b=1")]
    [TestCase("a/b=1 a/c=2", "a/b=1")]
    [TestCase("a=1", "")]
    [TestCase("", "a=1")]
    public void One_payload_follows_another(string before, string after)
    {
        var volume = NewVolume();
        Show(volume, Files(before));
        Assert.That(Show(volume, Files(after)), Is.EqualTo(PayloadChange.Replaced));
        AssertShows(volume, Files(after));
    }

    [Test]
    public async Task A_reader_never_sees_a_mix_nor_misses_a_file()
    {
        const int rounds = 300;
        var volume = NewVolume();
        Show(volume, ("a", "0"), ("b", "0"));
        using var stop = new CancellationTokenSource();
        var reads = new StrongBox<int>();
        var reading = Task.Run(() => ReadAll(volume, reads, stop.Token));
        for (var i = 1; i <= rounds; i++)
        {
            // A reader may need what was shown when it began: who shows waits for one that began later.
            var before = Volatile.Read(ref reads.Value);
            SpinWait.SpinUntil(() => Volatile.Read(ref reads.Value) > before + 1 || reading.IsCompleted);
            Show(volume, ("a", $"{i}"), ("b", $"{i}"));
        }

        await stop.CancelAsync();
        await reading;
        AssertShows(volume, [("a", $"{rounds}"), ("b", $"{rounds}")]);
    }

    [TestCase("..2020_01_01_00_00_00.0000000001/")]
    [TestCase("..data_tmp")]
    [TestCase("..data_tmp/")]
    [TestCase("..link_tmp")]
    [TestCase("stale")]
    [TestCase("new")]
    public void What_a_kubelet_left_that_was_killed_is_put_right(string left)
    {
        var volume = NewVolume();
        Show(volume, ("a", "1"));
        var path = Path.Combine(volume, left);
        if (left.EndsWith('/'))
        {
            Directory.CreateDirectory(Path.Combine(path, "dir"));
            File.WriteAllText(Path.Combine(path, "a"), "half");
        }
        else
        {
            File.CreateSymbolicLink(path, "..data/" + left);
        }

        Show(volume, ("a", "2"), ("new", "3"));
        AssertShows(volume, [("a", "2"), ("new", "3")]);
    }

    [Test]
    public void A_killed_swap_is_finished_though_nothing_has_changed()
    {
        var volume = NewVolume();
        Show(volume, ("a", "1"), ("b", "1"));

        // As after a kill behind the swap: links to what is gone are there still, those to what is new were made before.
        File.Delete(Path.Combine(volume, "b"));
        File.CreateSymbolicLink(Path.Combine(volume, "gone"), "..data/gone");
        Directory.CreateDirectory(Path.Combine(volume, "..2020_01_01_00_00_00.0000000001"));
        Assert.That(Show(volume, ("a", "1"), ("b", "1")), Is.EqualTo(PayloadChange.None));
        AssertShows(volume, [("a", "1"), ("b", "1")]);
    }

    [Test]
    public void A_link_that_a_container_put_in_place_of_the_data_is_not_followed(
        [Values("..data", "..data_tmp", "a", "..data/a", "..data/dir", "dir")] string victim,
        [Values("/", "../outside", "absolute", ".", "..")] string target)
    {
        var outside = Directory.CreateDirectory(_folder.File("outside")).FullName;
        File.WriteAllText(Path.Combine(outside, "a"), "mine");
        File.WriteAllText(Path.Combine(outside, "b"), "mine");
        var volume = NewVolume();
        Show(volume, ("a", "1"), ("dir/b", "1"));
        var path = Path.Combine(volume, victim);
        if (victim == "..data/dir")
        {
            Directory.Delete(path, true);
        }
        else
        {
            File.Delete(path);
        }

        File.CreateSymbolicLink(path, target == "absolute" ? outside : target);
        Show(volume, ("a", "2"), ("dir/b", "2"));
        using (Assert.EnterMultipleScope())
        {
            AssertShows(volume, [("a", "2"), ("dir/b", "2")]);
            Assert.That(NamesIn(outside), Is.EquivalentTo(["a", "b"]));
            Assert.That(File.ReadAllText(Path.Combine(outside, "a")), Is.EqualTo("mine"));
        }
    }

    [Test]
    public void Folders_that_a_container_put_there_go()
    {
        var volume = NewVolume();
        Show(volume, ("a", "1"));
        foreach (var name in new[] { "a", "..data" })
        {
            File.Delete(Path.Combine(volume, name));
            Directory.CreateDirectory(Path.Combine(volume, name, "x/y"));
        }

        Show(volume, ("a", "1"));
        AssertShows(volume, [("a", "1")]);
    }

    [Test]
    public void A_group_may_read_all_and_nothing_more()
    {
        Root.Require();
        var volume = NewVolume();
        var payload = new Payload();
        payload.Add("dir/secret", new PayloadFile([1], Modes.OwnerOnly, 1234));
        var folder = new PayloadFolder(volume, 2000, _clock);
        folder.Show(payload);
        using var root = Folder.Open(volume);
        using var data = root.OpenFolder(LinkOf(volume, "..data"));
        using var dir = data.OpenFolder("dir");
        var file = dir.Find("secret")!.Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((file.Mode, file.Uid, file.Gid), Is.EqualTo((Convert.ToInt32("640", 8), 1234u, 2000u)));
            Assert.That((dir.Status.Mode, dir.Status.Gid), Is.EqualTo((Convert.ToInt32("2755", 8), 2000u)));
            Assert.That((data.Status.Mode, data.Status.Gid), Is.EqualTo((Convert.ToInt32("2755", 8), 2000u)));
            Assert.That((root.Status.Mode, root.Status.Gid), Is.EqualTo((Convert.ToInt32("2755", 8), 2000u)));
            Assert.That(folder.Show(payload), Is.EqualTo(PayloadChange.None));
        }
    }

    private static void ReadAll(string volume, StrongBox<int> reads, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            _ = File.ReadAllText(Path.Combine(volume, "a"));
            _ = File.ReadAllText(Path.Combine(volume, "b"));
            var data = Path.Combine(volume, LinkOf(volume, "..data"));
            try
            {
                var (a, b) = (File.ReadAllText(Path.Combine(data, "a")), File.ReadAllText(Path.Combine(data, "b")));
                Assert.That(a, Is.EqualTo(b).And.Not.Empty);
            }
            catch (IOException) when (LinkOf(volume, "..data") != Path.GetFileName(data))
            {
                // It was the one before: who holds it by its own name may lose it.
            }

            Interlocked.Increment(ref reads.Value);
        }
    }

    private void AssertShows(string volume, (string Path, string Content)[] files)
    {
        _clock.Advance(PayloadFolder.Linger);
        Assert.That(Show(volume, files), Is.EqualTo(PayloadChange.None));
        var there = Directory.EnumerateFiles(volume, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(path => Path.GetRelativePath(volume, path))
            .Where(path => !path.StartsWith("..", StringComparison.Ordinal))
            .ToDictionary(path => path, path => File.ReadAllText(Path.Combine(volume, path)));
        var roots = files.Select(file => file.Path.Split('/')[0]).Distinct();
        Assert.That(NamesIn(volume), Is.EquivalentTo([.. roots, "..data", LinkOf(volume, "..data")]));
        foreach (var (path, content) in files)
        {
            Assert.That(File.ReadAllText(Path.Combine(volume, path)), Is.EqualTo(content), path);
        }

        Assert.That(there.Keys.Where(path => !path.Contains('/')), Is.SubsetOf(files.Select(file => file.Path)));
    }

    private static (string Path, string Content)[] Files(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => (pair.Split('=')[0], pair.Split('=')[1]))];

    private static string LinkOf(string volume, string name) => new FileInfo(Path.Combine(volume, name)).LinkTarget!;

    private static IEnumerable<string> NamesIn(string path) => Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry));

    private PayloadFolder FolderOf(string volume) => new(volume, null, _clock);

    private PayloadChange Show(string volume, params (string Path, string Content)[] files)
    {
        var payload = new Payload();
        foreach (var (path, content) in files)
        {
            payload.Add(path, new PayloadFile(Encoding.UTF8.GetBytes(content), Modes.File));
        }

        return FolderOf(volume).Show(payload);
    }

    private string NewVolume() => Directory.CreateDirectory(_folder.File("volume")).FullName;
}
