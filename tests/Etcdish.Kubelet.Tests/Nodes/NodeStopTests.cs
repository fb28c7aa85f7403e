using Etcdish.Kubelet.Nodes;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Tests.Fakes;

namespace Etcdish.Kubelet.Tests.Nodes;

/// <summary>How what runs is stopped with its cluster: as when pods are deleted, but pods stay.</summary>
public sealed class NodeStopTests
{
    private const string Hook = "'lifecycle':{'preStop':{'exec':{'command':['bye']}}}";

    [Test]
    public async Task Hooks_come_before_signals_within_one_grace()
    {
        await using var bench = new PodBench();
        var parts = await StartAsync(bench, (
            "web", $"{{'terminationGracePeriodSeconds':5,'containers':[{{'name':'c','image':'busybox',{Hook}}}]}}"));
        bench.Hooks.Run = (_, _, _) =>
        {
            bench.Clock.Advance(TimeSpan.FromSeconds(2));
            return Task.CompletedTask;
        };
        await StopAsync(bench, parts);

        Assert.That(bench.Hooks.Calls, Is.EqualTo((string[])["stop c"]));
        Assert.That(bench.Runtime.Calls.TakeLast(2), Is.EqualTo((string[])["stop c 0 3", "stop-sandbox web"]));
        Assert.That(bench.Runtime.Running, Is.Empty);
    }

    [Test]
    public async Task A_hook_that_fails_or_takes_too_long_is_told_and_holds_up_nothing()
    {
        await using var bench = new PodBench();
        var parts = await StartAsync(
            bench,
            ("bad", $"{{'containers':[{{'name':'bad','image':'busybox',{Hook}}}]}}"),
            ("slow", $"{{'containers':[{{'name':'slow','image':'busybox',{Hook}}}]}}"));
        var isSlow = new TaskCompletionSource();
        bench.Hooks.Run = async (name, _, cancellation) =>
        {
            if (name == "bad")
            {
                throw new Etcdish.Kubelet.Probes.HookException("no");
            }

            isSlow.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        };
        var stopping = StopAsync(bench, parts);
        await isSlow.Task;
        bench.Clock.Advance(TimeSpan.FromSeconds(10));
        await stopping;

        Assert.That(bench.Runtime.Running, Is.Empty);
        Assert.That(bench.Warnings, Is.EquivalentTo((string[])[
            "default/bad: the hook before the end of bad failed: no",
            "default/slow: the hook before the end of slow did not end in time",
        ]));
    }

    [Test]
    public async Task Sidecars_end_after_the_others_and_the_last_one_first()
    {
        await using var bench = new PodBench();
        var parts = await StartAsync(bench, ("web", """
            {'containers':[{'name':'c','image':'busybox'}],'initContainers':[
            {'name':'first','image':'busybox','restartPolicy':'Always'},{'name':'second','image':'busybox','restartPolicy':'Always'}]}
            """));
        await StopAsync(bench, parts);

        Assert.That(
            bench.Runtime.Calls.Where(call => call.StartsWith("stop ", StringComparison.Ordinal)),
            Is.EqualTo((string[])["stop c 0 10", "stop second 0 10", "stop first 0 10"]));
    }

    private static async Task<PodWorkersParts> StartAsync(PodBench bench, params (string Name, string Spec)[] pods)
    {
        PodWorkersParts? parts = null;
        bench.Change = given => parts = given;
        bench.Start();
        var made = Array.ConvertAll(pods, pod => bench.Api.Create(pod.Name, pod.Spec.Replace('\'', '"')));
        await bench.PassUntilAsync(
            () => bench.Runtime.Running.Count == made.Sum(pod => pod.Spec.Containers.Length + pod.Spec.InitContainers.Length), "all run");
        await bench.RestAsync();
        return parts!;
    }

    private static async Task StopAsync(PodBench bench, PodWorkersParts parts)
    {
        await bench.StopAsync();
        await new NodeStop(parts, uid => bench.Workers.List().FirstOrDefault(pod => pod.Uid == uid), TimeSpan.FromSeconds(10)).RunAsync();
    }
}
