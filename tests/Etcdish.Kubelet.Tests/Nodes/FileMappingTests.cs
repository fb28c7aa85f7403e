using System.Text;
using Etcdish.Kubelet.Nodes;

namespace Etcdish.Kubelet.Tests.Nodes;

public sealed class FileMappingTests
{
    [TestCase("r-xp", "/lib/a.so", 4, 0, true, Description = "code of a program")]
    [TestCase("r--s", "/lib/a.dll", 4, 0, true, Description = "a file that is only read")]
    [TestCase("r--p", "/lib/a b.so (deleted)", 4, 0, true, Description = "of a file that is gone the kernel has the pages")]
    [TestCase("r--p", "/lib/a.so", 4, 4, false, Description = "a page of it was changed")]
    [TestCase("rw-p", "/lib/a.so", 4, 0, false, Description = "it may be changed at any time")]
    [TestCase("r-xp", "/lib/a.so", 0, 0, false, Description = "nothing of it is in memory")]
    [TestCase("r-xs", "/memfd:code (deleted)", 4, 0, false, Description = "there is no file behind it")]
    [TestCase("r--p", "", 4, 0, false, Description = "there is no file at all")]
    [TestCase("r-xp", "[vdso]", 4, 0, false, Description = "the kernel's own")]
    public void What_may_be_dropped_is_a_files_alone(string rights, string path, int resident, int own, bool isFound)
    {
        var found = Read($"""
            10001000-10003000 {rights} 00000000 fe:00 1234                      {path}
            Size:                  8 kB
            Rss:                   {resident} kB
            Anonymous:             {own} kB
            VmFlags: rd mr mw me
            """ + "\n");

        Assert.That(found, isFound ? Is.EqualTo((FileMapping[])[new FileMapping(0x10001000, 0x2000)]) : Is.Empty);
    }

    [Test]
    public void Lines_may_come_in_any_pieces()
    {
        var text = string.Concat(Enumerable.Range(1, 3000).Select(number => $"""
            {number:x}000-{number + 1:x}000 r--p 00000000 fe:00 1 /lib/a{number}
            Rss:                   {number % 3} kB
            Anonymous:             0 kB

            """));

        Assert.That(Read(text), Has.Count.EqualTo(2000));
    }

    [Test]
    public void This_process_has_some() => Assert.That(FileMapping.ListOwn(), Is.Not.Empty);

    private static IReadOnlyCollection<FileMapping> Read(string text)
    {
        using var table = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return FileMapping.Read(table);
    }
}
