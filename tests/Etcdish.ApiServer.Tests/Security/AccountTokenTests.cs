using System.Text.Json.Nodes;
using Etcdish.ApiServer.Security.Tokens;

namespace Etcdish.ApiServer.Tests.Security;

/// <summary>Tokens of service accounts: how they are asked for, what they say, and when they end.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
[TestFixture(StoreKind.InProcess)]
[TestFixture(StoreKind.GenuineEtcd)]
public class AccountTokenTests(StoreKind kind)
{
    private const string Accounts = "/api/v1/namespaces/default/serviceaccounts";
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Reviews = "/apis/authentication.k8s.io/v1/tokenreviews";

    private const string Invalid = "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: ";
    private const string TooShort = Invalid + "60: may not specify a duration less than 10 minutes";
    private const string TooLong = Invalid + "5000000000: may not specify a duration larger than 2^32 seconds";
    private const string NoSuchBinding = "cannot bind token to object of type apps/v1, Kind=Job";

    private readonly ManualClock _clock = new();
    private SecureCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task Start() => _cluster = await SecureCluster.StartAsync(kind, clock: _clock);

    [OneTimeTearDown]
    public async Task Stop() => await _cluster.DisposeAsync();

    [Test]
    public async Task Every_namespace_has_its_account_and_the_authority_and_has_them_again()
    {
        const string Account = "/api/v1/namespaces/team/serviceaccounts/default";
        await _cluster.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"team"}}""");
        var account = await _cluster.GetAsync(Account);
        var authority = await _cluster.GetAsync("/api/v1/namespaces/team/configmaps/kube-root-ca.crt");
        await _cluster.DeleteAsync(Account);
        var again = await _cluster.GetAsync(Account);

        Assert.That((account.Status, again.Status), Is.EqualTo((200, 200)));
        Assert.That(again["metadata.uid"], Is.Not.EqualTo(account["metadata.uid"]));
        Assert.That((string?)authority.Body["data"]!["ca.crt"], Is.EqualTo(_cluster.Certificates.AuthorityPem));
        Assert.That((await _cluster.GetAsync(Accounts + "/default")).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task Nobody_puts_another_authority_in_front_of_pods()
    {
        const string Path = "/api/v1/namespaces/default/configmaps/kube-root-ca.crt";
        var written = await TestCluster.SendAsync(
            _cluster.Master, HttpMethod.Patch, Path, """{"data":{"ca.crt":"mine"}}""", "application/merge-patch+json");

        Assert.That(written.Status, Is.EqualTo(200));
        Assert.That((string?)(await _cluster.GetAsync(Path)).Body["data"]!["ca.crt"], Is.EqualTo(_cluster.Certificates.AuthorityPem));
    }

    [Test]
    public async Task A_token_says_whose_it_is_and_for_whom()
    {
        var account = await _cluster.PostAsync(Accounts, """{"metadata":{"name":"robot"}}""");
        var answer = await RequestAsync("robot", "{}");
        var claims = ClaimsOf(answer["status.token"]);
        var who = await _cluster.WhoIsAsync(answer["status.token"]);

        Assert.That((answer.Status, answer["kind"], answer["spec.expirationSeconds"]), Is.EqualTo((201, "TokenRequest", "3600")));
        Assert.That(Answer.Read(claims, "sub"), Is.EqualTo("system:serviceaccount:default:robot"));
        Assert.That(
            Answer.Read(claims, "iss") + Answer.Read(claims, "aud.0"),
            Is.EqualTo(string.Concat(Enumerable.Repeat("https://kubernetes.default.svc.cluster.local", 2))));
        Assert.That((long)claims["exp"]! - (long)claims["iat"]!, Is.EqualTo(3600));
        Assert.That((string?)claims["kubernetes.io"]!["serviceaccount"]!["uid"], Is.EqualTo(account["metadata.uid"]));
        Assert.That(who["status.userInfo.username"], Is.EqualTo("system:serviceaccount:default:robot"));
        Assert.That(who.Body["status"]!["userInfo"]!["groups"]!.ToJsonString(), Is.EqualTo(
            """["system:serviceaccounts","system:serviceaccounts:default","system:authenticated"]"""));
        Assert.That(
            (string?)who.Body["status"]!["userInfo"]!["extra"]!["authentication.kubernetes.io/credential-id"]![0],
            Is.EqualTo($"JTI={claims["jti"]}"));
    }

    [Test]
    public async Task A_token_ends_with_its_account_even_if_another_comes()
    {
        await _cluster.PostAsync(Accounts, """{"metadata":{"name":"short"}}""");
        var token = (await RequestAsync("short", "{}"))["status.token"];
        var before = await _cluster.WhoIsAsync(token);
        await _cluster.DeleteAsync(Accounts + "/short");
        var gone = await _cluster.WhoIsAsync(token);
        await _cluster.PostAsync(Accounts, """{"metadata":{"name":"short"}}""");
        var another = await _cluster.WhoIsAsync(token);

        Assert.That((before.Status, gone.Status, another.Status), Is.EqualTo((201, 401, 401)));
    }

    [Test]
    public async Task A_token_ends_with_its_time()
    {
        await _cluster.PostAsync(Accounts, """{"metadata":{"name":"timed"}}""");
        var token = (await RequestAsync("timed", """{"expirationSeconds":600}"""))["status.token"];
        _clock.Advance(TimeSpan.FromSeconds(599));
        var before = await _cluster.WhoIsAsync(token);
        _clock.Advance(TimeSpan.FromSeconds(62));
        var after = await _cluster.WhoIsAsync(token);

        Assert.That((before.Status, after.Status), Is.EqualTo((201, 401)));
    }

    [Test]
    public async Task A_token_that_is_bound_to_a_secret_ends_with_it()
    {
        await _cluster.PostAsync("/api/v1/namespaces/default/secrets", """{"metadata":{"name":"hold"}}""");
        var bound = await RequestAsync("default", """{"boundObjectRef":{"apiVersion":"v1","kind":"Secret","name":"hold"}}""");
        var token = bound["status.token"];
        var before = await _cluster.WhoIsAsync(token);
        await _cluster.DeleteAsync("/api/v1/namespaces/default/secrets/hold");

        Assert.That((before.Status, (await _cluster.WhoIsAsync(token)).Status), Is.EqualTo((201, 401)));
    }

    [Test]
    public async Task A_token_that_is_kept_in_a_secret_holds_as_long_as_it_is_there()
    {
        const string Secret = "/api/v1/namespaces/default/secrets/kept";
        var account = await _cluster.GetAsync(Accounts + "/default");
        using var key = _cluster.Certificates.OpenSigningKey();
        var token = CompactToken.Sign(KeptClaims(account["metadata.uid"]), key);
        var foreign = CompactToken.Sign(KeptClaims("another"), key);
        await _cluster.PostAsync("/api/v1/namespaces/default/secrets", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "kept" },
            ["stringData"] = new JsonObject { ["token"] = token },
        }.ToJsonString());
        var who = await _cluster.WhoIsAsync(token);
        var stranger = await _cluster.WhoIsAsync(foreign);
        await _cluster.DeleteAsync(Secret);
        var after = await _cluster.WhoIsAsync(token);

        Assert.That((who.Status, who["status.userInfo.username"]), Is.EqualTo((201, "system:serviceaccount:default:default")));
        Assert.That((stranger.Status, after.Status), Is.EqualTo((401, 401)));
    }

    [Test]
    public async Task A_token_that_is_bound_to_a_pod_names_it_and_ends_with_it()
    {
        var pod = await _cluster.PostAsync(
            Pods, """{"metadata":{"name":"p"},"spec":{"serviceAccountName":"default","containers":[{"name":"c","image":"i"}]}}""");
        var token = (await RequestAsync("default", """{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p"}}"""))["status.token"];
        var before = await _cluster.WhoIsAsync(token);
        var wrongUid = await RequestAsync("default", """{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"other"}}""");
        await _cluster.PostAsync(Accounts, """{"metadata":{"name":"not-the-pods"}}""");
        var wrongAccount = await RequestAsync("not-the-pods", """{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p"}}""");
        await _cluster.DeleteAsync(Pods + "/p");
        var after = await _cluster.WhoIsAsync(token);

        Assert.That(
            (string?)before.Body["status"]!["userInfo"]!["extra"]!["authentication.kubernetes.io/pod-uid"]![0],
            Is.EqualTo(pod["metadata.uid"]));
        Assert.That((wrongUid.Status, wrongAccount.Status, after.Status), Is.EqualTo((409, 400, 401)));
        Assert.That(wrongUid["message"], Does.Contain("the UID in the bound object reference (other) does not match the UID in record"));
    }

    [Test]
    public async Task A_token_that_is_bound_to_a_node_ends_with_it()
    {
        await _cluster.PostAsync("/api/v1/nodes", """{"metadata":{"name":"n"}}""");
        var token = (await RequestAsync("default", """{"boundObjectRef":{"apiVersion":"v1","kind":"Node","name":"n"}}"""))["status.token"];
        var before = await _cluster.WhoIsAsync(token);
        await _cluster.DeleteAsync("/api/v1/nodes/n");

        Assert.That((before.Status, (await _cluster.WhoIsAsync(token)).Status), Is.EqualTo((201, 401)));
    }

    [TestCase("none", "{}", 404, "serviceaccounts \"none\" not found")]
    [TestCase("default", """{"expirationSeconds":60}""", 422, TooShort)]
    [TestCase("default", """{"expirationSeconds":5000000000}""", 422, TooLong)]
    [TestCase("default", """{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"none"}}""", 404, "pods \"none\" not found")]
    [TestCase("default", """{"boundObjectRef":{"apiVersion":"apps/v1","kind":"Job","name":"d"}}""", 400, NoSuchBinding)]
    public async Task A_wrong_request_is_told(string account, string spec, int status, string message)
    {
        var answer = await RequestAsync(account, spec);
        Assert.That((answer.Status, answer["message"]), Is.EqualTo((status, message)));
    }

    [Test]
    public async Task A_token_for_others_is_none_for_this_API_and_a_review_tells_for_whom_it_is()
    {
        var token = (await RequestAsync("default", """{"audiences":["vault","other"]}"""))["status.token"];
        var here = await _cluster.WhoIsAsync(token);
        var there = await ReviewAsync(token, "\"vault\",\"x\"");
        var elsewhere = await ReviewAsync(token, "\"x\"");
        var plain = await ReviewAsync(token, "");

        Assert.That(here.Status, Is.EqualTo(401));
        Assert.That((there.Status, there["status.authenticated"], there["status.audiences.0"]), Is.EqualTo((201, "true", "vault")));
        Assert.That(there["status.user.username"], Is.EqualTo("system:serviceaccount:default:default"));
        Assert.That(elsewhere["status.authenticated"] + plain["status.authenticated"], Is.Empty);
        Assert.That(elsewhere["status.error"], Does.StartWith("[invalid bearer token, token audiences"));
    }

    [Test]
    public async Task Nobody_knows_why_a_token_of_another_cluster_is_none()
    {
        var answer = await ReviewAsync("e30.e30.AAAA", "");
        Assert.That(answer["status.error"], Is.EqualTo("[invalid bearer token, the token was not signed by this cluster]"));
    }

    [Test]
    public async Task Accounts_find_what_verifies_tokens()
    {
        var token = (await RequestAsync("default", "{}"))["status.token"];
        var configuration = await _cluster.WithTokenAsync(token, HttpMethod.Get, "/.well-known/openid-configuration");
        var keys = await _cluster.WithTokenAsync(token, HttpMethod.Get, "/openid/v1/jwks");

        Assert.That(configuration["issuer"], Is.EqualTo("https://kubernetes.default.svc.cluster.local"));
        Assert.That(configuration["jwks_uri"], Does.Match("^https://.*/openid/v1/jwks$"));
        Assert.That(keys["keys.0.kid"], Is.EqualTo(Answer.Read(Part(token, 0), "kid")));
        Assert.That(keys["keys.0.alg"], Is.EqualTo("ES256"));
    }

    private Task<Answer> RequestAsync(string account, string spec) =>
        _cluster.PostAsync(
            $"{Accounts}/{account}/token", $$"""{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{{spec}}}""");

    private Task<Answer> ReviewAsync(string token, string audiences) =>
        _cluster.PostAsync(Reviews, $$$"""{"spec":{"token":"{{{token}}}","audiences":[{{{audiences}}}]}}""");

    private static JsonObject ClaimsOf(string token) => Part(token, 1);

    private static JsonObject Part(string token, int index) =>
        JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[index]))!.AsObject();

    /// <summary>A clock that moves when it is told to; tests of this fixture only move it on.</summary>
    private sealed class ManualClock : TimeProvider
    {
        private long _ticks = DateTimeOffset.UtcNow.UtcTicks;

        public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _ticks), TimeSpan.Zero);

        public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
    }

    private static JsonObject KeptClaims(string uid) => new()
    {
        ["iss"] = "kubernetes/serviceaccount",
        ["kubernetes.io/serviceaccount/namespace"] = "default",
        ["kubernetes.io/serviceaccount/secret.name"] = "kept",
        ["kubernetes.io/serviceaccount/service-account.name"] = "default",
        ["kubernetes.io/serviceaccount/service-account.uid"] = uid,
        ["sub"] = "system:serviceaccount:default:default",
    };
}
