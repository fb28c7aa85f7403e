using Etcdish.Controllers.Jobs;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Jobs;

/// <summary>What is decided about a job, from what is seen of it.</summary>
public sealed class JobDecisionTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 0, 1, 0, TimeSpan.Zero);
    private static readonly TimeSpan _wait = TimeSpan.FromSeconds(10);

    private static IEnumerable<TestCaseData> Verdicts()
    {
        yield return Verdict("goes on", "{'backoffLimit':1}", "{}", [Make.Pod("a", "Failed")], null);
        yield return Verdict(
            "too many failures", "{'backoffLimit':1}", "{}", [Make.Pod("a", "Failed"), Make.Pod("b", "Failed")], "Failed BackoffLimitExceeded");
        yield return Verdict("counted failures", "{'backoffLimit':1}", "{'failed':1}", [Make.Pod("a", "Failed")], "Failed BackoffLimitExceeded");
        yield return Verdict("a counted pod counts once", "{'backoffLimit':1}", "{'failed':1}", [Make.Pod("a", "Failed*")], null);
        yield return Verdict(
            "a noted pod counts once", "{'backoffLimit':0}", "{'uncountedTerminatedPods':{'failed':['a']}}", [Make.Pod("a", "Failed")],
            "Failed BackoffLimitExceeded");
        yield return Verdict("a deleted pod has failed", "{'backoffLimit':0}", "{}", [Make.Pod("a", "Running-")], "Failed BackoffLimitExceeded");
        yield return Verdict(
            "a deleted pod may yet succeed", "{'backoffLimit':0,'podReplacementPolicy':'Failed'}", "{}", [Make.Pod("a", "Running-")], null);
        yield return Verdict(
            "deadline", "{'activeDeadlineSeconds':60}", "{'startTime':'2026-01-01T00:00:00Z'}", [], "Failed DeadlineExceeded");
        yield return Verdict("before the deadline", "{'activeDeadlineSeconds':61}", "{'startTime':'2026-01-01T00:00:00Z'}", [], null);
        yield return Verdict(
            "suspended jobs have no deadline", "{'activeDeadlineSeconds':1,'suspend':true}", "{'startTime':'2026-01-01T00:00:00Z'}", [], null);
        yield return Verdict(
            "said before", "{}", "{'conditions':[{'type':'FailureTarget','status':'True','reason':'R','message':'m'}]}", [], "Failed R");
        yield return Verdict(
            "success said before", "{'backoffLimit':0}",
            "{'conditions':[{'type':'SuccessCriteriaMet','status':'True','reason':'SuccessPolicy','message':'m'}]}",
            [Make.Pod("a", "Failed")], "Complete SuccessPolicy");
        const string perIndex = "{'completions':3,'completionMode':'Indexed','backoffLimit':99,'backoffLimitPerIndex':1,'maxFailedIndexes':1}";
        yield return Verdict("an index may fail", perIndex, "{}", [Make.Pod("a", "Failed", 0, failures: 1)], null);
        yield return Verdict(
            "too many indexes", perIndex, "{'failedIndexes':'2'}", [Make.Pod("a", "Failed", 0, failures: 1)], "Failed MaxFailedIndexesExceeded");
        yield return Verdict(
            "no index left", perIndex, "{'completedIndexes':'1,2'}", [Make.Pod("a", "Failed", 0, failures: 1)], "Failed FailedIndexes");
        yield return Verdict(
            "policy of success", "{'completions':5,'completionMode':'Indexed','successPolicy':{'rules':[{'succeededIndexes':'4'},{'succeededCount':2}]}}",
            "{'completedIndexes':'1'}", [Make.Pod("a", "Succeeded", 2)], "Complete SuccessPolicy");
    }

    [TestCaseSource(nameof(Verdicts))]
    public string? A_job_ends_when_it_must(Job job, Pod[] pods) =>
        JobVerdict.Of(See(job, pods), _now) is { } verdict ? $"{verdict.LastCondition} {verdict.Reason}" : null;

    private static IEnumerable<TestCaseData> Plans()
    {
        yield return Plan("as many as may run", "{'parallelism':2,'completions':5}", "{}", [], "create 2");
        yield return Plan("no more than are needed", "{'parallelism':5,'completions':4}", "{'succeeded':2}", [Make.Pod("a", "Running")], "create 1");
        yield return Plan("enough", "{'parallelism':1,'completions':4}", "{}", [Make.Pod("a", "Pending")], "");
        yield return Plan("any success ends a work queue", "{'parallelism':3}", "{'succeeded':1}", [Make.Pod("a", "Running")], "");
        yield return Plan(
            "too many: the least is deleted", "{'parallelism':1,'completions':4}", "{}", [Make.Pod("a", "Running"), Make.Pod("b", "Pending")], "delete b");
        yield return Plan(
            "suspended", "{'parallelism':2,'completions':4,'suspend':true}", "{}", [Make.Pod("a", "Running"), Make.Pod("b", "Pending")], "delete b a");
        yield return Plan("a failure waits", "{'parallelism':1,'completions':1}", "{}", [Make.Pod("a", "Failed", ended: 55)], "wait 5");
        yield return Plan("a failure has waited", "{'parallelism':1,'completions':1}", "{}", [Make.Pod("a", "Failed", ended: 50)], "create 1");
        yield return Plan(
            "three failures wait longer", "{'parallelism':1,'completions':1}", "{}",
            [Make.Pod("a", "Failed*", ended: 1), Make.Pod("b", "Failed*", ended: 20), Make.Pod("c", "Failed", ended: 59)], "wait 39");
        yield return Plan(
            "a pod that ends has its place", "{'parallelism':1,'completions':1,'podReplacementPolicy':'Failed'}", "{}", [Make.Pod("a", "Running-")], "");
        yield return Plan(
            "indexes that are missing", "{'parallelism':3,'completions':6,'completionMode':'Indexed'}", "{'completedIndexes':'1'}",
            [Make.Pod("a", "Running", 2)], "create 2: 0 3");
        yield return Plan(
            "duplicates and strangers go", "{'parallelism':3,'completions':3,'completionMode':'Indexed'}", "{}",
            [Make.Pod("a", "Running", 1), Make.Pod("b", "Pending", 1), Make.Pod("c", "Running", 7), Make.Pod("d", "Running")], "delete c d b");
        yield return Plan(
            "failed indexes are not tried again", "{'parallelism':2,'completions':3,'completionMode':'Indexed','backoffLimitPerIndex':0}", "{}",
            [Make.Pod("a", "Failed", 0, ended: 59)], "create 2: 1 2");
        yield return Plan(
            "indexes wait apart", "{'parallelism':2,'completions':2,'completionMode':'Indexed','backoffLimitPerIndex':3}", "{}",
            [Make.Pod("a", "Failed", 0, failures: 1, ended: 59)], "create 1: 1 wait 19");
    }

    [TestCaseSource(nameof(Plans))]
    public string Pods_are_made_and_deleted_as_needed(Job job, Pod[] pods)
    {
        var picture = See(job, pods);
        var seen = default(JobBackoff).After([], [.. picture.Pods.Where(pod => pod.HasFailed(job.Spec))]);
        var plan = JobPlan.For(picture, seen, _wait, _now);
        List<string> words = [];
        if (plan.Delete.Count > 0)
        {
            words.Add("delete " + string.Join(' ', plan.Delete.Select(pod => pod.Metadata.Name)));
        }

        if (plan.Create > 0)
        {
            words.Add($"create {plan.Create}" + (plan.Indexes.Count > 0 ? ": " + string.Join(' ', plan.Indexes) : ""));
        }

        if (plan.RetryAfter > TimeSpan.Zero)
        {
            words.Add($"wait {plan.RetryAfter.TotalSeconds}");
        }

        return string.Join(' ', words);
    }

    [TestCase(0, 0, 0)]
    [TestCase(1, 0, 10)]
    [TestCase(2, 0, 20)]
    [TestCase(6, 0, 320)]
    [TestCase(7, 0, 600)]
    [TestCase(50, 0, 600)]
    [TestCase(2, 15, 5)]
    [TestCase(2, 20, 0)]
    public void Each_failure_doubles_the_wait(int failures, int secondsAgo, int expected) =>
        Assert.That(new JobBackoff(failures, _now.AddSeconds(-secondsAgo)).Remaining(_wait, _now).TotalSeconds, Is.EqualTo(expected));

    [Test]
    public void A_success_forgives_what_was_before()
    {
        var after = new JobBackoff(4, _now).After([Make.Pod("a", "Succeeded", ended: 10)], [Make.Pod("b", "Failed", ended: 9), Make.Pod("c", "Failed", ended: 11)]);
        Assert.That(after, Is.EqualTo(new JobBackoff(1, new DateTimeOffset(2026, 1, 1, 0, 0, 11, TimeSpan.Zero))));
    }

    [TestCase("{'action':'FailJob','onExitCodes':{'operator':'In','values':[3,4]}}", 3, "FailJob Container c for pod ns/p failed with exit code 3 matching FailJob rule at index 0")]
    [TestCase("{'action':'FailJob','onExitCodes':{'operator':'NotIn','values':[3,4]}}", 3, "")]
    [TestCase("{'action':'Ignore','onExitCodes':{'operator':'NotIn','values':[5]}}", 3, "Ignore")]
    [TestCase("{'action':'Count','onExitCodes':{'containerName':'d','operator':'In','values':[3]}}", 3, "")]
    [TestCase("{'action':'FailIndex','onExitCodes':{'containerName':'c','operator':'In','values':[3]}}", 3, "FailIndex")]
    public void Rules_judge_failures(string rule, int exitCode, string expected)
    {
        var job = Make.Job($"{{'podFailurePolicy':{{'rules':[{rule}]}}}}");
        var ruling = FailureRules.Judge(job.Spec.PodFailurePolicy, Make.Pod("p", "Failed", exitCode: exitCode));
        Assert.That($"{ruling.Action} {ruling.Message}".Trim(), Is.EqualTo(expected));
    }

    [Test]
    public void A_pod_of_an_index_knows_it()
    {
        var job = Make.Job(
            "{'completions':3,'completionMode':'Indexed','backoffLimitPerIndex':2,'template':{'metadata':{'labels':{'a':'b'}},"
            + "'spec':{'containers':[{'name':'c','image':'i'}],'restartPolicy':'Never'}}}");
        var pod = JobPodMaker.Make(job, 2, Make.Pod("p", "Failed", 2, failures: 1));
        Assert.That(pod.ToJsonString(), Is.EqualTo(Make.Json(
            "{'apiVersion':'v1','kind':'Pod','metadata':{'generateName':'j-2-','labels':{'a':'b','batch.kubernetes.io/job-completion-index':'2'},"
            + "'ownerReferences':[{'apiVersion':'batch/v1','kind':'Job','name':'j','uid':'job','controller':true,'blockOwnerDeletion':true}],"
            + "'finalizers':['batch.kubernetes.io/job-tracking'],"
            + "'annotations':{'batch.kubernetes.io/job-completion-index':'2','batch.kubernetes.io/job-index-failure-count':'2'}},"
            + "'spec':{'containers':[{'name':'c','image':'i','env':[{'name':'JOB_COMPLETION_INDEX','valueFrom':{'fieldRef':{'fieldPath':"
            + "'metadata.labels[\\u0027batch.kubernetes.io/job-completion-index\\u0027]'}}}]}],'restartPolicy':'Never','hostname':'j-2'}}")
            .ToJsonString()));
    }

    private static JobPicture See(Job job, Pod[] pods) => new(job, pods, _ => false);

    private static TestCaseData Verdict(string name, string spec, string status, Pod[] pods, string? expected) =>
        new TestCaseData(Make.Job(spec, status), pods).SetArgDisplayNames(name).Returns(expected);

    private static TestCaseData Plan(string name, string spec, string status, Pod[] pods, string expected) =>
        new TestCaseData(Make.Job(spec, status), pods).SetArgDisplayNames(name).Returns(expected);
}
