using Etcdish.Kubelet.Eviction;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Eviction;

public sealed class FolderSizeTests
{
    [Test]
    public void Blocks_count_once_holes_and_links_do_not()
    {
        using var folder = new TemporaryFolder();
        using var outside = new TemporaryFolder();
        File.WriteAllBytes(outside.File("large"), new byte[4 << 20]);
        File.WriteAllBytes(folder.File("a"), new byte[1 << 20]);
        File.CreateSymbolicLink(folder.File("link"), outside.FullPath);
        File.CreateSymbolicLink(folder.File("loop"), folder.FullPath);
        using (var sparse = File.Create(folder.File("sparse")))
        {
            sparse.SetLength(1L << 30);
        }

        Directory.CreateDirectory(folder.File("below"));
        File.WriteAllBytes(folder.File("below/b"), new byte[1 << 20]);
        Assert.That(FolderSize.Measure(folder.FullPath), Is.InRange(2 << 20, (2 << 20) + (64 << 10)));
    }

    [Test]
    public void A_folder_that_is_not_there_takes_nothing() => Assert.That(FolderSize.Measure("/nowhere/at/all"), Is.Zero);
}
