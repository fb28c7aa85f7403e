using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>What deployments say of themselves, and the annotations they number their replica sets by.</summary>
public sealed class RolloutProgressTests
{
    private static readonly DateTimeOffset _now = RolloutSamples.Now;

    [TestCase(3, 0, 3, "True", "MinimumReplicasAvailable")]
    [TestCase(3, 1, 2, "True", "MinimumReplicasAvailable")]
    [TestCase(3, 0, 2, "False", "MinimumReplicasUnavailable")]
    [TestCase(0, 0, 0, "True", "MinimumReplicasAvailable")]
    public void Availability_is_told(int replicas, int unavailable, int available, string status, string reason)
    {
        var deployment = RolloutSamples.Deployment(replicas, "1", $"{unavailable}");
        var conditions = new ConditionSet([], _now);
        var rollout = new Rollout(deployment, [RolloutSamples.Set("new", replicas, available)]);
        RolloutProgress.TellAvailable(rollout, RolloutStatus.Of(rollout), conditions);
        Assert.That(conditions.Find("Available"), Has.Property("Status").EqualTo(status).And.Property("Reason").EqualTo(reason));
    }

    /// <summary>What was there: pods, updated, available, and the condition's reason and age in seconds. What is there: available of 3.</summary>
    [TestCase(3, 3, 2, "ReplicaSetUpdated", 10, 3, "NewReplicaSetAvailable", "True", "ReplicaSet \"web-new\" has successfully progressed.")]
    [TestCase(3, 3, 1, "NewReplicaSetCreated", 10, 2, "ReplicaSetUpdated", "True", "ReplicaSet \"web-new\" is progressing.")]
    [TestCase(3, 3, 2, "ReplicaSetUpdated", 601, 2, "ProgressDeadlineExceeded", "False", "ReplicaSet \"web-new\" has timed out progressing.")]
    [TestCase(3, 3, 2, "ReplicaSetUpdated", 600, 2, "ReplicaSetUpdated", "True", "before")]
    [TestCase(3, 3, 2, "ProgressDeadlineExceeded", 1, 2, "ProgressDeadlineExceeded", "False", "before")]
    [TestCase(3, 3, 2, "ProgressDeadlineExceeded", 1, 3, "NewReplicaSetAvailable", "True", "ReplicaSet \"web-new\" has successfully progressed.")]
    [TestCase(3, 3, 3, "NewReplicaSetAvailable", 9999, 1, "NewReplicaSetAvailable", "True", "before")]
    [TestCase(4, 3, 3, "NewReplicaSetAvailable", 9999, 3, "NewReplicaSetAvailable", "True", "before")]
    public void Progress_is_told(
        int replicas, int updated, int available, string before, int age, int availableNow, string reason, string status, string message)
    {
        var deployment = RolloutSamples.Deployment(3, "1");
        deployment.Status = new DeploymentStatus
        {
            Replicas = replicas,
            UpdatedReplicas = updated,
            ReadyReplicas = available,
            AvailableReplicas = available,
            Conditions = [Progressing(before, before == "ProgressDeadlineExceeded" ? "False" : "True", age)],
        };
        var (conditions, _) = Tell(deployment, RolloutSamples.Set("new", 3, availableNow));
        var told = conditions.Find("Progressing")!;
        Assert.That((told.Reason, told.Status, told.Message), Is.EqualTo((reason, status, message)));
    }

    [Test]
    public void Progress_renews_the_condition_but_not_the_time_of_its_status()
    {
        var deployment = RolloutSamples.Deployment(3, "1");
        deployment.Status.Conditions = [Progressing("ReplicaSetUpdated", "True", 100)];
        var (conditions, _) = Tell(deployment, RolloutSamples.Set("new", 3, 1));
        Assert.That(conditions.Find("Progressing"), Has.Property("LastUpdateTime").EqualTo(_now));
        Assert.That(conditions.Find("Progressing"), Has.Property("LastTransitionTime").EqualTo(_now - TimeSpan.FromSeconds(100)));
    }

    [Test]
    public void Without_a_deadline_nothing_is_said_of_progress()
    {
        var deployment = RolloutSamples.Deployment(3, "1");
        deployment.Spec.ProgressDeadlineSeconds = null;
        deployment.Status.Conditions = [Progressing("ReplicaSetUpdated", "True", 100)];
        var (conditions, next) = Tell(deployment, RolloutSamples.Set("new", 3, 1));
        Assert.That(conditions.Find("Progressing"), Is.Null);
        Assert.That(next, Is.Null);
    }

    [TestCase("ReplicaSetUpdated", 100, 501)]
    [TestCase("DeploymentResumed", 600, 1)]
    [TestCase("ProgressDeadlineExceeded", 100, null)]
    [TestCase("NewReplicaSetAvailable", 100, null)]
    public void A_roll_out_that_stands_is_looked_at_when_its_time_is_up(string reason, int age, int? expected)
    {
        var deployment = RolloutSamples.Deployment(3, "1");
        deployment.Status = new DeploymentStatus { Replicas = 3, UpdatedReplicas = 3, Conditions = [Progressing(reason, "True", age)] };
        var (_, next) = Tell(deployment, RolloutSamples.Set("new", 3));
        Assert.That(next?.TotalSeconds, Is.EqualTo(expected));
    }

    [Test]
    public void A_failure_of_a_replica_set_is_told_until_it_is_over()
    {
        var failure = new Condition { Type = "ReplicaFailure", Status = "True", Reason = "FailedCreate", Message = "quota", LastTransitionTime = _now };
        var (newest, old) = (RolloutSamples.Set("new", 3), RolloutSamples.Set("old", 3, age: 2));
        old.Status.Conditions = [new Condition { Type = "ReplicaFailure", Status = "True", Reason = "FailedDelete" }];
        newest.Status.Conditions = [failure];
        var deployment = RolloutSamples.Deployment(3, "1");
        var (conditions, _) = Tell(deployment, newest, old);
        Assert.That(conditions.Find("ReplicaFailure"), Has.Property("Message").EqualTo("quota"));
        deployment.Status.Conditions = [.. conditions.All];
        (conditions, _) = Tell(deployment, RolloutSamples.Set("new", 3));
        Assert.That(conditions.Find("ReplicaFailure"), Is.Null);
    }

    [TestCase(true, "ReplicaSetUpdated", "DeploymentPaused")]
    [TestCase(true, null, "DeploymentPaused")]
    [TestCase(true, "ProgressDeadlineExceeded", "ProgressDeadlineExceeded")]
    [TestCase(false, "DeploymentPaused", "DeploymentResumed")]
    [TestCase(false, "ReplicaSetUpdated", "ReplicaSetUpdated")]
    public void A_pause_is_told(bool isPaused, string? before, string expected)
    {
        var deployment = RolloutSamples.Deployment(3);
        deployment.Spec.Paused = isPaused;
        var conditions = new ConditionSet(before is null ? [] : [Progressing(before, "True", 10)], _now);
        RolloutProgress.TellPause(deployment, conditions);
        Assert.That(conditions.Find("Progressing"), Has.Property("Reason").EqualTo(expected));
    }

    [Test]
    public void Counts_are_those_of_all_sets()
    {
        var old = RolloutSamples.Set("old", 8, 7, age: 3, there: 9);
        old.Status.TerminatingReplicas = 2;
        var newest = RolloutSamples.Set("new", 5, 1);
        newest.Status.TerminatingReplicas = 1;
        var status = RolloutStatus.Of(new Rollout(RolloutSamples.Deployment(10, "3"), [old, newest]));
        Assert.That(status, Is.EqualTo(new RolloutStatus(14, 5, 8, 8, 5, 3, 1, null)));
        newest.Status.TerminatingReplicas = null;
        Assert.That(RolloutStatus.Of(new Rollout(RolloutSamples.Deployment(10, "3"), [old, newest])).Terminating, Is.Null);
    }

    [Test]
    public void A_revision_only_grows_and_its_history_is_kept()
    {
        var deployment = RolloutSamples.Deployment(3);
        deployment.Metadata.Annotations = new() { ["a"] = "b", [Revisions.Revision] = "7", ["kubectl.kubernetes.io/last-applied-configuration"] = "{}" };
        Assert.That(Revisions.Missing(deployment, null, 1).ToJsonString(), Is.EqualTo($$"""{"a":"b","{{Revisions.Revision}}":"1"}"""));

        var set = RolloutSamples.Set("new", 3);
        set.Metadata.Annotations = new() { ["a"] = "b", [Revisions.Revision] = "5" };
        Assert.That(Revisions.Missing(deployment, set, 4), Is.Empty);
        set.Metadata.Annotations = new() { ["a"] = "b", [Revisions.Revision] = "9", [Revisions.History] = "1,3" };
        Assert.That(
            Revisions.Missing(deployment, set, 10).ToJsonString(),
            Is.EqualTo($$"""{"{{Revisions.Revision}}":"10","{{Revisions.History}}":"1,3,9"}"""));
    }

    [Test]
    public void A_history_that_grows_too_long_loses_its_oldest()
    {
        var set = RolloutSamples.Set("new", 3);
        set.Metadata.Annotations = new() { [Revisions.Revision] = "1000", [Revisions.History] = string.Join(',', Enumerable.Range(500, 500)) };
        var history = Revisions.Missing(RolloutSamples.Deployment(3), set, 1001)[Revisions.History]!.GetValue<string>();
        Assert.That(history, Has.Length.LessThanOrEqualTo(2000));
        Assert.That(history, Does.EndWith(",999,1000").And.StartWith("501,"));
    }

    [Test]
    public void A_long_name_is_shortened_and_the_hash_is_not() =>
        Assert.That(NewReplicaSet.Name(new string('a', 253), "12345"), Is.EqualTo(new string('a', 247) + "-12345"));

    private static Condition Progressing(string reason, string status, int age) => new()
    {
        Type = "Progressing",
        Status = status,
        Reason = reason,
        Message = "before",
        LastUpdateTime = _now - TimeSpan.FromSeconds(age),
        LastTransitionTime = _now - TimeSpan.FromSeconds(age),
    };

    private static (ConditionSet Conditions, TimeSpan? Next) Tell(Deployment deployment, params ReplicaSet[] sets)
    {
        var rollout = new Rollout(deployment, sets);
        var conditions = new ConditionSet(deployment.Status.Conditions, _now);
        var status = RolloutStatus.Of(rollout);
        RolloutProgress.TellProgress(rollout, status, conditions, _now);
        return (conditions, RolloutProgress.NextLook(deployment, status, conditions, _now));
    }
}
