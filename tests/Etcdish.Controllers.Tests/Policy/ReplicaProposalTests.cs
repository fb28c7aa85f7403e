using System.Globalization;
using Etcdish.Controllers.Policy;
using Etcdish.Controllers.Tests.Jobs;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Policy;

/// <summary>How many pods metrics ask for.</summary>
public sealed class ReplicaProposalTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 1, 0, 0, TimeSpan.Zero);

    // Each pod: its usage, of a request of 1000; a word instead: it is not ready, has no metric, or failed.
    [TestCase(30, "300 500 700", 3, 5, 50, Description = "up")]
    [TestCase(50, "450 500 550", 3, 3, 50, Description = "as it should be")]
    [TestCase(50, "490 560 610", 3, 3, 55, Description = "near enough")]
    [TestCase(50, "100 300 500 250 250", 5, 3, 28, Description = "down")]
    [TestCase(30, "300 500 700 unready unready", 5, 5, 50, Description = "those that are not ready will help")]
    [TestCase(15, "300 500 700 unready", 4, 10, 50, Description = "but not enough")]
    [TestCase(50, "300 500 missing", 3, 3, 40, Description = "who knows what the third does")]
    [TestCase(50, "100 100 missing", 3, 3, 10, Description = "nor here: it may do all it can")]
    [TestCase(30, "300 500 missing", 3, 3, 40, Description = "it may do nothing")]
    [TestCase(20, "600 800 missing", 3, 7, 70)]
    [TestCase(50, "450 500 550 failed", 4, 4, 50)]
    [TestCase(100, "400 100 failed", 3, 1, 25, Description = "failed pods take no part")]
    public void Of_what_pods_request(int target, string pods, int current, int expected, int utilization)
    {
        var (groups, requests) = Groups(pods);
        var proposal = ReplicaProposal.OfUtilization(current, target, groups, requests, Tolerance.Usual);
        Assert.That((proposal.Replicas, proposal.Utilization), Is.EqualTo((expected, (int?)utilization)));
    }

    [TestCase(15000, "20000 10000 30000", 3, 4, 20000)]
    [TestCase(20000, "20000 10000 30000", 3, 3, 20000)]
    [TestCase(20000, "10000 10000 10000", 3, 2, 10000)]
    [TestCase(15000, "50000 10000 unready", 3, 4, 30000)]
    [TestCase(20000, "1000 missing", 2, 2, 1000)]
    public void Of_an_average(long target, string pods, int current, int expected, long average)
    {
        var proposal = ReplicaProposal.OfAverage(current, target, Groups(pods).Groups, Tolerance.Usual);
        Assert.That((proposal.Replicas, proposal.Average), Is.EqualTo((expected, average)));
    }

    [TestCase(3, 20000, 15000, 3, 4)]
    [TestCase(3, 15000, 15000, 3, 3)]
    [TestCase(3, 5000, 15000, 3, 1)]
    [TestCase(0, 31000, 15000, 0, 3)]
    public void Of_a_value(int current, long usage, long target, int ready, int expected)
    {
        var pods = Enumerable.Range(0, ready).Select(i => Pod($"p{i}", isReady: true)).ToArray();
        Assert.That(ReplicaProposal.OfValue(current, target, usage, pods, Tolerance.Usual).Replicas, Is.EqualTo(expected));
    }

    [TestCase(3, 12000, 3000, 4, 4000)]
    [TestCase(3, 9300, 3000, 3, 3100)]
    [TestCase(0, 9300, 3000, 4, 0)]
    public void Of_a_share(int actual, long usage, long target, int expected, long average)
    {
        var proposal = ReplicaProposal.OfShare(actual, target, usage, Tolerance.Usual);
        Assert.That((proposal.Replicas, proposal.Average), Is.EqualTo((expected, average)));
    }

    [Test]
    public void Nothing_measured_is_nothing_said() => Assert.That(
        () => ReplicaProposal.OfUtilization(1, 50, Groups("unready").Groups, [], Tolerance.Usual),
        Throws.TypeOf<MetricsException>().With.Message.EqualTo("did not receive metrics for targeted pods (pods might be unready)"));

    // How long ago it started, became ready, and was measured, in seconds.
    [TestCase(600, true, 500, 0, true)]
    [TestCase(600, false, 100, 0, true, Description = "it was ready once")]
    [TestCase(600, false, 590, 0, false, Description = "it never was")]
    [TestCase(100, true, 90, 0, true)]
    [TestCase(100, true, 90, 80, false, Description = "measured while it began")]
    [TestCase(100, false, 50, 0, false)]
    public void What_a_starting_pod_uses_of_the_cpu_says_little(int started, bool isReady, int since, int measured, bool counts)
    {
        var pod = Make.Object(
            Resources.Pods,
            $"{{'metadata':{{'name':'p'}},'status':{{'phase':'Running','startTime':'{Ago(started)}','conditions':[{{'type':'Ready',"
            + $"'status':'{(isReady ? "True" : "False")}','lastTransitionTime':'{Ago(since)}'}}]}}}}");
        var metrics = new Dictionary<string, PodMetric> { ["p"] = new(1, _now.AddSeconds(-measured), TimeSpan.FromSeconds(60)) };
        Assert.That(new PodGroups([pod], metrics, "cpu", _now).Ready, Is.EqualTo(counts ? 1 : 0));
        Assert.That(new PodGroups([pod], metrics, "memory", _now).Ready, Is.EqualTo(1));
    }

    private static string Ago(int seconds) => _now.AddSeconds(-seconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static (PodGroups Groups, Dictionary<string, long> Requests) Groups(string text)
    {
        var words = text.Split(' ');
        var metrics = new Dictionary<string, PodMetric>();
        var pods = new List<Pod>();
        for (var i = 0; i < words.Length; i++)
        {
            var isNumber = long.TryParse(words[i], CultureInfo.InvariantCulture, out var usage);
            pods.Add(Pod($"p{i}", isReady: words[i] != "unready", words[i] == "failed" ? "Failed" : words[i] == "unready" ? "Pending" : "Running"));
            if (isNumber || words[i] != "missing")
            {
                metrics[$"p{i}"] = new PodMetric(usage, _now, TimeSpan.FromMinutes(1));
            }
        }

        return (new PodGroups(pods, metrics, "", _now), pods.ToDictionary(pod => pod.Metadata.Name, _ => 1000L));
    }

    private static Pod Pod(string name, bool isReady, string phase = "Running") => Make.Object(
        Resources.Pods,
        $"{{'metadata':{{'name':'{name}'}},'status':{{'phase':'{phase}','conditions':[{{'type':'Ready','status':'{(isReady ? "True" : "False")}'}}]}}}}");
}
