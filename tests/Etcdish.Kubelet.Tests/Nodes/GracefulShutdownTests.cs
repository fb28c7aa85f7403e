using Etcdish.Kubelet.Nodes;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Nodes;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class GracefulShutdownTests
{
    private readonly ManualClock _clock = new();
    private readonly FakeDirectory _pods = new();
    private readonly List<string> _warnings = [];

    [SetUp]
    public void MakePods()
    {
        _pods.Pods.Add(PodTexts.Of("critical", priority: GracefulShutdown.CriticalPriority));
        _pods.Pods.Add(PodTexts.Of("plain"));
        _pods.Pods.Add(PodTexts.Read("quick", "{'terminationGracePeriodSeconds':5,'containers':[]}"));
    }

    [Test]
    public async Task Critical_pods_end_last_each_with_its_time()
    {
        await RunAsync();
        const string Message = "Pod was terminated in response to imminent node shutdown.";
        Assert.That(_pods.Evictions, Is.EqualTo((string[])
        [
            $"plain Terminated 20: {Message}", $"quick Terminated 5: {Message}", $"critical Terminated 10: {Message}",
        ]));
    }

    [Test]
    public async Task Who_does_not_end_in_time_does_not_hold_up_the_rest()
    {
        var started = new TaskCompletionSource();
        _pods.End = (name, cancellation) =>
        {
            started.TrySetResult();
            return name == "plain" ? Task.Delay(Timeout.Infinite, cancellation) : Task.CompletedTask;
        };
        var running = RunAsync();
        await started.Task;
        Assert.That(_pods.Evictions, Has.None.Contains("critical"));
        _clock.Advance(TimeSpan.FromSeconds(20));
        await running;
        Assert.That(_pods.Evictions, Has.One.Contains("critical"));
        Assert.That(_warnings, Is.EqualTo((string[])["1 pods have not ended within 20 s"]));
    }

    private Task RunAsync() => new GracefulShutdown(
        _pods, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10), _clock, _warnings.Add).RunAsync(CancellationToken.None);
}
