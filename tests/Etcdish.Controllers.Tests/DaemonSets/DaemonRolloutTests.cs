using Etcdish.Controllers.DaemonSets;

namespace Etcdish.Controllers.Tests.DaemonSets;

/// <summary>Which pods make way for the newest revision (B), by cases in the notation of <see cref="DaemonObjects"/>.</summary>
public sealed class DaemonRolloutTests
{
    [TestCase("1", "a b c", "a:A+ b:A+ c:A+", "delete a0")]
    [TestCase("2", "a b c", "a:A+ b:A+ c:A+", "delete a0, delete b1")]
    [TestCase("50%", "a b c", "a:A+ b:A+ c:A+", "delete a0, delete b1")]
    [TestCase("1%", "a b c", "a:A+ b:A+ c:A+", "delete a0")]
    [TestCase("0", "a b c", "a:A+ b:A+ c:A+", "delete a0")]
    // What is missing already counts: nodes without pods, with pods that go, or whose new pod is not available.
    [TestCase("1", "a b c", "a:A+ b:A+", "")]
    [TestCase("1", "a b c", "a:A+x b:A+ c:A+", "")]
    [TestCase("1", "a b c", "a:B- b:A+ c:A+", "")]
    [TestCase("2", "a b c", "a:B- b:A+ c:A+", "delete b1")]
    [TestCase("1", "a b c", "a:B+ b:A+ c:A+", "delete b1")]
    [TestCase("1", "a b c", "a:B+ b:B+ c:B+", "")]
    // Old pods that are not available go all, since nothing is lost by it.
    [TestCase("1", "a b c", "a:A+ b:A- c:A?", "delete b1, delete c2")]
    [TestCase("3", "a b c", "a:A+ b:A- c:B-", "delete b1, delete a0")]
    // Two of a kind, or old and new: that is not for the roll-out.
    [TestCase("1", "a b", "a:A+ a:A+ b:A+", "")]
    [TestCase("1", "a b", "a:A+ a:B+ b:A+", "")]
    // Where none should be, an old pod may go, too.
    [TestCase("1", "a/ b", "a:A+ b:B+", "delete a0")]
    public void Without_surge(string maxUnavailable, string nodes, string pods, string expected) =>
        Assert.That(Plan(DaemonObjects.View(DaemonObjects.Set(maxUnavailable), nodes, pods)), Is.EqualTo(expected));

    [TestCase("1", "a b c", "a:A+ b:A+ c:A+", "create a")]
    [TestCase("2", "a b c", "a:A+ b:A+ c:A+", "create a, create b")]
    [TestCase("50%", "a b c", "a:A+ b:A+ c:A+", "create a, create b")]
    [TestCase("1", "a b c", "a:A+ a:B- b:A+ c:A+", "")]
    [TestCase("2", "a b c", "a:A+ a:B- b:A+ c:A+", "create b")]
    [TestCase("1", "a b c", "a:A+ a:B+ b:A+ c:A+", "create b, delete a0")]
    // Old pods that are not available do not wait for room.
    [TestCase("1", "a b c", "a:A- b:A- c:A+", "create a, create b, create c")]
    // Where none should be, a pod that serves stays until enough others do.
    [TestCase("1", "a/ b", "a:A+ b:B-", "")]
    [TestCase("1", "a/ b", "a:A+ b:B+", "delete a0")]
    [TestCase("1", "a/ b", "a:A- b:B-", "delete a0")]
    [TestCase("1", "a b", "a:B+ b:B-", "")]
    public void With_surge(string maxSurge, string nodes, string pods, string expected) =>
        Assert.That(Plan(DaemonObjects.View(DaemonObjects.Set("0", maxSurge), nodes, pods)), Is.EqualTo(expected));

    /// <summary>
    /// Clusters of random pods that come and go in random order: without surge no available pod is taken beyond what is allowed, with surge
    /// none at all, never more than two pods are on a node, and in the end each node has the newest.
    /// </summary>
    [Test]
    public void Rolls_out_within_its_limits([Range(1, 40)] int seed)
    {
        var random = new Random(seed);
        var nodes = Enumerable.Range(0, random.Next(1, 12)).Select(i => $"n{(char)('a' + i)}").ToArray();
        var withSurge = random.Next(2) == 0;
        var limit = random.Next(1, 4);
        var set = DaemonObjects.Set(withSurge ? "0" : $"{limit}", withSurge ? $"{limit}" : "0");
        List<(string Node, char Revision, char State)> pods = [.. nodes.Select(node => (node, 'A', '+'))];
        for (var round = 0; round < 1000; round++)
        {
            var notation = string.Join(' ', pods.Select(p => $"{p.Node}:{p.Revision}{p.State}"));
            var view = DaemonObjects.View(set, string.Join(' ', nodes), notation);
            var plan = new DaemonPlanner(view, new FailedPodBackoff()).Plan();
            plan = plan.IsEmpty ? DaemonRollout.Plan(view) : plan;
            var doomed = plan.Delete.Select(pod => int.Parse(pod.Metadata.Name[2..])).ToHashSet();
            pods = [.. pods.Where((_, i) => !doomed.Contains(i)), .. plan.CreateOn.Select(node => (node, 'B', '-'))];

            var served = nodes.Count(node => pods.Exists(p => p.Node == node && p.State == '+'));
            Assert.That(served, Is.GreaterThanOrEqualTo(nodes.Length - (withSurge ? 0 : limit)), $"seed {seed}, round {round}");
            var most = pods.GroupBy(p => p.Node).Select(g => g.Count()).Append(0).Max();
            Assert.That(most, Is.LessThanOrEqualTo(withSurge ? 2 : 1), $"seed {seed}, round {round}");
            if (pods.Count == nodes.Length && pods.TrueForAll(p => p is { Revision: 'B', State: '+' }))
            {
                return;
            }

            var starting = pods.FindIndex(p => p.State == '-');
            if (starting >= 0 && random.Next(2) == 0)
            {
                pods[starting] = pods[starting] with { State = '+' };
            }
        }

        Assert.Fail($"seed {seed}: never done: {string.Join(' ', pods)}");
    }

    private static string Plan(DaemonView view) => DaemonObjects.Describe(DaemonRollout.Plan(view));
}
