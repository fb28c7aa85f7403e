using Etcdish.Kubelet.Nodes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Nodes;

public sealed class RuntimeWatchTests
{
    [Test]
    public async Task A_runtime_that_is_silent_for_a_moment_is_not_yet_down()
    {
        var clock = new ManualClock();
        List<string> warnings = [];
        await using var runtime = new FakeRuntime(clock);
        var watch = new RuntimeWatch(runtime, clock, warnings.Add);
        Assert.That(watch.Faults, Is.EqualTo((string[])["container runtime status check may not have completed yet"]));
        await watch.AskAsync(CancellationToken.None);
        Assert.That(watch.Faults, Is.Empty);

        runtime.Hold = (_, _) => Task.FromException(new RuntimeException("it is gone"));
        clock.Advance(TimeSpan.FromSeconds(30));
        await watch.AskAsync(CancellationToken.None);
        Assert.That(watch.Faults, Is.Empty);
        clock.Advance(TimeSpan.FromSeconds(1));
        await watch.AskAsync(CancellationToken.None);
        Assert.That(watch.Faults, Is.EqualTo((string[])["container runtime is down"]));
        Assert.That(warnings, Has.Count.EqualTo(1));

        runtime.Hold = null;
        await watch.AskAsync(CancellationToken.None);
        Assert.That(watch.Faults, Is.Empty);
    }
}
