using Etcdish.Kubelet.Images;
using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Tests.Fakes;

namespace Etcdish.Kubelet.Tests.Pods;

/// <summary>The life of pods, from what is wanted to what runs, what is said of it, and what is left at the end.</summary>
public sealed class PodLifeTests
{
    private const string Plain = "{'containers':[{'name':'web','image':'web'}]}";

    [Test]
    public async Task A_pod_runs_and_says_so()
    {
        await using var bench = new PodBench().Start();
        bench.Api.Create("a", Plain);
        await bench.RestAsync();
        var status = bench.Api.Status("a")!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bench.Show("a"), Is.EqualTo("Running ready [web=runs/0]"));
            Assert.That(bench.Runtime.Calls, Is.EqualTo(["sandbox a 0", "create web 0", "start web 0"]));
            Assert.That((string?)status["podIP"], Does.StartWith("10.1."));
            Assert.That((string?)status["hostIP"], Is.EqualTo("192.168.0.1"));
            Assert.That((string?)status["startTime"], Is.EqualTo("2026-01-01T00:00:00Z"));
            Assert.That((string?)bench.Container("a", "web")["containerID"], Does.StartWith("fake://c"));
            Assert.That((bool?)bench.Container("a", "web")["started"], Is.True);
            Assert.That(bench.Warnings, Is.Empty);
        }
    }

    [Test]
    public async Task A_pod_that_is_deleted_leaves_nothing()
    {
        await using var bench = new PodBench().Start();
        bench.Api.Create("a", Plain);
        await bench.RestAsync();
        bench.Api.Delete("a");
        await bench.RestAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bench.Show("a"), Is.EqualTo("gone"));
            Assert.That(bench.Runtime.Containers, Is.Empty);
            Assert.That(bench.Runtime.Sandboxes, Is.Empty);
            Assert.That(bench.Runtime.Calls, Does.Contain("stop web 0 30"));
            Assert.That(bench.Volumes.ListPods(), Is.Empty);
            Assert.That(bench.Workers.List(), Is.Empty);
            Assert.That(bench.Api.Violations.Concat(bench.Runtime.Violations), Is.Empty);
        }
    }

    [TestCase("Always", 0, "Running unready [web=CrashLoopBackOff/1]")]
    [TestCase("Always", 3, "Running unready [web=CrashLoopBackOff/1]")]
    [TestCase("OnFailure", 3, "Running unready [web=CrashLoopBackOff/1]")]
    [TestCase("OnFailure", 0, "Succeeded unready [web=Completed:0/0]")]
    [TestCase("Never", 0, "Succeeded unready [web=Completed:0/0]")]
    [TestCase("Never", 3, "Failed unready [web=Error:3/0]")]
    public async Task What_ends_is_started_again_as_its_policy_says(string policy, int code, string then)
    {
        await using var bench = new PodBench().Start();
        bench.Runtime.Programs["web"] = new FakeProgram { RunsFor = TimeSpan.FromSeconds(1), ExitCode = code };
        bench.Api.Create("a", $$"""{"restartPolicy":"{{policy}}","containers":[{"name":"web","image":"web"}]}""");
        await bench.PassAsync(4);
        Assert.That(bench.Show("a"), Is.EqualTo(then));
    }

    [Test]
    public async Task Who_crashes_waits_longer_each_time_up_to_five_minutes()
    {
        await using var bench = new PodBench().Start();
        bench.Runtime.Programs["web"] = new FakeProgram { RunsFor = TimeSpan.FromSeconds(1), ExitCode = 1 };
        bench.Api.Create("a", Plain);
        var starts = new List<double>();
        for (var second = 0; second < 1300; second++)
        {
            await bench.RestAsync();
            while (starts.Count < bench.Runtime.Calls.Count(call => call.StartsWith("start", StringComparison.Ordinal)))
            {
                starts.Add(second);
            }

            bench.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var pauses = starts.Zip(starts.Skip(1), (one, next) => next - one - 1);
        Assert.That(pauses, Is.EqualTo([0, 10, 20, 40, 80, 160, 300, 300, 300]));
    }

    [Test]
    public async Task Init_containers_run_one_by_one_and_sidecars_stay()
    {
        await using var bench = new PodBench().Start();
        bench.Runtime.Programs["short"] = new FakeProgram { RunsFor = TimeSpan.FromSeconds(1) };
        bench.Api.Create(
            "a",
            """
            {'initContainers':[{'name':'one','image':'short'},{'name':'side','image':'side','restartPolicy':'Always'},
              {'name':'two','image':'short'}],'containers':[{'name':'web','image':'web'},{'name':'db','image':'db'}]}
            """);
        await bench.RestAsync();
        var first = bench.Show("a");
        bench.Probes.Set("side", new ProbeResults(false, false, null));
        await bench.PassAsync(1);
        var second = bench.Show("a");
        bench.Probes.Set("side", new ProbeResults(true, true, null));
        await bench.RestAsync();
        var third = bench.Show("a");
        await bench.PassAsync(1);
        using (Assert.EnterMultipleScope())
        {
            const string Regulars = "web=PodInitializing/0 db=PodInitializing/0]";
            Assert.That(first, Is.EqualTo("Pending unready [one=runs/0 side=PodInitializing/0 two=PodInitializing/0 " + Regulars));
            Assert.That(second, Is.EqualTo("Pending unready [one=Completed:0/0 side=runs/0 two=PodInitializing/0 " + Regulars));
            Assert.That(third, Is.EqualTo("Pending unready [one=Completed:0/0 side=runs/0 two=runs/0 " + Regulars));
            Assert.That(
                bench.Show("a"), Is.EqualTo("Running ready [one=Completed:0/0 side=runs/0 two=Completed:0/0 web=runs/0 db=runs/0]"));
        }
    }

    [Test]
    public async Task Sidecars_end_after_all_others_the_last_one_first()
    {
        await using var bench = new PodBench().Start();
        bench.Api.Create(
            "a",
            """
            {'initContainers':[{'name':'one','image':'i','restartPolicy':'Always'},{'name':'two','image':'i','restartPolicy':'Always'}],
              'containers':[{'name':'web','image':'web'}]}
            """);
        await bench.RestAsync();
        bench.Api.Delete("a", 20);
        await bench.RestAsync();
        Assert.That(
            bench.Runtime.Calls.Where(call => call.StartsWith("stop ", StringComparison.Ordinal)),
            Is.EqualTo(["stop web 0 20", "stop two 0 20", "stop one 0 20"]));
    }

    [Test]
    public async Task A_pod_whose_work_is_done_takes_its_sidecars_with_it()
    {
        await using var bench = new PodBench().Start();
        bench.Runtime.Programs["short"] = new FakeProgram { RunsFor = TimeSpan.FromSeconds(1) };
        bench.Api.Create(
            "a",
            """
            {'restartPolicy':'Never','initContainers':[{'name':'side','image':'i','restartPolicy':'Always'}],
              'containers':[{'name':'work','image':'short'}]}
            """);
        await bench.PassAsync(2);
        Assert.That(bench.Show("a"), Is.EqualTo("Succeeded unready [side=Error:143/0 work=Completed:0/0]"));
        Assert.That(bench.Runtime.Sandboxes[0].IsReady, Is.False);
    }

    [Test]
    public async Task An_init_container_that_fails_holds_the_pod_or_ends_it()
    {
        await using var bench = new PodBench().Start();
        bench.Runtime.Programs["bad"] = new FakeProgram { RunsFor = TimeSpan.FromSeconds(1), ExitCode = 1 };
        const string Spec = "'initContainers':[{'name':'first','image':'bad'}],'containers':[{'name':'web','image':'web'}]}";
        bench.Api.Create("a", "{" + Spec);
        bench.Api.Create("b", "{'restartPolicy':'Never'," + Spec);
        await bench.PassAsync(4);
        Assert.That(bench.Show("a"), Is.EqualTo("Pending unready [first=CrashLoopBackOff/1 web=PodInitializing/0]"));
        Assert.That(bench.Show("b"), Is.EqualTo("Failed unready [first=Error:1/0 web=PodInitializing/0]"));
    }

    [Test]
    public async Task What_hinders_a_start_is_said_and_tried_again()
    {
        await using var bench = new PodBench().Start();
        var inTenSeconds = bench.Clock.GetUtcNow().AddSeconds(10);
        bench.Puller.Problem = _ => new ImageException("ErrImagePull", "no such image", inTenSeconds);
        bench.Api.Create("a", Plain);
        await bench.RestAsync();
        var pull = bench.Show("a");
        bench.Puller.Problem = _ => null;
        bench.Planner.Problem = _ => "no config map";
        await bench.PassAsync(10);
        var config = bench.Show("a");
        bench.Planner.Problem = _ => null;
        bench.Runtime.Programs["web"] = new FakeProgram { StartError = "no such file" };
        await bench.PassAsync(2);
        var start = bench.Show("a");
        bench.Runtime.Programs.Clear();
        await bench.PassAsync(30);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pull, Is.EqualTo("Pending unready [web=ErrImagePull/0]"));
            Assert.That(config, Is.EqualTo("Pending unready [web=CreateContainerConfigError/0]"));
            Assert.That(start, Is.EqualTo("Running unready [web=RunContainerError/0]"));
            Assert.That(bench.Show("a"), Does.StartWith("Running ready [web=runs/"));
        }
    }

    [Test]
    public async Task A_deletion_breaks_off_a_pull_and_the_hook_at_the_start()
    {
        await using var bench = new PodBench().Start();
        bench.Puller.Hold = image => image == "slow" ? Task.Delay(Timeout.Infinite) : Task.CompletedTask;
        bench.Hooks.Run = (_, isStart, stop) => isStart ? Task.Delay(Timeout.Infinite, stop) : Task.CompletedTask;
        bench.Api.Create("pulls", "{'containers':[{'name':'c','image':'slow'}]}");
        bench.Api.Create("hooks", "{'containers':[{'name':'c','image':'i','lifecycle':{'postStart':{'exec':{'command':['x']}}}}]}");
        await bench.UntilAsync(() => bench.Runtime.Running.Count == 1 && bench.Runtime.Sandboxes.Count == 2);
        await bench.UntilAsync(() => bench.Show("hooks").StartsWith("Pending unready [c=ContainerCreating", StringComparison.Ordinal));
        bench.Api.Delete("pulls");
        bench.Api.Delete("hooks");
        await bench.RestAsync();
        Assert.That((bench.Show("pulls"), bench.Show("hooks")), Is.EqualTo(("gone", "gone")));
        Assert.That(bench.Runtime.Violations.Concat(bench.Api.Violations), Is.Empty);
    }

    [Test]
    public async Task The_hook_before_the_end_counts_on_the_grace_and_less_time_ends_it()
    {
        await using var bench = new PodBench().Start();
        bench.Runtime.Programs["deaf"] = new FakeProgram { IgnoresStop = true };
        var hook = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bench.Hooks.Run = (_, _, stop) => hook.Task.WaitAsync(stop);
        bench.Api.Create("a", "{'containers':[{'name':'c','image':'deaf','lifecycle':{'preStop':{'exec':{'command':['x']}}}}]}");
        await bench.RestAsync();
        bench.Api.Delete("a", 30);
        await bench.UntilAsync(() => bench.Hooks.Calls.Contains("stop c"));
        bench.Clock.Advance(TimeSpan.FromSeconds(10));
        hook.SetResult();
        await bench.UntilAsync(() => bench.Runtime.Calls.Contains("stop c 0 20"));
        bench.Api.Delete("a", 5);
        await bench.UntilAsync(() => bench.Runtime.Calls.Contains("stop c 0 5"));
        await bench.RestAsync();
        bench.Clock.Advance(TimeSpan.FromSeconds(5));
        await bench.UntilAsync(() => bench.Show("a") == "gone");
        Assert.That(bench.Runtime.Violations.Concat(bench.Api.Violations), Is.Empty);
    }

    [Test]
    public async Task A_liveness_probe_ends_a_container_and_it_starts_again()
    {
        await using var bench = new PodBench().Start();
        bench.Api.Create("a", "{'terminationGracePeriodSeconds':7,'containers':[{'name':'web','image':'web'}]}");
        await bench.RestAsync();
        bench.Probes.Set("web", new ProbeResults(true, true, new Kinds.ProbeManifest()) { KillerKind = "liveness" });
        await bench.UntilAsync(() => bench.Runtime.Calls.Contains("stop web 0 7"));
        bench.Probes.Set("web", new ProbeResults(true, true, null));

        // The next try may have been ended as well, before the probe was content: then it waits once.
        await bench.PassAsync(12);
        Assert.That(bench.Show("a"), Is.EqualTo("Running ready [web=runs/1]").Or.EqualTo("Running ready [web=runs/2]"));
        Assert.That(bench.Events.Told, Does.Contain("a/web Killing: Container web failed liveness probe, will be restarted"));
    }

    [Test]
    public async Task A_kubelet_that_starts_takes_over_what_runs()
    {
        await using var bench = new PodBench().Start();
        bench.Api.Create("a", Plain);
        bench.Api.Create("b", Plain);
        await bench.RestAsync();
        var (calls, before) = (bench.Runtime.Calls, bench.Api.Status("a")!.ToJsonString());
        await bench.StopAsync();
        bench.Api.Delete("b", 0);
        var writes = bench.Api.Writes;
        bench.Start();
        await bench.RestAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bench.Show("a"), Is.EqualTo("Running ready [web=runs/0]"));
            Assert.That(bench.Api.Status("a")!.ToJsonString(), Is.EqualTo(before));
            Assert.That(bench.Api.Writes, Is.EqualTo(writes), "nothing has changed, and nothing is written");
            Assert.That(bench.Runtime.Running, Is.EqualTo(["a/web"]), "b was deleted meanwhile");
            Assert.That(
                bench.Runtime.Calls.Skip(calls.Count).Where(call => call.StartsWith("start", StringComparison.Ordinal)), Is.Empty);
            Assert.That(bench.Runtime.Sandboxes, Has.Count.EqualTo(1));
            Assert.That(bench.Volumes.ListPods(), Has.Count.EqualTo(1));
        }
    }

    [Test]
    public async Task A_sandbox_that_is_lost_is_made_anew_with_all_in_it()
    {
        await using var bench = new PodBench().Start();
        bench.Runtime.Programs["short"] = new FakeProgram { RunsFor = TimeSpan.FromSeconds(1) };
        bench.Api.Create("a", "{'initContainers':[{'name':'one','image':'short'}],'containers':[{'name':'web','image':'web'}]}");
        await bench.PassAsync(2);
        bench.Runtime.LoseSandbox("a");
        await bench.PassAsync(3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bench.Show("a"), Is.EqualTo("Running ready [one=Completed:0/1 web=runs/1]"));
            Assert.That(bench.Runtime.Calls, Does.Contain("sandbox a 1"));
            Assert.That(bench.Runtime.Violations.Concat(bench.Api.Violations), Is.Empty);
        }
    }

    [Test]
    public async Task A_pod_that_outlives_its_deadline_fails()
    {
        await using var bench = new PodBench().Start();
        bench.Api.Create("a", "{'activeDeadlineSeconds':5,'containers':[{'name':'web','image':'web'}]}");
        await bench.PassAsync(6);
        Assert.That(bench.Show("a"), Is.EqualTo("Failed unready [web=Error:143/0]"));
        Assert.That((string?)bench.Api.Status("a")!["reason"], Is.EqualTo("DeadlineExceeded"));
    }

    [Test]
    public async Task An_eviction_ends_a_pod_and_says_why()
    {
        await using var bench = new PodBench().Start();
        var pod = bench.Api.Create("a", Plain);
        await bench.RestAsync();
        await bench.Workers.EvictAsync(pod.Uid, "Evicted", "no memory", TimeSpan.FromSeconds(3), CancellationToken.None)
            .WaitAsync(TimeSpan.FromSeconds(20));
        await bench.RestAsync();
        var status = bench.Api.Status("a")!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bench.Show("a"), Is.EqualTo("Failed unready [web=Error:143/0]"));
            Assert.That(((string?)status["reason"], (string?)status["message"]), Is.EqualTo(("Evicted", "no memory")));
            Assert.That(PodBench.Condition(status, "DisruptionTarget"), Is.EqualTo("True"));
            Assert.That(bench.Runtime.Calls, Does.Contain("stop web 0 3"));
        }
    }

    [Test]
    public async Task One_pod_too_many_fails_and_runs_nothing()
    {
        await using var bench = new PodBench(parts => parts with { MaxPods = 1 }).Start();
        bench.Api.Create("a", Plain);
        await bench.RestAsync();
        bench.Api.Create("b", Plain);
        await bench.RestAsync();
        Assert.That(bench.Show("b"), Is.EqualTo("Failed unready [web=ContainerCreating/0]"));
        Assert.That((string?)bench.Api.Status("b")!["reason"], Is.EqualTo("OutOfpods"));
        Assert.That(bench.Runtime.Running, Is.EqualTo(["a/web"]));
    }
}
