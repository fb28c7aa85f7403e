using Etcdish.Kubelet.Nodes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Nodes;

public sealed class MachineFactsTests
{
    [Test]
    public void Facts_are_read_from_where_linux_tells_them()
    {
        using var root = new TemporaryFolder();
        Write(root, "etc/machine-id", "abc\n");
        Write(root, "etc/os-release", "NAME=x\nPRETTY_NAME=\"Some Linux 1\"\n");
        Write(root, "proc/meminfo", "MemTotal:       2048 kB\nMemFree: 1024 kB\nHugePages_Total: 3\nSwapTotal: 0 kB\n");
        Write(root, "proc/cpuinfo", "processor\t: 0\nmodel name\t: x\n\nprocessor\t: 1\n");
        Write(root, "proc/sys/kernel/osrelease", "6.1.0\n");
        Write(root, "proc/sys/kernel/random/boot_id", "boot\n");
        Write(root, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "3\n");
        var facts = MachineFacts.Read(root.FullPath);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(facts.MachineId, Is.EqualTo("abc"));
            Assert.That(facts.SystemUuid, Is.EqualTo("abc"), "a machine without a number of its own");
            Assert.That(facts.BootId, Is.EqualTo("boot"));
            Assert.That(facts.Kernel, Is.EqualTo("6.1.0"));
            Assert.That(facts.OsImage, Is.EqualTo("Some Linux 1"));
            Assert.That(facts.MemoryBytes, Is.EqualTo(2 << 20));
            Assert.That(facts.Processors, Is.EqualTo(2));
            Assert.That(facts.HugePages, Is.EqualTo(new[] { (2L << 20, 6L << 20) }));
        }
    }

    [Test]
    public void This_machine_has_memory_processors_and_disk()
    {
        var facts = MachineFacts.Read();
        var disk = FileSystemSpace.Read("/");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(facts.MemoryBytes, Is.GreaterThan(64 << 20));
            Assert.That(facts.Processors, Is.GreaterThan(0));
            Assert.That(facts.BootId, Is.Not.Empty);
            Assert.That(disk.CapacityBytes, Is.GreaterThan(disk.AvailableBytes).And.GreaterThan(1L << 30));
            Assert.That(() => FileSystemSpace.Read("/nowhere"), Throws.TypeOf<IOException>());
        }
    }

    private static void Write(TemporaryFolder root, string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(root.File(file))!);
        File.WriteAllText(root.File(file), text);
    }
}
