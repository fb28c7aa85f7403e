namespace Etcdish.ApiServer.Tests.Security;

/// <summary>Questions about rights, as clients and other servers ask them.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public class AccessReviewTests
{
    private const string Root = "/apis/authorization.k8s.io/v1/";

    private TestCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _cluster = await TestCluster.StartAsync(StoreKind.InProcess);
        await _cluster.GrantAsync("default", "reader", "User:amy", """{"verbs":["get"],"apiGroups":["apps"],"resources":["deployments"]}""");
    }

    [OneTimeTearDown]
    public async Task Stop() => await _cluster.DisposeAsync();

    [Test]
    public async Task One_asks_what_one_may_do()
    {
        var yes = await AskAsync("""{"resourceAttributes":{"namespace":"default","verb":"get","group":"apps","resource":"deployments"}}""");
        var no = await AskAsync("""{"resourceAttributes":{"namespace":"other","verb":"get","group":"apps","resource":"deployments"}}""");
        var path = await AskAsync("""{"nonResourceAttributes":{"verb":"get","path":"/api"}}""");

        Assert.That((yes.Status, yes["status.allowed"]), Is.EqualTo((201, "true")));
        Assert.That(yes["status.reason"], Is.EqualTo("RBAC: allowed by RoleBinding \"reader/default\" of Role \"reader\" to User \"amy\""));
        Assert.That((no["status.allowed"], no["status.reason"]), Is.EqualTo(("false", "")));
        Assert.That(path["status.reason"], Is.EqualTo(
            "RBAC: allowed by ClusterRoleBinding \"system:discovery\" of ClusterRole \"system:discovery\" to Group \"system:authenticated\""));
    }

    [Test]
    public async Task One_asks_for_others_if_one_may()
    {
        const string Question = """{"spec":{"user":"amy","resourceAttributes":{"namespace":"default","verb":"get","group":"apps","resource":"deployments"}}}""";
        var answer = await _cluster.PostAsync(Root + "subjectaccessreviews", Question);
        var local = await _cluster.PostAsync(Root + "namespaces/default/localsubjectaccessreviews", Question);
        var elsewhere = await _cluster.PostAsync(Root + "namespaces/other/localsubjectaccessreviews", Question);
        var refused = await _cluster.AsAsync("amy", HttpMethod.Post, Root + "subjectaccessreviews", Question);

        Assert.That((answer["status.allowed"], local["status.allowed"]), Is.EqualTo(("true", "true")));
        Assert.That((elsewhere.Status, refused.Status), Is.EqualTo((400, 403)));
    }

    [TestCase("{}", "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified")]
    [TestCase("""{"resourceAttributes":{"verb":"get"},"nonResourceAttributes":{"path":"/x"}}""", """spec.nonResourceAttributes: Invalid value: {"path":"/x"}: cannot be specified in combination with resourceAttributes""")]
    public async Task A_question_is_about_one_thing(string spec, string fault)
    {
        var answer = await AskAsync(spec);
        Assert.That((answer.Status, answer["message"]), Is.EqualTo((422, $"SelfSubjectAccessReview.authorization.k8s.io \"\" is invalid: {fault}")));
    }

    [Test]
    public async Task A_question_about_somebody_names_somebody()
    {
        var answer = await _cluster.PostAsync(Root + "subjectaccessreviews", """{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}""");
        Assert.That(answer["message"], Does.EndWith("spec.user: Invalid value: \"\": at least one of user or group must be specified"));
    }

    [Test]
    public async Task All_rules_of_somebody_are_listed()
    {
        var answer = await _cluster.AsAsync("amy", HttpMethod.Post, Root + "selfsubjectrulesreviews", """{"spec":{"namespace":"default"}}""");
        var nowhere = await _cluster.AsAsync("amy", HttpMethod.Post, Root + "selfsubjectrulesreviews", """{"spec":{}}""");

        Assert.That(answer.Body["status"]!["resourceRules"]!.ToJsonString(), Does.Contain(
            """{"verbs":["get"],"apiGroups":["apps"],"resources":["deployments"]}"""));
        Assert.That(answer.Body["status"]!["nonResourceRules"]!.ToJsonString(), Does.Contain("/openapi/*"));
        Assert.That(nowhere.Status, Is.EqualTo(400));
    }

    [TestCase("GET", "")]
    [TestCase("GET", "/x")]
    [TestCase("DELETE", "")]
    public async Task Questions_are_not_kept(string method, string rest)
    {
        var answer = await _cluster.SendAsync(new HttpMethod(method), Root + "selfsubjectaccessreviews" + rest);
        Assert.That(answer.Status, Is.EqualTo(405));
    }

    [Test]
    public async Task Discovery_tells_of_questions()
    {
        var answer = await _cluster.GetAsync("/apis/authorization.k8s.io/v1");
        Assert.That(answer.Body["resources"]!.AsArray().Select(r => $"{r!["name"]} {r["verbs"]!.ToJsonString()}"), Is.EquivalentTo([
            "localsubjectaccessreviews [\"create\"]", "selfsubjectaccessreviews [\"create\"]", "selfsubjectrulesreviews [\"create\"]",
            "subjectaccessreviews [\"create\"]",
        ]));
    }

    private Task<Answer> AskAsync(string spec) =>
        _cluster.AsAsync("amy", HttpMethod.Post, Root + "selfsubjectaccessreviews", $$"""{"spec":{{spec}}}""");
}
