using System.Text;
using Etcdish.ApiServer.Security;
using Etcdish.ApiServer.Security.Authentication;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests.Security;

/// <summary>Who is taken for whom, over TLS.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public class AuthenticationTests
{
    private const string Secrets = "/api/v1/namespaces/kube-system/secrets";
    private const string Self = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

    private SecureCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task Start() => _cluster = await SecureCluster.StartAsync(StoreKind.InProcess, """
        # a comment
        jane-token,jane,uid-1,"devs,ops"
        kim-token,kim,uid-2
        root-token,root,uid-3,system:masters
        """);

    [OneTimeTearDown]
    public async Task Stop() => await _cluster.DisposeAsync();

    [Test]
    public async Task A_certificate_names_user_and_groups()
    {
        using var client = _cluster.Connect(_cluster.Certificates, "jane", "devs");
        var answer = await TestCluster.SendAsync(client, HttpMethod.Post, Self, "{}");

        Assert.That(answer["status.userInfo.username"], Is.EqualTo("jane"));
        Assert.That(answer.Body["status"]!["userInfo"]!["groups"]!.ToJsonString(), Is.EqualTo("""["devs","system:authenticated"]"""));
        Assert.That(
            (string?)answer.Body["status"]!["userInfo"]!["extra"]!["authentication.kubernetes.io/credential-id"]![0],
            Does.Match("^X509SHA256=[0-9a-f]{64}$"));
    }

    [Test]
    public async Task The_certificate_of_another_authority_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var other = ClusterCertificates.Open(folder.File("pki"));
        using var client = _cluster.Connect(other, "admin", "system:masters");
        var answer = await TestCluster.SendAsync(client, HttpMethod.Get, "/version");

        Assert.That((answer.Status, answer["reason"], answer["message"]), Is.EqualTo((401, "Unauthorized", "Unauthorized")));
    }

    [Test]
    public void A_server_certificate_is_none_for_users()
    {
        using var server = _cluster.Certificates.MakeServer(System.Net.IPAddress.Loopback);
        Assert.That(new CertificateUsers(_cluster.Certificates, TimeProvider.System).Find(server), Is.Null);
    }

    [TestCase("/version", 200)]
    [TestCase("/healthz", 200)]
    [TestCase("/livez", 200)]
    [TestCase("/readyz", 200)]
    [TestCase("/api", 403)]
    [TestCase("/openapi/v3", 403)]
    [TestCase("/openid/v1/jwks", 403)]
    [TestCase("/api/v1/namespaces", 403)]
    public async Task Without_a_word_about_oneself_one_sees_health_and_version(string path, int status)
    {
        var answer = await TestCluster.SendAsync(_cluster.Plain, HttpMethod.Get, path);

        Assert.That(answer.Status, Is.EqualTo(status), answer.Text);
        if (status == 403)
        {
            Assert.That(answer["message"], Does.Contain("User \"system:anonymous\" cannot"));
        }
    }

    [Test]
    public async Task A_token_of_the_file_names_its_user()
    {
        var jane = await _cluster.WhoIsAsync("jane-token");

        Assert.That((jane["status.userInfo.username"], jane["status.userInfo.uid"]), Is.EqualTo(("jane", "uid-1")));
        Assert.That(jane.Body["status"]!["userInfo"]!["groups"]!.ToJsonString(), Is.EqualTo("""["devs","ops","system:authenticated"]"""));
        Assert.That((await _cluster.WhoIsAsync("root-token"))["status.userInfo.groups.0"], Is.EqualTo("system:masters"));
        Assert.That((await _cluster.WithTokenAsync("jane-token", HttpMethod.Get, "/api")).Status, Is.EqualTo(200));
        Assert.That((await _cluster.WithTokenAsync("jane-token", HttpMethod.Get, "/api/v1/pods")).Status, Is.EqualTo(403));
    }

    [TestCase("jane-toke")]
    [TestCase("JANE-TOKEN")]
    [TestCase("a.b.c")]
    [TestCase("abcdef.0123456789abcdef")]
    public async Task A_token_that_nobody_knows_is_refused_even_where_nobody_needs_one(string token)
    {
        Assert.That((await _cluster.WithTokenAsync(token, HttpMethod.Get, "/version")).Status, Is.EqualTo(401));
    }

    [Test]
    public async Task A_bootstrap_token_is_good_until_it_expires_or_is_deleted()
    {
        const string Token = "abcde1.0123456789abcdef";
        await _cluster.PostAsync(Secrets, BootstrapSecret("abcde1", """ "expiration":"2999-01-01T00:00:00Z","auth-extra-groups":"system:bootstrappers:workers" """));
        var good = await _cluster.WhoIsAsync(Token);
        var wrong = await _cluster.WhoIsAsync("abcde1.0123456789abcdee");
        await _cluster.DeleteAsync(Secrets + "/bootstrap-token-abcde1");
        var gone = await _cluster.WhoIsAsync(Token);

        Assert.That(good["status.userInfo.username"], Is.EqualTo("system:bootstrap:abcde1"));
        Assert.That(good.Body["status"]!["userInfo"]!["groups"]!.ToJsonString(), Is.EqualTo(
            """["system:bootstrappers","system:bootstrappers:workers","system:authenticated"]"""));
        Assert.That((wrong.Status, gone.Status), Is.EqualTo((401, 401)));
    }

    [TestCase("abcde2", """ "expiration":"2001-01-01T00:00:00Z" """)]
    [TestCase("abcde3", """ "usage-bootstrap-authentication":"false" """)]
    [TestCase("abcde4", """ "auth-extra-groups":"system:masters" """)]
    [TestCase("abcde5", """ "expiration":"soon" """)]
    public async Task A_bootstrap_token_that_its_secret_does_not_allow_is_refused(string id, string fields)
    {
        await _cluster.PostAsync(Secrets, BootstrapSecret(id, fields));
        Assert.That((await _cluster.WhoIsAsync($"{id}.0123456789abcdef")).Status, Is.EqualTo(401));
    }

    [Test]
    public async Task Nobody_impersonates_without_the_right_to()
    {
        await _cluster.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterroles", """
            {"metadata":{"name":"stand-in"},"rules":[
            {"verbs":["impersonate"],"apiGroups":[""],"resources":["users"],"resourceNames":["lea"]},
            {"verbs":["impersonate"],"apiGroups":["authentication.k8s.io"],"resources":["userextras/scopes"]}]}
            """);
        await _cluster.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """
            {"metadata":{"name":"stand-in"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"stand-in"},
            "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"kim"}]}
            """);

        Assert.That((await _cluster.WhoIsAsync("kim-token", ("User", "lea")))["status.userInfo.username"], Is.EqualTo("lea"));
        Assert.That(
            (await _cluster.WhoIsAsync("kim-token", ("User", "max")))["message"],
            Is.EqualTo("users \"max\" is forbidden: User \"kim\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"));
        Assert.That(
            (await _cluster.WhoIsAsync("kim-token", ("User", "lea"), ("Extra-Scopes", "read")))["status.userInfo.extra.scopes.0"], Is.EqualTo("read"));
        foreach (var more in new[] { ("Group", "system:masters"), ("Uid", "1"), ("Extra-Other", "1") })
        {
            Assert.That((await _cluster.WhoIsAsync("kim-token", ("User", "lea"), more)).Status, Is.EqualTo(403), more.ToString());
        }

        Assert.That((await _cluster.WhoIsAsync("kim-token", ("User", "system:serviceaccount:default:robot"))).Status, Is.EqualTo(403));
        Assert.That((await _cluster.WhoIsAsync("kim-token", ("Extra-Scopes", "read"))).Status, Is.EqualTo(400));
    }

    [TestCase("only-a-token", "line 1: a token's line has at least 3 columns")]
    [TestCase(",user,uid", "line 1: a token's line")]
    public void A_wrong_file_of_tokens_is_told(string content, string message)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("t"), content);
        Assert.That(() => TokenFile.Open(folder.File("t")), Throws.InstanceOf<IOException>().With.Message.Contains(message));
    }

    private static string BootstrapSecret(string id, string fields)
    {
        var data = System.Text.Json.Nodes.JsonNode.Parse($$"""
            {"token-id":"{{id}}","token-secret":"0123456789abcdef"}
            """)!.AsObject();
        data["usage-bootstrap-authentication"] = "true";
        foreach (var (key, value) in System.Text.Json.Nodes.JsonNode.Parse($"{{{fields}}}")!.AsObject())
        {
            data[key] = value!.ToString();
        }

        var encoded = string.Join(',', data.Select(f => $"\"{f.Key}\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(f.Value!.ToString()))}\""));
        return $$$"""{"metadata":{"name":"bootstrap-token-{{{id}}}"},"type":"bootstrap.kubernetes.io/token","data":{{{{encoded}}}}}""";
    }
}
