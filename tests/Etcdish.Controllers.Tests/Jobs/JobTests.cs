using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Jobs;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Jobs;

/// <summary>Jobs from their creation to their end. The name of a job's image says how its pods end.</summary>
public sealed class JobTests
{
    private ControlBench _bench = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _bench = await ControlBench.StartAsync();
        AddControllers(_bench);
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _bench.DisposeAsync();
        Assert.That(_bench.Warnings, Has.None.Contains("a defect"));
    }

    [Test]
    public async Task A_job_is_complete_when_its_pods_have_succeeded()
    {
        await CreateAsync("simple", "succeed", "'completions':3,'parallelism':2");
        var status = await EndAsync("simple");
        Assert.That(Texts(status["conditions"]!, "type"), Is.EqualTo("SuccessCriteriaMet Complete"));
        Assert.That(Texts(status["conditions"]!, "reason"), Is.EqualTo("CompletionsReached CompletionsReached"));
        Assert.That(status["completionTime"], Is.Not.Null);
        foreach (var field in (string[])["conditions", "completionTime", "startTime"])
        {
            status.Remove(field);
        }

        var expected = Make.Json("{'ready':0,'terminating':0,'succeeded':3,'uncountedTerminatedPods':{}}");
        Assert.That(JsonNode.DeepEquals(status, expected), Is.True, status.ToJsonString());
        var pods = await PodsAsync("simple", _ => true);
        Assert.That(pods, Has.Count.EqualTo(3));
        Assert.That(pods.Select(pod => pod.Metadata.Finalizers), Is.All.Empty);
    }

    [Test]
    public async Task An_indexed_job_has_a_pod_of_each_index()
    {
        await CreateAsync("indexed", "succeed", "'completions':4,'parallelism':4,'completionMode':'Indexed'");
        var status = await EndAsync("indexed");
        Assert.That(status["completedIndexes"]!.GetValue<string>(), Is.EqualTo("0-3"));
        var pods = await PodsAsync("indexed", _ => true);
        Assert.That(pods.Select(pod => pod.Metadata.Labels["batch.kubernetes.io/job-completion-index"]), Is.EquivalentTo(["0", "1", "2", "3"]));
        Assert.That(pods.Select(pod => pod.Spec.Hostname), Is.EquivalentTo(["indexed-0", "indexed-1", "indexed-2", "indexed-3"]));
    }

    [Test]
    public async Task A_job_fails_with_too_many_of_its_pods()
    {
        await CreateAsync("fails", "fail", "'backoffLimit':2");
        var status = await EndAsync("fails");
        Assert.That(Texts(status["conditions"]!, "type"), Is.EqualTo("FailureTarget Failed"));
        Assert.That(Texts(status["conditions"]!, "reason"), Is.EqualTo("BackoffLimitExceeded BackoffLimitExceeded"));
        Assert.That(status["failed"]!.GetValue<int>(), Is.EqualTo(3));
        Assert.That(status["completionTime"], Is.Null);
    }

    [Test]
    public async Task A_policy_fails_a_job_at_once_and_its_other_pods_with_it()
    {
        await CreateAsync(
            "policy", "first-fails-alone", "'parallelism':3,'completions':3,'completionMode':'Indexed',"
            + "'podFailurePolicy':{'rules':[{'action':'FailJob','onExitCodes':{'operator':'In','values':[1]}}]}");
        var status = await EndAsync("policy");
        Assert.That(Texts(status["conditions"]!, "reason"), Is.EqualTo("PodFailurePolicy PodFailurePolicy"));
        Assert.That(status["conditions"]![1]!["message"]!.GetValue<string>(), Does.Match(
            "^Container c for pod default/policy-0-[a-z0-9]{5} failed with exit code 1 matching FailJob rule at index 0$"));
        Assert.That(status["failed"]!.GetValue<int>(), Is.EqualTo(3));
    }

    [Test]
    public async Task Indexes_fail_apart()
    {
        await CreateAsync(
            "apart", "first-fails", "'parallelism':3,'completions':3,'completionMode':'Indexed','backoffLimitPerIndex':1");
        var status = await EndAsync("apart");
        Assert.That(Texts(status["conditions"]!, "reason"), Is.EqualTo("FailedIndexes FailedIndexes"));
        Assert.That(status["failedIndexes"]!.GetValue<string>(), Is.EqualTo("0"));
        Assert.That(status["completedIndexes"]!.GetValue<string>(), Is.EqualTo("1,2"));
        Assert.That(status["failed"]!.GetValue<int>(), Is.EqualTo(2));
        var pods = await PodsAsync("apart", _ => true);
        Assert.That(
            pods.Where(pod => pod.IndexOf(new JobSpec { Completions = 3 }) == 0).Select(pod => pod.FailuresBefore()), Is.EquivalentTo([0, 1]));
    }

    [Test]
    public async Task Enough_is_enough_by_policy()
    {
        await CreateAsync(
            "enough", "first-runs", "'parallelism':3,'completions':3,'completionMode':'Indexed','successPolicy':{'rules':[{'succeededCount':2}]}");
        var status = await EndAsync("enough");
        Assert.That(Texts(status["conditions"]!, "type"), Is.EqualTo("SuccessCriteriaMet Complete"));
        Assert.That(Texts(status["conditions"]!, "message"), Is.EqualTo("Matched rules at index 0 Matched rules at index 0"));
    }

    [Test]
    public async Task A_suspended_job_has_no_pods_and_goes_on_later()
    {
        await CreateAsync("paused", "run", "'parallelism':2,'completions':2");
        await JobAsync("paused", job => job.Status is { Active: 2, Ready: 2 });
        await _bench.PatchAsync(Resources.Jobs, "default", "paused", "{'spec':{'suspend':true}}");
        var job = await JobAsync("paused", job => job.Status.Conditions is [{ Type: "Suspended", IsTrue: true }] && job.Status is { Active: 0, Terminating: 0 });
        Assert.That(job.Status.Failed, Is.Zero);
        await PodsAsync("paused", pods => pods.Count == 0);
        await _bench.PatchAsync(Resources.Jobs, "default", "paused", "{'spec':{'suspend':false}}");
        job = await JobAsync("paused", job => job.Status is { Active: 2, Conditions: [{ Type: "Suspended", Status: "False", Reason: "JobResumed" }] });
        Assert.That(job.Status.StartTime, Is.Not.Null);
    }

    [Test]
    public async Task Fewer_at_once_are_fewer_and_have_not_failed()
    {
        await CreateAsync("fewer", "run", "'parallelism':4,'completions':4");
        await JobAsync("fewer", job => job.Status is { Active: 4, Ready: 4 });
        await _bench.PatchAsync(Resources.Jobs, "default", "fewer", "{'spec':{'parallelism':1}}");
        var job = await JobAsync("fewer", job => job.Status is { Active: 1, Ready: 1, Terminating: 0 });
        Assert.That(job.Status.Failed, Is.Zero);
    }

    [Test]
    public async Task A_deleted_pod_is_replaced_and_has_failed()
    {
        await CreateAsync("deleted", "run", "'parallelism':1,'completions':1");
        var first = (await PodsAsync("deleted", pods => pods is [{ Status.Phase: "Running" }]))[0];
        await _bench.Client.DeleteAsync(Resources.Pods, "default", first.Metadata.Name, null, CancellationToken.None);
        await JobAsync("deleted", job => job.Status is { Active: 1, Failed: 1, Ready: 1 });
        await PodsAsync("deleted", pods => pods is [{ Status.Phase: "Running" } next] && next.Metadata.Uid != first.Metadata.Uid);
    }

    [Test]
    public async Task Somebody_elses_job_is_left_alone()
    {
        await CreateAsync("foreign", "succeed", "'managedBy':'example.com/other'");
        await CreateAsync("own", "succeed", "'completions':1");
        await EndAsync("own");
        Assert.That((await _bench.ReadAsync(Resources.Jobs, "default", "foreign"))!["status"] as JsonObject, Is.Null.Or.Empty);
    }

    [Test]
    public async Task Pods_of_a_job_that_is_gone_can_go()
    {
        await CreateAsync("gone", "run", "'parallelism':2,'completions':2");
        await PodsAsync("gone", pods => pods.Count == 2);
        await _bench.Client.DeleteAsync(Resources.Jobs, "default", "gone", new DeleteOptions { Propagation = "Background" }, CancellationToken.None);
        await PodsAsync("gone", pods => pods.Count == 2 && pods.All(pod => pod.Metadata.Finalizers.Length == 0));
    }

    [Test]
    public async Task Time_ends_jobs_and_removes_them()
    {
        var clock = new MovableClock();
        await using var bench = await ControlBench.StartAsync(clock);
        AddControllers(bench);
        await bench.RunAsync();
        await bench.CreateAsync(Resources.Jobs, "default", Job("late", "run", "'activeDeadlineSeconds':30,'ttlSecondsAfterFinished':100"));
        await bench.WaitAsync(Resources.Jobs, "default", jobs => jobs is [{ Status: { Ready: 1, StartTime: not null } }]);
        clock.Advance(TimeSpan.FromSeconds(31));
        var jobs = await bench.WaitAsync(Resources.Jobs, "default", jobs => jobs is [{ Ending: not null }]);
        Assert.That(jobs[0].Ending!.Reason, Is.EqualTo("DeadlineExceeded"));
        clock.Advance(TimeSpan.FromSeconds(101));

        // The controller may have begun to wait before the clock was moved, or not: told again, it looks again.
        await bench.PatchAsync(Resources.Jobs, "default", "late", "{'metadata':{'annotations':{'touched':'yes'}}}");
        await bench.WaitAsync(Resources.Jobs, "default", jobs => jobs.Count == 0 || jobs[0].Metadata.IsBeingDeleted);
    }

    private static void AddControllers(ControlBench bench)
    {
        bench.Add(new JobController(bench.Context, TimeSpan.FromMilliseconds(1)));
        bench.Add(new OrphanPodController(bench.Context));
        bench.Add(new FinishedJobController(bench.Context));
        bench.Add(new JobKubelet(bench.Context, PhaseOf));
    }

    private static string? PhaseOf(Pod pod)
    {
        var isFirst = pod.Metadata.Labels.GetValueOrDefault("batch.kubernetes.io/job-completion-index") == "0";
        return pod.Spec.Containers[0].Image switch
        {
            "succeed" => "Succeeded",
            "fail" => "Failed",
            "first-fails" => isFirst ? "Failed" : "Succeeded",
            "first-fails-alone" => isFirst ? "Failed" : "Running",
            "first-runs" => isFirst ? "Running" : "Succeeded",
            _ => "Running",
        };
    }

    private static string Job(string name, string image, string spec) =>
        $"{{'metadata':{{'name':'{name}'}},'spec':{{{spec},'template':{{'spec':{{'restartPolicy':'Never','containers':[{{'name':'c','image':'{image}'}}]}}}}}}}}";

    private Task<Job> CreateAsync(string name, string image, string spec) => _bench.CreateAsync(Resources.Jobs, "default", Job(name, image, spec));

    private async Task<JsonObject> EndAsync(string name)
    {
        await JobAsync(name, job => job.Ending is not null);
        return (await _bench.ReadAsync(Resources.Jobs, "default", name))!["status"]!.AsObject();
    }

    private async Task<Job> JobAsync(string name, Func<Job, bool> condition)
    {
        var jobs = await _bench.WaitAsync(
            Resources.Jobs, "default", jobs => jobs.Any(job => job.Metadata.Name == name && condition(job)),
            job => $"{job} active {job.Status.Active} ready {job.Status.Ready} ending {job.Status.Terminating} failed {job.Status.Failed} "
                + string.Join(',', job.Status.Conditions.Select(c => $"{c.Type}={c.Status}")));
        return jobs.First(job => job.Metadata.Name == name);
    }

    private async Task<IReadOnlyList<Pod>> PodsAsync(string job, Func<IReadOnlyList<Pod>, bool> condition)
    {
        var pods = await _bench.WaitAsync(Resources.Pods, "default", all => condition(Of(all)));
        return Of(pods);

        IReadOnlyList<Pod> Of(IReadOnlyList<Pod> all) => [.. all.Where(pod => pod.Metadata.Labels.GetValueOrDefault("job-name") == job)];
    }

    private static string Texts(JsonNode list, string field) =>
        string.Join(' ', list.AsArray().Select(item => item![field]?.GetValue<string>()));
}
