using System.Text.Json.Nodes;
using Etcdish.ApiServer.Security;
using Etcdish.ApiServer.Security.Rbac;

namespace Etcdish.ApiServer.Tests.Security;

/// <summary>The roles and bindings that every cluster has.</summary>
public class BootstrapPolicyTests
{
    private readonly IReadOnlyList<BootstrapObject> _objects = PolicyBootstrap.Objects();

    [Test]
    public void Each_binding_has_its_role_and_no_object_is_there_twice()
    {
        var names = _objects.Select(item => $"{item.Resource}/{item.Namespace}/{item.Name}").ToArray();
        var bound = _objects.Where(item => item.Content["roleRef"] is not null)
            .Select(item => (
                Kind: item.Namespace.Length == 0 ? "clusterroles" : "roles", item.Namespace, Role: item.Content["roleRef"]!["name"]))
            .Select(role => $"{role.Kind}/{role.Namespace}/{role.Role}");

        Assert.That(names, Is.Unique);
        Assert.That(bound, Is.SubsetOf(names));
    }

    [TestCase("view", "get", "", "pods", true)]
    [TestCase("view", "list", "metrics.k8s.io", "pods", true)]
    [TestCase("view", "get", "metrics.k8s.io", "nodes", true)]
    [TestCase("view", "get", "", "secrets", false)]
    [TestCase("view", "create", "", "pods", false)]
    [TestCase("edit", "get", "", "secrets", true)]
    [TestCase("edit", "create", "apps", "deployments", true)]
    [TestCase("edit", "get", "", "pods", true)]
    [TestCase("edit", "create", "rbac.authorization.k8s.io", "roles", false)]
    [TestCase("admin", "create", "rbac.authorization.k8s.io", "roles", true)]
    [TestCase("admin", "get", "", "pods", true)]
    [TestCase("admin", "delete", "", "nodes", false)]
    [TestCase("cluster-admin", "delete", "", "nodes", true)]
    [TestCase("system:kube-scheduler", "create", "", "bindings", true)]
    [TestCase("system:controller:deployment-controller", "create", "apps", "replicasets", true)]
    public void The_roles_allow_what_they_are_for(string role, string verb, string group, string resource, bool isAllowed)
    {
        var wish = new AccessRequest(new RequestUser("u", []), verb) { Group = group, Resource = resource };
        Assert.That(RulesOf(role).Any(rule => rule.Allows(wish)), Is.EqualTo(isAllowed));
    }

    [Test]
    public void Aggregated_roles_hold_what_those_below_them_hold()
    {
        Assert.That(RuleCoverage.Missing(RulesOf("edit"), RulesOf("view")), Is.Empty);
        Assert.That(RuleCoverage.Missing(RulesOf("admin"), RulesOf("edit")), Is.Empty);
        Assert.That(
            RuleCoverage.Missing(RulesOf("cluster-admin"), _objects.SelectMany(item => PolicyRule.ReadAll(item.Content))),
            Is.Empty);
    }

    [Test]
    public void What_was_taken_away_comes_back_and_what_was_added_stays()
    {
        var wanted = Find("system:kube-dns");
        var stored = (JsonObject)wanted.DeepClone();
        stored["rules"] = JsonNode.Parse("""
            [{"verbs":["list"],"apiGroups":[""],"resources":["endpoints"]},{"verbs":["get"],"apiGroups":["x"],"resources":["y"]}]
            """);
        ((JsonObject)stored["metadata"]!).Remove("labels");

        Assert.That(PolicyBootstrap.Restore(stored, wanted), Is.True);
        Assert.That(RuleCoverage.Missing(PolicyRule.ReadAll(stored), PolicyRule.ReadAll(wanted)), Is.Empty);
        Assert.That(PolicyRule.ReadAll(stored).Any(rule => rule.Resources.Contains("y")), Is.True);
        Assert.That((string?)stored["metadata"]!["labels"]!["kubernetes.io/bootstrapping"], Is.EqualTo("rbac-defaults"));
        Assert.That(PolicyBootstrap.Restore(stored, wanted), Is.False);
    }

    [Test]
    public void What_its_owner_wants_to_keep_is_left_alone()
    {
        var wanted = Find("system:kube-dns");
        var stored = (JsonObject)wanted.DeepClone();
        stored["rules"] = new JsonArray();
        stored["metadata"]!["annotations"]![PolicyBootstrap.AutoUpdate] = "false";

        Assert.That(PolicyBootstrap.Restore(stored, wanted), Is.False);
        Assert.That(PolicyRule.ReadAll(stored), Is.Empty);
    }

    [Test]
    public void Subjects_of_bindings_come_back()
    {
        var wanted = _objects.Single(item => item is { Name: "system:public-info-viewer", Resource: "clusterrolebindings" }).Content;
        var stored = (JsonObject)wanted.DeepClone();
        ((JsonArray)stored["subjects"]!).RemoveAt(0);

        Assert.That(PolicyBootstrap.Restore(stored, wanted), Is.True);
        Assert.That(((JsonArray)stored["subjects"]!), Has.Count.EqualTo(2));
    }

    [TestCase("true", true)]
    [TestCase("false", false)]
    public void Nodes_lose_the_role_that_earlier_versions_gave_to_all_of_them(string isKept, bool isDropped)
    {
        var wanted = _objects.Single(item => item is { Name: "system:node", Resource: "clusterrolebindings" }).Content;
        var stored = (JsonObject)wanted.DeepClone();
        stored["subjects"] = JsonNode.Parse("""
            [{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"system:nodes"},
            {"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"somebody"}]
            """);
        stored["metadata"]!["annotations"]![PolicyBootstrap.AutoUpdate] = isKept;

        Assert.That(PolicyBootstrap.Restore(stored, wanted), Is.EqualTo(isDropped));
        Assert.That(
            stored["subjects"]!.AsArray().Select(subject => (string?)subject!["name"]),
            Is.EqualTo(isDropped ? (string[])["somebody"] : ["system:nodes", "somebody"]));
        Assert.That(PolicyBootstrap.Restore(stored, wanted), Is.False);
    }

    [TestCase("  get core pods", "a rule without a role")]
    [TestCase("clusterrole", "neither a role nor a binding")]
    [TestCase("clusterrole a for=b", "no option of a role")]
    [TestCase("clusterrole a\n  get", "no rule")]
    [TestCase("bind a b robot=x", "no subject")]
    public void A_wrong_line_of_the_notation_is_told(string text, string message) =>
        Assert.That(() => PolicyNotation.Read(text), Throws.InstanceOf<FormatException>().With.Message.StartsWith(message));

    private JsonObject Find(string role) => _objects.Single(item => item.Name == role && item.Resource == "clusterroles").Content;

    private PolicyRule[] RulesOf(string role) => PolicyRule.ReadAll(Find(role));
}
