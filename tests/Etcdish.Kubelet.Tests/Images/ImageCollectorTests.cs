using Etcdish.Kubelet.Images;
using Etcdish.Kubelet.Nodes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Images;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ImageCollectorTests
{
    private readonly ManualClock _clock = new();
    private readonly List<string> _warnings = [];

    [Test]
    public async Task From_85_percent_on_images_go_until_it_is_80()
    {
        await using var runtime = new FakeRuntime(_clock);
        Array.ForEach(["a:1", "b:1", "c:1", "d:1"], runtime.Images.Add);
        var free = 50L << 20;
        using var collector = new ImageCollector(
            runtime, _ => Task.FromResult(new FileSystemSpace(1, 100L << 20, free, 0, 0)), _clock, _warnings.Add);
        await collector.CollectAsync(CancellationToken.None);
        _clock.Advance(TimeSpan.FromMinutes(5));
        free = 18L << 20;
        await collector.CollectAsync(CancellationToken.None);
        Assert.That(await CountAsync(runtime), Is.EqualTo(4), "82 % is not yet full");

        free = 14L << 20;
        await collector.CollectAsync(CancellationToken.None);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await CountAsync(runtime), Is.Zero);
            Assert.That(_warnings, Has.One.Contains("Attempted to free 6291456 bytes, but only found 4194304 bytes"));
        }
    }

    [Test]
    public async Task Where_images_take_no_disk_a_full_one_is_not_theirs()
    {
        await using var runtime = new FakeRuntime(_clock);
        runtime.Images.TakeDisk = false;
        using var collector = new ImageCollector(
            runtime, _ => Task.FromResult(new FileSystemSpace(1, 100L << 20, 1, 0, 0)), _clock, _warnings.Add);
        await collector.CollectAsync(CancellationToken.None);
        Assert.That(_warnings, Is.Empty);
    }

    [Test]
    public async Task What_is_used_or_young_stays()
    {
        await using var runtime = new FakeRuntime(_clock);
        runtime.Images.Add("used:1");
        runtime.Images.Add("old:1");
        var sandbox = new SandboxSettings { Pod = new PodIdentity("default", "p", "p") };
        var id = await runtime.RunSandboxAsync(sandbox, CancellationToken.None);
        var container = new ContainerSettings { Name = "c", Image = "used:1", ImageReference = FakeImages.Make("used:1").Id };
        await runtime.CreateContainerAsync(id, sandbox, container, CancellationToken.None);
        using var collector = new ImageCollector(runtime, _ => Task.FromResult(default(FileSystemSpace)), _clock, _warnings.Add);
        await collector.CollectAsync(CancellationToken.None);
        _clock.Advance(TimeSpan.FromMinutes(3));
        runtime.Images.Add("young:1");
        var freed = await collector.FreeAsync(long.MaxValue, CancellationToken.None);
        var left = await ((IContainerRuntime)runtime).Images.ListAsync(CancellationToken.None);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(freed, Is.EqualTo(1 << 20));
            Assert.That(left.Select(image => image.Tags[0]), Is.EquivalentTo((string[])["used:1", "young:1"]));
        }
    }

    private static async Task<int> CountAsync(FakeRuntime runtime) =>
        (await runtime.Images.ListAsync(CancellationToken.None)).Count;
}
