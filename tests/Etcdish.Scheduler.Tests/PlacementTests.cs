namespace Etcdish.Scheduler.Tests;

/// <summary>Where pods may be by other pods: spread, affinity and anti-affinity.</summary>
public sealed class PlacementTests
{
    private const string Web = "'app':'web'";

    private static string Spread(int maxSkew, string more = "") =>
        "'topologySpreadConstraints':[{'maxSkew':" + maxSkew + ",'topologyKey':'zone','whenUnsatisfiable':'DoNotSchedule','labelSelector':{'matchLabels':{'app':'web'}}" + more + "}]";

    private static string Near(string which, string key, string more = "") =>
        "'affinity':{'" + which + "':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':'" + key + "','labelSelector':{'matchLabels':{'app':'web'}}" + more + "}]}}";

    private static Ground Zones() => new Ground().With(
        Make.Node("a1", "'zone':'a'"), Make.Node("a2", "'zone':'a'"), Make.Node("b1", "'zone':'b'"), Make.Node("x"));

    [Test]
    public void Pods_are_spread_over_zones()
    {
        var ground = Zones().On("a1", Make.Pod("1", labels: Web));
        Assert.That(ground.Fitting(Make.Pod("p", Spread(1), Web)), Is.EqualTo(new[] { "b1" }));
        Assert.That(ground.Fitting(Make.Pod("p", Spread(2), Web)), Is.EqualTo(new[] { "a1", "a2", "b1" }));
        Assert.That(ground.Fitting(Make.Pod("p", Spread(1), "'app':'db'")), Is.EqualTo(new[] { "a1", "a2", "b1" }), "who does not count himself");
        ground.On("b1", Make.Pod("2", labels: Web));
        Assert.That(ground.Fitting(Make.Pod("p", Spread(1), Web)), Is.EqualTo(new[] { "a1", "a2", "b1" }));
        Assert.That(
            ground.On("a1", Make.Pod("3", labels: Web)).Answer(Make.Pod("p", "'nodeName':''," + Spread(1, ",'minDomains':3"), Web)),
            Is.EqualTo("0/4 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label), 3 node(s) didn't match pod topology spread constraints."));
    }

    [Test]
    public void Only_nodes_that_the_pod_could_be_on_count_as_zones_unless_it_says_otherwise()
    {
        var ground = Zones().On("a1", Make.Pod("1", labels: Web));
        const string inA = "'nodeSelector':{'zone':'a'},";
        Assert.That(ground.Fitting(Make.Pod("p", inA + Spread(1), Web)), Is.EqualTo(new[] { "a1", "a2" }));
        Assert.That(ground.Fitting(Make.Pod("q", inA + Spread(1, ",'nodeAffinityPolicy':'Ignore'"), Web)), Is.Empty);
        ground.With(Make.Node("b1", "'zone':'b'", "'taints':[{'key':'k','effect':'NoSchedule'}]"));
        Assert.That(ground.Fitting(Make.Pod("p", Spread(1), Web)), Is.Empty);
        Assert.That(ground.Fitting(Make.Pod("q", Spread(1, ",'nodeTaintsPolicy':'Honor'"), Web)), Is.EqualTo(new[] { "a1", "a2" }));
    }

    [Test]
    public void Pods_that_differ_in_a_label_are_spread_apart_if_it_is_one_to_match()
    {
        var ground = Zones().On("a1", Make.Pod("1", labels: Web + ",'pod-template-hash':'old'"));
        var spread = Spread(1, ",'matchLabelKeys':['pod-template-hash']");
        Assert.That(ground.Fitting(Make.Pod("p", spread, Web + ",'pod-template-hash':'new'")), Is.EqualTo(new[] { "a1", "a2", "b1" }));
        Assert.That(ground.Fitting(Make.Pod("q", spread, Web + ",'pod-template-hash':'old'")), Is.EqualTo(new[] { "b1" }));
    }

    [Test]
    public void Pods_on_their_way_out_do_not_count_for_spreading()
    {
        var ground = Zones().On("a1", Make.Pod("1", labels: Web, more: ",'deletionTimestamp':'2026-01-01T00:00:00Z'"));
        Assert.That(ground.Fitting(Make.Pod("p", Spread(1), Web)), Is.EqualTo(new[] { "a1", "a2", "b1" }));
    }

    [Test]
    public void Pods_go_where_their_company_is()
    {
        var ground = Zones().On("a1", Make.Pod("1", labels: Web));
        Assert.That(ground.Fitting(Make.Pod("p", Near("podAffinity", "zone"))), Is.EqualTo(new[] { "a1", "a2" }));
        Assert.That(ground.Fitting(Make.Pod("q", Near("podAffinity", "zone"), ns: "other")), Is.Empty, "company is of the own namespace");
        Assert.That(
            ground.Fitting(Make.Pod("r", Near("podAffinity", "zone", ",'namespaces':['default']"), ns: "other")), Is.EqualTo(new[] { "a1", "a2" }));
        Assert.That(
            ground.Answer(Make.Pod("s", Near("podAffinity", "nowhere"))), Is.EqualTo("0/4 nodes are available: 4 node(s) didn't match pod affinity rules."));
    }

    [Test]
    public void The_first_of_those_that_want_each_other_goes_anywhere()
    {
        Assert.That(Zones().Fitting(Make.Pod("p", Near("podAffinity", "zone"), Web)), Is.EqualTo(new[] { "a1", "a2", "b1" }));
        Assert.That(Zones().Fitting(Make.Pod("p", Near("podAffinity", "zone"))), Is.Empty);
    }

    [Test]
    public void Namespaces_are_chosen_by_labels()
    {
        var ground = Zones().On("a1", Make.Pod("1", labels: Web));
        var pod = Make.Pod("p", Near("podAffinity", "zone", ",'namespaceSelector':{'matchLabels':{'team':'x'}}"), ns: "other");
        Assert.That(ground.Fitting(pod), Is.Empty);
        ground.Cluster.SetNamespace("default", new Dictionary<string, string> { ["team"] = "x" });
        Assert.That(ground.Fitting(pod), Is.EqualTo(new[] { "a1", "a2" }));
        ground.Cluster.SetNamespace("default", new Dictionary<string, string>());
        Assert.That(ground.Fitting(pod), Is.Empty);
    }

    [Test]
    public void Anti_affinity_holds_in_both_directions()
    {
        var ground = Zones().On("a1", Make.Pod("1", labels: Web)).On("b1", Make.Pod("2", Near("podAntiAffinity", "zone")));
        Assert.That(ground.Fitting(Make.Pod("p", Near("podAntiAffinity", "zone"))), Is.EqualTo(new[] { "b1", "x" }));
        Assert.That(ground.Fitting(Make.Pod("q", labels: Web)), Is.EqualTo(new[] { "a1", "a2", "x" }));
        Assert.That(ground.Fitting(Make.Pod("r", Near("podAntiAffinity", "zone"), Web)), Is.EqualTo(new[] { "x" }));
        ground.With(Make.Node("x", "'zone':'a'"));
        Assert.That(
            ground.Answer(Make.Pod("s", Near("podAntiAffinity", "zone"), Web)),
            Is.EqualTo("0/4 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules, 3 node(s) didn't match pod anti-affinity rules."));
    }

    [Test]
    public void Replicas_of_a_service_are_spread_over_zones_without_being_asked()
    {
        var ground = new Ground().With(
            [.. Enumerable.Range(0, 6).Select(i => Make.Node($"n{i}", $"'topology.kubernetes.io/zone':'z{i % 2}'"))]);
        ground.Cluster.Owners.Set(
            new Etcdish.Kubernetes.Objects.ObjectKey("default", "web"),
            new Kinds.ServiceFacts { Spec = new Kinds.ServiceSpecFacts { Selector = new() { ["app"] = "web" } } });
        for (var i = 0; i < 6; i++)
        {
            Assert.That(ground.Place(Make.Pod($"p{i}", labels: Web)), Is.Not.Null);
        }

        Assert.That(ground.Cluster.Nodes.Order.Select(n => n.Pods.Count), Is.All.EqualTo(1));
    }

    [Test]
    public void A_preference_is_followed_where_it_can_be()
    {
        var ground = Zones().On("b1", Make.Pod("1", labels: Web));
        const string spec = "'affinity':{'podAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':100,'podAffinityTerm':{'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'web'}}}}]}}";
        Assert.That(ground.Answer(Make.Pod("p", spec)), Is.EqualTo("b1"));
        const string apart = "'affinity':{'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':100,'podAffinityTerm':{'topologyKey':'zone','labelSelector':{'matchLabels':{'app':'web'}}}}]}}";
        Assert.That(ground.Answer(Make.Pod("q", apart)), Is.Not.EqualTo("b1"));
        const string node = "'affinity':{'nodeAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{'weight':10,'preference':{'matchExpressions':[{'key':'zone','operator':'In','values':['a']}]}},{'weight':90,'preference':{'matchExpressions':[{'key':'zone','operator':'DoesNotExist'}]}}]}}";
        Assert.That(ground.Answer(Make.Pod("r", node)), Is.EqualTo("x"));
    }
}
