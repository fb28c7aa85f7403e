using System.Diagnostics;
using System.Globalization;
using Etcdish.Kubelet.Cgroups;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Cgroups;

/// <summary>Groups of this machine, below one of the test's own.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PodCgroupsTests
{
    private const string Root = "/sys/fs/cgroup";
    private readonly string _top = $"/etcdish-test-{Guid.NewGuid():N}";
    private CgroupTree _tree = null!;
    private PodCgroups _groups = null!;

    [SetUp]
    public void Open()
    {
        if (CgroupTree.Open(Root, out var problem) is not { } tree)
        {
            Tools.Missing($"control groups cannot be made here: {problem}");
            throw new InvalidOperationException("unreachable: the test ended above");
        }

        _tree = tree;
        _groups = new PodCgroups(tree, TimeProvider.System, _top);
    }

    [TearDown]
    public void Remove() => Assert.That(_tree?.TryRemove(_top), Is.Not.False);

    [Test]
    public async Task A_group_has_what_its_pod_says_and_goes_with_it()
    {
        var pod = PodTexts.Of("u1", ",'resources':{'requests':{'cpu':'500m','memory':'16Mi'},'limits':{'cpu':'1','memory':'32Mi'}}");
        var group = _groups.Ensure(pod);
        Assert.That(group, Is.EqualTo($"{_top}/burstable/podu1"));
        Assert.That(_groups.ListPods(), Is.EqualTo((string[])["u1"]));
        Assert.That(Setting(group, "cpu.shares", "cpu.weight"), Is.EqualTo("512").Or.EqualTo("20"));
        Assert.That(Setting(group, "memory.limit_in_bytes", "memory.max"), Is.EqualTo("33554432"));
        Assert.That(Setting(_top + "/burstable", "cpu.shares", "cpu.weight"), Is.EqualTo("512").Or.EqualTo("20"));

        _groups.Update(PodTexts.Of("u1", ",'resources':{'requests':{'cpu':'1','memory':'16Mi'},'limits':{'cpu':'2','memory':'64Mi'}}"));
        Assert.That(Setting(group, "memory.limit_in_bytes", "memory.max"), Is.EqualTo("67108864"));
        Assert.That(_groups.Read(pod)?.OutOfMemoryKills, Is.Zero);

        await _groups.RemoveAsync("u1", CancellationToken.None);
        Assert.That(_groups.ListPods(), Is.Empty);
        Assert.That(_groups.Read(pod), Is.Null);
    }

    [Test]
    public async Task What_still_runs_in_it_is_ended()
    {
        var group = _groups.Ensure(PodTexts.Of("u2"));
        using var process = Process.Start("sleep", "600");
        foreach (var folder in MakeContainer(group + "/container"))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "cgroup.procs"), process.Id.ToString(CultureInfo.InvariantCulture));
        }

        // Whoever begins anew knows nothing of the group but its name.
        await new PodCgroups(_tree, TimeProvider.System, _top).RemoveAsync("u2", CancellationToken.None);
        await process.WaitForExitAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(process.ExitCode, Is.EqualTo(137));
            Assert.That(_groups.ListPods(), Is.Empty);
        }
    }

    [Test]
    public async Task A_process_beyond_its_pods_memory_is_killed_and_counted()
    {
        var pod = PodTexts.Of("u3", ",'resources':{'limits':{'cpu':'1','memory':'8Mi'}}");
        var group = _groups.Ensure(pod);

        // With version 1 a kill is counted where the process was; with version 2 all the way up, and processes are only in leaves.
        var folders = string.Join(' ', _tree is CgroupTreeV2 ? MakeContainer(group + "/container") : _tree.Folders(group));
        using var process = Process.Start(
            "sh", ["-c", $"for f in {folders}; do echo $$ > $f/cgroup.procs; done; exec tail /dev/zero"]);
        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.EqualTo(137));
        Assert.That(_groups.Read(pod)?.OutOfMemoryKills, Is.EqualTo(1));
        await _groups.RemoveAsync("u3", CancellationToken.None);
    }

    /// <summary>Makes a group as runtimes make those of containers: with version 2 it hands nothing down, and so may have processes.</summary>
    private IReadOnlyList<string> MakeContainer(string group)
    {
        if (_tree is CgroupTreeV2)
        {
            Directory.CreateDirectory(Root + group);
        }
        else
        {
            _tree.Make(group);
        }

        return _tree.Folders(group);
    }

    private string Setting(string group, string name, string newName) => _tree.Folders(group)
        .SelectMany(folder => (string[])[Path.Combine(folder, name), Path.Combine(folder, newName)])
        .Where(File.Exists)
        .Select(file => File.ReadAllText(file).Trim())
        .First();
}
