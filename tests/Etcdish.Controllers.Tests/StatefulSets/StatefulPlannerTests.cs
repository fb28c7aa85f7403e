using Etcdish.Controllers.StatefulSets;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.StatefulSets;

/// <summary>
/// What is done about the pods of a stateful set, by cases in the notation of <see cref="StatefulObjects"/>; A is the former revision.
/// </summary>
public sealed class StatefulPlannerTests
{
    // Creation: one after the other, each when all before it are available.
    [TestCase(3, "", "create 0:B")]
    [TestCase(3, "0:B?", "")]
    [TestCase(3, "0:B-", "")]
    [TestCase(3, "0:B~", "")]
    [TestCase(3, "0:B+", "create 1:B")]
    [TestCase(3, "0:B+ 2:B+", "create 1:B")]
    [TestCase(3, "0:B- 2:B+", "")]
    [TestCase(0, "", "")]
    // A pod that has ended is replaced, whatever it ended with, when it is gone.
    [TestCase(3, "0:B+ 1:B! 2:B+", "delete 1")]
    [TestCase(3, "0:B+ 1:B. 2:B+", "delete 1")]
    [TestCase(3, "0:B+ 1:B!x 2:B+", "")]
    [TestCase(3, "0:B+ 2:B!", "create 1:B")]
    [TestCase(3, "0:B+ 1:B+x", "")]
    // Fewer: from the last, while all that stay are available.
    [TestCase(1, "0:B+ 1:B+ 2:B+", "delete 2")]
    [TestCase(1, "0:B+ 1:B+ 2:B+x", "")]
    [TestCase(1, "0:B- 1:B+ 2:B+", "")]
    [TestCase(1, "0:B+ 1:B- 2:B+", "delete 2")]
    [TestCase(1, "0:B+ 1:B- 2:B-", "")]
    [TestCase(1, "0:B+ 1:B+ 2:B-", "delete 2")]
    [TestCase(0, "0:B- 1:B+", "delete 1")]
    [TestCase(0, "0:B-", "delete 0")]
    // Fewer comes before newer.
    [TestCase(2, "0:A+ 1:A+ 2:A+", "delete 2")]
    // Newer: from the last, one at a time.
    [TestCase(3, "0:A+ 1:A+ 2:A+", "delete 2")]
    [TestCase(3, "0:A+ 1:A+ 2:A+x", "")]
    [TestCase(3, "0:A+ 1:A+", "create 2:B")]
    [TestCase(3, "0:A+ 1:A+ 2:B-", "")]
    [TestCase(3, "0:A+ 1:A+ 2:B~", "")]
    [TestCase(3, "0:A+ 1:A+ 2:B+", "delete 1")]
    [TestCase(3, "0:B+ 1:B+ 2:B+", "")]
    [TestCase(3, "0:A+ 1:A- 2:A+", "")]
    public void In_order(int replicas, string pods, string expected)
    {
        var set = StatefulObjects.Set(replicas);
        set.Spec.MinReadySeconds = 10;
        Assert.That(Plan(set, pods), Is.EqualTo(expected));
    }

    [TestCase(3, "", "create 0:B, create 1:B, create 2:B")]
    [TestCase(3, "0:B- 2:B!", "create 1:B, delete 2")]
    [TestCase(3, "0:B+x 1:B? 2:B!x", "")]
    [TestCase(1, "0:B- 1:B- 2:B+ 3:B+x", "delete 2, delete 1")]
    // Newer: those that do not serve anyway go at once, others while so many may be missing.
    [TestCase(3, "0:A+ 1:A+ 2:A+", "delete 2")]
    [TestCase(3, "0:A+ 1:A+ 2:B-", "")]
    [TestCase(3, "0:A+ 1:A+ 2:A-", "delete 2")]
    [TestCase(3, "0:A- 1:A+ 2:A+", "delete 0")]
    [TestCase(3, "0:A- 1:A? 2:A+", "delete 1, delete 0")]
    [TestCase(3, "0:A- 1:A+ 2:B-", "delete 0")]
    public void In_parallel(int replicas, string pods, string expected) =>
        Assert.That(Plan(StatefulObjects.Set(replicas, "Parallel"), pods), Is.EqualTo(expected));

    [TestCase("OrderedReady", 4, "2", "0:A+ 1:A+ 2:A+ 3:A+", "delete 3, delete 2")]
    [TestCase("OrderedReady", 4, "2", "0:A+ 1:A+ 2:A+", "create 3:B")]
    [TestCase("OrderedReady", 4, "50%", "0:A+ 1:A+ 2:A+ 3:B+", "delete 2, delete 1")]
    [TestCase("OrderedReady", 3, "50%", "0:A+ 1:A+ 2:A+", "delete 2")]
    [TestCase("OrderedReady", 3, "1%", "0:A+ 1:A+ 2:A+", "delete 2")]
    [TestCase("Parallel", 4, "2", "0:A+ 1:A+ 2:A+ 3:B-", "delete 2")]
    [TestCase("Parallel", 4, "2", "0:A- 1:A+ 2:A+ 3:A+", "delete 0, delete 3")]
    public void Several_may_be_missing(string management, int replicas, string maxUnavailable, string pods, string expected)
    {
        var set = StatefulObjects.Set(replicas, management);
        set.Spec.UpdateStrategy.RollingUpdate!.MaxUnavailable =
            maxUnavailable.EndsWith('%') ? new IntOrString(maxUnavailable) : new IntOrString(int.Parse(maxUnavailable));
        Assert.That(Plan(set, pods), Is.EqualTo(expected));
    }

    [TestCase(0, "0:A+ 1:A+ 2:A+", "delete 2")]
    [TestCase(2, "0:A+ 1:A+ 2:A+", "delete 2")]
    [TestCase(2, "0:A+ 1:A+ 2:B+", "")]
    [TestCase(2, "0:A+ 2:B+", "create 1:A")]
    [TestCase(1, "0:A+ 2:B+", "create 1:B")]
    [TestCase(9, "0:A+ 1:A+", "create 2:A")]
    [TestCase(9, "0:A+ 1:A+ 2:B+", "")]
    public void A_partition_keeps_the_first_pods(int partition, string pods, string expected)
    {
        var set = StatefulObjects.Set(3);
        set.Spec.UpdateStrategy.RollingUpdate!.Partition = partition;
        Assert.That(Plan(set, pods), Is.EqualTo(expected));
    }

    [TestCase("0:A+ 1:A+ 2:A+", "")]
    [TestCase("0:A+ 2:A+", "create 1:B")]
    public void On_delete_nothing_is_taken(string pods, string expected)
    {
        var set = StatefulObjects.Set(3);
        set.Spec.UpdateStrategy = new StatefulSetUpdateStrategy { Type = "OnDelete" };
        Assert.That(Plan(set, pods), Is.EqualTo(expected));
    }

    [TestCase("", "create 5:B")]
    [TestCase("5:B+", "create 6:B")]
    [TestCase("0:B+ 5:B+ 6:B+", "delete 0")]
    [TestCase("4:B+ 5:B+ 6:B+ 7:B+", "delete 7")]
    [TestCase("5:A+ 6:B+", "")]
    public void Numbers_may_begin_elsewhere(string pods, string expected)
    {
        var set = StatefulObjects.Set(2);
        set.Spec.Ordinals.Start = 5;
        set.Spec.UpdateStrategy.RollingUpdate!.Partition = 1;
        Assert.That(Plan(set, pods).Replace(":A", ":B"), Is.EqualTo(expected.Replace(":A", ":B")));
    }

    [Test]
    public void Nothing_is_done_when_the_set_goes_or_a_claim_does()
    {
        var set = StatefulObjects.Set(3);
        Assert.That(Plan(set, "0:B+", claimsGo: 1), Is.Empty);
        Assert.That(Plan(set, "0:B+", claimsGo: 2), Is.EqualTo("create 1:B"));
        set.Metadata.DeletionTimestamp = StatefulObjects.Now;
        Assert.That(Plan(set, "0:B!"), Is.Empty);
    }

    [Test]
    public void Claims_and_labels_are_looked_after()
    {
        var set = StatefulObjects.Set(2).WithClaims();
        Assert.That(Plan(set, "0:B+ 1:B? 3:B+"), Is.EqualTo("ownclaims 0, provideclaims 1"));
        Assert.That(Plan(set, "0:B+ 1:B+ 3:B+"), Is.EqualTo("ownclaims 0, ownclaims 1, ownclaims 3, delete 3"));
        var pods = StatefulObjects.Pods("0:B+ 1:B+");
        pods[1].Metadata.Labels.Remove("apps.kubernetes.io/pod-index");
        Assert.That(Plan(StatefulObjects.Set(2), pods), Is.EqualTo("label 1"));
    }

    [TestCase("0:A+ 1:A+ 2:A+", 3, 3, 3, 3, 0, "A")]
    [TestCase("0:A+ 1:A~ 2:B-", 3, 2, 1, 2, 1, "A")]
    [TestCase("0:B+ 1:B+ 2:B+", 3, 3, 3, 3, 3, "B")]
    [TestCase("0:B+ 1:B+ 2:B+ 3:B+", 4, 4, 4, 0, 4, "A")]
    [TestCase("0:B+ 1:A+x", 2, 2, 2, 0, 1, "A")]
    [TestCase("", 0, 0, 0, 0, 0, "A")]
    public void It_is_counted(string pods, int all, int ready, int available, int current, int updated, string currentRevision)
    {
        var set = StatefulObjects.Set(3);
        set.Spec.MinReadySeconds = 10;
        var plan = StatefulPlanner.Plan(set, StatefulObjects.Pods(pods), "A", "B", StatefulObjects.Now, _ => false);
        var status = plan.Status;
        Assert.That(
            (status.Replicas, status.ReadyReplicas, status.AvailableReplicas, status.CurrentReplicas, status.UpdatedReplicas),
            Is.EqualTo((all, ready, available, current, updated)));
        Assert.That(
            (status.CurrentRevision, status.UpdateRevision, status.ObservedGeneration), Is.EqualTo((currentRevision, "B", 3)));
    }

    [Test]
    public void It_says_when_time_will_make_a_pod_available()
    {
        var set = StatefulObjects.Set(3);
        set.Spec.MinReadySeconds = 10;
        var plan = StatefulPlanner.Plan(set, StatefulObjects.Pods("0:B~"), "B", "B", StatefulObjects.Now, _ => false);
        Assert.That(plan.LookAgainAfter, Is.EqualTo(TimeSpan.FromSeconds(9)));
    }

    [TestCase("web-0", 0)]
    [TestCase("web-12", 12)]
    [TestCase("web-012", -1)]
    [TestCase("web-", -1)]
    [TestCase("web--1", -1)]
    [TestCase("web-a-1", -1)]
    [TestCase("webb-1", -1)]
    [TestCase("web-99999999999", -1)]
    public void A_number_is_in_the_name(string name, int expected) =>
        Assert.That(StatefulIdentity.Ordinal(StatefulObjects.Set(1), name), Is.EqualTo(expected));

    private static string Plan(StatefulSet set, string pods, int claimsGo = -1) => Plan(set, StatefulObjects.Pods(pods), claimsGo);

    private static string Plan(StatefulSet set, List<Pod> pods, int claimsGo = -1)
    {
        var plan = StatefulPlanner.Plan(set, pods, "A", "B", StatefulObjects.Now, ordinal => ordinal == claimsGo);
        return string.Join(", ", plan.Steps.Select(step =>
            $"{step.Action.ToString().ToLowerInvariant()} {step.Ordinal}{(step.Revision.Length > 0 ? ":" : "")}{step.Revision}"));
    }
}
