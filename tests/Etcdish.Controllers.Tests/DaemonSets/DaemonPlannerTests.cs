using Etcdish.Controllers.DaemonSets;

namespace Etcdish.Controllers.Tests.DaemonSets;

/// <summary>Where pods of a daemon set are missing or too many, by cases in the notation of <see cref="DaemonObjects"/>.</summary>
public sealed class DaemonPlannerTests
{
    [TestCase("a b c", "", "create a, create b, create c")]
    [TestCase("a b", "a:B?", "create b")]
    [TestCase("a b", "a:B? b:A+", "")]
    // Made, but not bound yet.
    [TestCase("a b", "a:B?u b:B?u", "")]
    // A pod that is ending keeps its place, unless it has ended.
    [TestCase("a", "a:B+x", "")]
    [TestCase("a", "a:B!x", "create a")]
    // Ended.
    [TestCase("a", "a:B!", "delete a0")]
    [TestCase("a", "a:B.", "delete a0")]
    // Two on a node: the bound one stays, then the oldest.
    [TestCase("a", "a:B+ a:B+", "delete a1")]
    [TestCase("a", "a:B?u a:B+", "delete a0")]
    [TestCase("a", "a:B+x a:B+", "")]
    [TestCase("a", "a:B! a:B+", "delete a0")]
    // Nodes that turn new pods away, or all out.
    [TestCase("a/ b", "", "create b")]
    [TestCase("a/ b", "a:B+ b:B+", "")]
    [TestCase("a/", "a:B!", "delete a0")]
    [TestCase("a// b", "a:B+ b:B+", "delete a0")]
    [TestCase("a//", "a:B+x", "")]
    // The node is gone: a bound pod is the garbage collector's.
    [TestCase("a", "a:B+ b:B?u c:B+", "delete b1")]
    [TestCase("a", "a:B+ b:B?ux", "")]
    public void Without_surge(string nodes, string pods, string expected) =>
        Assert.That(Plan(DaemonObjects.View(DaemonObjects.Set(), nodes, pods)), Is.EqualTo(expected));

    [TestCase("a", "a:A+ a:B-", "")]
    [TestCase("a", "a:A+ a:B+", "delete a0")]
    [TestCase("a", "a:A- a:B-", "delete a0")]
    [TestCase("a", "a:A+ a:A+ a:B-", "delete a1")]
    [TestCase("a", "a:A+ a:B- a:B-", "delete a2")]
    [TestCase("a", "a:B+ a:B+", "delete a1")]
    [TestCase("a", "a:B+x", "create a")]
    [TestCase("a/", "a:B+x", "")]
    public void With_surge(string nodes, string pods, string expected) =>
        Assert.That(Plan(DaemonObjects.View(DaemonObjects.Set("0", "1"), nodes, pods)), Is.EqualTo(expected));

    [Test]
    public void A_failed_pod_is_replaced_at_once_and_then_ever_later()
    {
        var backoff = new FailedPodBackoff();
        var now = DaemonObjects.Now;
        List<double> waited = [];
        foreach (var _ in Enumerable.Range(0, 14))
        {
            var began = now;
            while (!backoff.MayReplace("set", 1, "a", now, out var wait))
            {
                now += wait;
            }

            waited.Add((now - began).TotalSeconds);
        }

        Assert.That(waited, Is.EqualTo([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]));
        Assert.That(backoff.MayReplace("set", 1, "b", now, out var _), "another node");
        Assert.That(backoff.MayReplace("set", 2, "a", now, out var _), "another generation");
        Assert.That(backoff.MayReplace("set", 2, "a", now, out var _), Is.False);
        Assert.That(backoff.MayReplace("set", 2, "a", now + TimeSpan.FromHours(1), out var _), "long ago");
        Assert.That(backoff.MayReplace("set", 2, "a", now + TimeSpan.FromHours(1), out var left), Is.False);
        Assert.That(left, Is.EqualTo(TimeSpan.FromSeconds(1)));
        backoff.Forget("set");
        Assert.That(backoff.MayReplace("set", 2, "a", now + TimeSpan.FromHours(1), out var _), "forgotten");
    }

    [TestCase("0")]
    [TestCase("1")]
    public void A_failed_pod_that_is_left_alone_has_no_successor(string maxSurge)
    {
        var backoff = new FailedPodBackoff();
        var set = DaemonObjects.Set(maxSurge == "0" ? "1" : "0", maxSurge);
        var view = DaemonObjects.View(set, "a", "a:B!");
        var first = new DaemonPlanner(view, backoff).Plan();
        Assert.That(first.Ended.Select(ended => (ended.Pod.Metadata.Name, ended.Node)), Is.EqualTo([("a0", "a")]));
        var second = new DaemonPlanner(view, backoff).Plan();
        Assert.That(second.IsEmpty);
        Assert.That(second.LookAgainAfter, Is.EqualTo(TimeSpan.FromSeconds(1)));
    }

    [TestCase("a b c", "a:B+ b:B-", 3, 2, 0, 1, 2, 1)]
    [TestCase("a b c", "a:A+ b:B+ c:B?u", 3, 3, 0, 2, 2, 2)]
    [TestCase("a/ b//", "a:B+ b:B+", 0, 0, 2, 0, 0, 0)]
    [TestCase("a", "a:A+ a:B+ z:B+", 1, 1, 0, 1, 0, 1)]
    [TestCase("", "", 0, 0, 0, 0, 0, 0)]
    public void It_is_counted(string nodes, string pods, int desired, int current, int misscheduled, int ready, int updated, int available)
    {
        var status = DaemonStatus.Of(DaemonObjects.View(DaemonObjects.Set(), nodes, pods), 0, isProcessed: true);
        Assert.That(
            (status.DesiredNumberScheduled, status.CurrentNumberScheduled, status.NumberMisscheduled, status.NumberReady),
            Is.EqualTo((desired, current, misscheduled, ready)));
        Assert.That(
            (status.UpdatedNumberScheduled, status.NumberAvailable, status.NumberUnavailable, status.ObservedGeneration),
            Is.EqualTo((updated, available, desired - available, 3)));
    }

    [Test]
    public void A_generation_that_was_not_acted_on_is_not_observed()
    {
        var view = DaemonObjects.View(DaemonObjects.Set(), "a", "");
        Assert.That(DaemonStatus.Of(view, 0, isProcessed: false).ObservedGeneration, Is.EqualTo(2));
    }

    private static string Plan(DaemonView view) => DaemonObjects.Describe(new DaemonPlanner(view, new FailedPodBackoff()).Plan());
}
