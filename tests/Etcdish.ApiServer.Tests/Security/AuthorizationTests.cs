namespace Etcdish.ApiServer.Tests.Security;

/// <summary>Who may do what, over HTTP, as users whom the cluster's master impersonates.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
[TestFixture(StoreKind.InProcess)]
[TestFixture(StoreKind.GenuineEtcd)]
public class AuthorizationTests(StoreKind kind)
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string ClusterRoles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    private const string Roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
    private const string Bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    private const string ReadConfigMaps = """{"verbs":["get","list"],"apiGroups":[""],"resources":["configmaps"]}""";

    private TestCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task Start() => _cluster = await TestCluster.StartAsync(kind);

    [OneTimeTearDown]
    public async Task Stop() => await _cluster.DisposeAsync();

    [Test]
    public async Task Refusals_have_the_words_that_clients_know()
    {
        await Refused("GET", Pods, "pods is forbidden: User \"amy\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"");
        await Refused("GET", Pods + "?watch=true", "pods is forbidden: User \"amy\" cannot watch resource \"pods\" in API group \"\" in the namespace \"default\"");
        await Refused("GET", Pods + "/p", "pods \"p\" is forbidden: User \"amy\" cannot get resource \"pods\" in API group \"\" in the namespace \"default\"");
        await Refused("PUT", Pods + "/p/status", "pods \"p\" is forbidden: User \"amy\" cannot update resource \"pods/status\" in API group \"\" in the namespace \"default\"");
        await Refused("GET", "/api/v1/nodes", "nodes is forbidden: User \"amy\" cannot list resource \"nodes\" in API group \"\" at the cluster scope");
        await Refused("POST", "/apis/apps/v1/namespaces/x/deployments", "deployments.apps is forbidden: User \"amy\" cannot create resource \"deployments\" in API group \"apps\" in the namespace \"x\"");
        await Refused("DELETE", Pods, "pods is forbidden: User \"amy\" cannot deletecollection resource \"pods\" in API group \"\" in the namespace \"default\"");
        await Refused("PATCH", "/api/v1/namespaces/x", "namespaces \"x\" is forbidden: User \"amy\" cannot patch resource \"namespaces\" in API group \"\" in the namespace \"x\"");
        await Refused("GET", "/metrics", "forbidden: User \"amy\" cannot get path \"/metrics\"");
        await Refused("POST", "/apis/none/v1/things", "things.none is forbidden: User \"amy\" cannot create resource \"things\" in API group \"none\" at the cluster scope");
        await Refused("GET", Pods + "?fieldSelector=metadata.name%3Dp", "pods \"p\" is forbidden: User \"amy\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"");
    }

    [TestCase("/api/v1/namespaces/default/%70ods")]
    [TestCase("/api//v1/namespaces/default/pods")]
    [TestCase("/api/v1/namespaces/default/pods/")]
    [TestCase("/api/v1/namespaces/default/pods/p/log/more")]
    [TestCase("/api/v1/watch/pods")]
    [TestCase("/API/v1/pods")]
    public async Task No_spelling_of_a_path_gets_around(string path)
    {
        var answer = await _cluster.AsAsync("amy", HttpMethod.Get, path);
        Assert.That(answer.Status, Is.AnyOf(403, 404), answer.Text);
        Assert.That(answer.Body["items"], Is.Null);
    }

    [Test]
    public async Task A_role_is_in_force_when_its_writer_was_told_and_no_longer_when_it_is_gone()
    {
        for (var i = 0; i < 20; i++)
        {
            await _cluster.GrantAsync("default", $"reader-{i}", $"User:bob-{i}", ReadConfigMaps);
            var allowed = await _cluster.AsAsync($"bob-{i}", HttpMethod.Get, ConfigMaps);
            await _cluster.DeleteAsync($"{Bindings}/reader-{i}");
            var refused = await _cluster.AsAsync($"bob-{i}", HttpMethod.Get, ConfigMaps);

            Assert.That((allowed.Status, refused.Status), Is.EqualTo((200, 403)));
        }
    }

    [Test]
    public async Task Groups_accounts_and_names_count()
    {
        await _cluster.GrantAsync("default", "by-group", "Group:devs", ReadConfigMaps);
        await _cluster.GrantAsync("default", "by-account", "ServiceAccount:robot", ReadConfigMaps);
        await _cluster.GrantAsync("", "by-name", "User:carl", """{"verbs":["get","list"],"apiGroups":[""],"resources":["configmaps"],"resourceNames":["one"]}""");
        await _cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"one"}}""");

        Assert.That((await _cluster.AsAsync("dora", HttpMethod.Get, ConfigMaps, null, "devs")).Status, Is.EqualTo(200));
        Assert.That((await _cluster.AsAsync("dora", HttpMethod.Get, ConfigMaps, null, "ops")).Status, Is.EqualTo(403));
        Assert.That((await _cluster.AsAsync("dora", HttpMethod.Get, "/api/v1/configmaps", null, "devs")).Status, Is.EqualTo(403));
        Assert.That((await _cluster.AsAsync("system:serviceaccount:default:robot", HttpMethod.Get, ConfigMaps)).Status, Is.EqualTo(200));
        Assert.That((await _cluster.AsAsync("system:serviceaccount:other:robot", HttpMethod.Get, ConfigMaps)).Status, Is.EqualTo(403));
        Assert.That((await _cluster.AsAsync("carl", HttpMethod.Get, ConfigMaps + "/one")).Status, Is.EqualTo(200));
        Assert.That((await _cluster.AsAsync("carl", HttpMethod.Get, ConfigMaps + "/two")).Status, Is.EqualTo(403));
        Assert.That((await _cluster.AsAsync("carl", HttpMethod.Get, ConfigMaps + "?fieldSelector=metadata.name%3Done")).Status, Is.EqualTo(200));
        Assert.That((await _cluster.AsAsync("carl", HttpMethod.Get, ConfigMaps)).Status, Is.EqualTo(403));
    }

    [Test]
    public async Task A_cluster_role_bound_in_a_namespace_holds_there_only()
    {
        await BindAsync("viewer", "view", "eve");

        Assert.That((await _cluster.AsAsync("eve", HttpMethod.Get, Pods)).Status, Is.EqualTo(200));
        Assert.That((await _cluster.AsAsync("eve", HttpMethod.Get, "/api/v1/namespaces/default")).Status, Is.EqualTo(200));
        Assert.That((await _cluster.AsAsync("eve", HttpMethod.Get, "/api/v1/namespaces/kube-system/pods")).Status, Is.EqualTo(403));
        Assert.That((await _cluster.AsAsync("eve", HttpMethod.Post, ConfigMaps, """{"metadata":{"name":"x"}}""")).Status, Is.EqualTo(403));
    }

    [Test]
    public async Task A_binding_to_a_role_that_is_not_there_is_told()
    {
        await BindAsync("nothing", "missing", "finn");
        var answer = await _cluster.AsAsync("finn", HttpMethod.Get, Pods);

        Assert.That(answer["message"], Does.EndWith("in the namespace \"default\": RBAC: clusterrole.rbac.authorization.k8s.io \"missing\" not found"));
    }

    [Test]
    public async Task An_update_that_creates_takes_the_right_to_create()
    {
        const string Path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l";
        await _cluster.GrantAsync("default", "lease", "User:gus", """{"verbs":["update","patch"],"apiGroups":["coordination.k8s.io"],"resources":["leases"]}""");
        var answer = await _cluster.AsAsync("gus", HttpMethod.Put, Path, """{"metadata":{"name":"l"}}""");

        Assert.That(answer.Status, Is.EqualTo(403), answer.Text);
        Assert.That(answer["message"], Does.Contain("User \"gus\" cannot create resource \"leases\""));
    }

    [Test]
    public async Task Nobody_grants_what_he_does_not_hold()
    {
        await _cluster.GrantAsync("default", "roles", "User:hal", """
            {"verbs":["*"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"]},
            {"verbs":["get","list"],"apiGroups":[""],"resources":["configmaps"]}
            """.Replace("[\"*\"]", "[\"get\",\"create\",\"update\",\"patch\"]"));
        var within = await _cluster.AsAsync("hal", HttpMethod.Post, Roles, $$$"""{"metadata":{"name":"within"},"rules":[{{{ReadConfigMaps}}}]}""");
        var beyond = await _cluster.AsAsync("hal", HttpMethod.Post, Roles, """
            {"metadata":{"name":"beyond"},"rules":[{"verbs":["get","list"],"apiGroups":[""],"resources":["secrets","configmaps"]}]}
            """);
        var grown = await _cluster.AsAsync("hal", HttpMethod.Patch, Roles + "/within", """{"rules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]}""");
        var labelled = await _cluster.AsAsync("hal", HttpMethod.Patch, Roles + "/roles", """{"metadata":{"labels":{"a":"b"}}}""");
        var bound = await _cluster.AsAsync("hal", HttpMethod.Post, Bindings, Binding("b1", "within", "Role"));
        var mighty = await _cluster.AsAsync("hal", HttpMethod.Post, Bindings, Binding("b2", "edit", "ClusterRole"));
        var missing = await _cluster.AsAsync("hal", HttpMethod.Post, Bindings, Binding("b3", "none", "Role"));

        Assert.That(new[] { within, beyond, grown, labelled, bound, mighty, missing }.Select(a => a.Status), Is.EqualTo([201, 403, 403, 200, 201, 403, 404]));
        Assert.That(beyond["message"], Is.EqualTo(
            "roles.rbac.authorization.k8s.io \"beyond\" is forbidden: user \"hal\" (groups=[\"system:authenticated\"]) is attempting to grant "
            + "RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}"));
    }

    [Test]
    public async Task The_verbs_escalate_and_bind_let_somebody_grant_more()
    {
        await _cluster.GrantAsync("default", "mighty", "User:ida", """
            {"verbs":["create","escalate"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"]},
            {"verbs":["create"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["rolebindings"]},
            {"verbs":["bind"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"resourceNames":["view"]}
            """);
        var role = await _cluster.AsAsync("ida", HttpMethod.Post, Roles, """{"metadata":{"name":"all"},"rules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]}""");
        var view = await _cluster.AsAsync("ida", HttpMethod.Post, Bindings, Binding("ida-view", "view", "ClusterRole"));
        var edit = await _cluster.AsAsync("ida", HttpMethod.Post, Bindings, Binding("ida-edit", "edit", "ClusterRole"));

        Assert.That((role.Status, view.Status, edit.Status), Is.EqualTo((201, 201, 403)));
    }

    [Test]
    public async Task Only_who_may_do_everything_gathers_rules()
    {
        await _cluster.GrantAsync("", "role-writer", "User:jon", """{"verbs":["create"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"]}""");
        var answer = await _cluster.AsAsync("jon", HttpMethod.Post, ClusterRoles, """
            {"metadata":{"name":"all"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"kubernetes.io/bootstrapping":"rbac-defaults"}}]}}
            """);

        Assert.That(answer.Status, Is.EqualTo(403), answer.Text);
        Assert.That(answer["message"], Is.EqualTo(
            "clusterroles.rbac.authorization.k8s.io \"all\" is forbidden: must have cluster-admin privileges to use an aggregationRule"));
    }

    [Test]
    public async Task An_aggregated_role_gathers_rules_of_roles_as_they_come_change_and_go()
    {
        await _cluster.PostAsync(ClusterRoles, """{"metadata":{"name":"sum"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"to":"sum"}}]}}""");
        using var events = await _cluster.WatchAsync($"{ClusterRoles}?watch=1&fieldSelector=metadata.name%3Dsum");
        await events.NextAsync();

        await _cluster.PostAsync(ClusterRoles, """{"metadata":{"name":"part","labels":{"to":"sum"}},"rules":[{"verbs":["get"],"apiGroups":["a"],"resources":["b"]}]}""");
        var gathered = await events.NextAsync();
        await _cluster.PatchAsync(ClusterRoles + "/part", """{"rules":[{"verbs":["list"],"apiGroups":["a"],"resources":["b"]}]}""", "merge");
        var changed = await events.NextAsync();
        await _cluster.DeleteAsync(ClusterRoles + "/part");
        var gone = await events.NextAsync();

        Assert.That(Answer.Read(gathered, "object.rules.0.verbs.0"), Is.EqualTo("get"));
        Assert.That(Answer.Read(changed, "object.rules.0.verbs.0"), Is.EqualTo("list"));
        Assert.That(Answer.Read(gone, "object.rules"), Is.EqualTo("[]"));
    }

    [Test]
    public async Task A_group_alone_is_nobody_to_impersonate()
    {
        var answer = await TestCluster.SendAsync(_cluster.Http, HttpMethod.Get, Pods, headers: ("Impersonate-Group", "devs"));
        Assert.That(answer.Status, Is.EqualTo(400));
    }

    [Test]
    public async Task An_impersonated_account_is_in_its_groups_and_anonymous_is_nobody()
    {
        var account = await _cluster.AsAsync("system:serviceaccount:default:robot", HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}");
        var anonymous = await _cluster.AsAsync("system:anonymous", HttpMethod.Get, "/api");

        Assert.That(account.Body["status"]!["userInfo"]!["groups"]!.ToJsonString(), Is.EqualTo(
            """["system:serviceaccounts","system:serviceaccounts:default","system:authenticated"]"""));
        Assert.That(anonymous.Status, Is.EqualTo(403));
        Assert.That((await _cluster.AsAsync("system:anonymous", HttpMethod.Get, "/version")).Status, Is.EqualTo(200));
        Assert.That((await _cluster.AsAsync("system:anonymous", HttpMethod.Get, "/readyz/etcd")).Status, Is.EqualTo(403));
    }

    private async Task Refused(string method, string path, string message)
    {
        var answer = await _cluster.AsAsync("amy", new HttpMethod(method), path, method is "GET" or "DELETE" ? null : "{}");
        Assert.That((answer.Status, answer["reason"], answer["message"]), Is.EqualTo((403, "Forbidden", message)));
    }

    private async Task BindAsync(string name, string clusterRole, string user)
    {
        var answer = await _cluster.PostAsync(Bindings, Binding(name, clusterRole, "ClusterRole", user));
        Assert.That(answer.Status, Is.EqualTo(201), answer.Text);
    }

    private static string Binding(string name, string role, string roleKind, string user = "zoe") => $$$"""
        {"metadata":{"name":"{{{name}}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"{{{roleKind}}}","name":"{{{role}}}"},
        "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"{{{user}}}"}]}
        """;
}
