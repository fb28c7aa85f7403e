using System.Net;
using Etcdish.Kubelet.Server;
using Etcdish.Kubernetes.Client;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Server;

/// <summary>Who is let in, and to what.</summary>
internal sealed class AccessTests
{
    private ServerBench _bench = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _bench = await ServerBench.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await _bench.DisposeAsync();

    [TestCase(null, "/healthz", 401, "Unauthorized")]
    [TestCase("no-such-token", "/healthz", 401, "Unauthorized")]
    [TestCase("nobody-token", "/healthz", 403, "Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[healthz proxy])\n")]
    [TestCase("nobody-token", "/pods", 403, "Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[pods proxy])\n")]
    [TestCase("nobody-token", "/runningpods/", 403, "Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[pods proxy])\n")]
    [TestCase("nobody-token", "/configz", 403, "Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[configz proxy])\n")]
    [TestCase("nobody-token", "/stats/summary", 403, "Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[stats])\n")]
    [TestCase("nobody-token", "/logs/", 403, "Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[log])\n")]
    [TestCase("nobody-token", "/metricsother", 403, "Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[proxy])\n")]
    [TestCase("proxy-token", "/stats/summary", 403, "Forbidden (user=proxy, verb=get, resource=nodes, subresource(s)=[stats])\n")]
    [TestCase("proxy-token", "/healthz", 200, "ok")]
    [TestCase("proxy-token", "/healthz/ping", 200, "ok")]
    [TestCase("proxy-token", "/nothing", 404, "404: Page Not Found")]
    [TestCase("pods-token", "/healthz", 403, "Forbidden (user=pods, verb=get, resource=nodes, subresource(s)=[healthz proxy])\n")]
    [TestCase("metrics-token", "/exec/a/b/c", 403, "Forbidden (user=metrics, verb=get, resource=nodes, subresource(s)=[proxy])\n")]
    [TestCase("metrics-token", "/metrics/nothing", 404, "404: Page Not Found")]
    public async Task Tokens_are_reviewed_and_so_is_what_their_users_want(string? token, string path, int status, string text)
    {
        using var http = _bench.Connect(token);
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));

        Assert.That(((int)response.StatusCode, await response.Content.ReadAsStringAsync()), Is.EqualTo((status, text)));
    }

    [TestCase("pods-token", "/pods")]
    [TestCase("proxy-token", "/pods")]
    [TestCase("metrics-token", "/metrics")]
    [TestCase("metrics-token", "/metrics/probes")]
    public async Task What_a_role_says_is_allowed(string token, string path)
    {
        using var http = _bench.Connect(token);
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Another_verb_is_another_right()
    {
        using var http = _bench.Connect("proxy-token");
        using var response = await http.PostAsync(new Uri("/run/default/web/main?cmd=true", UriKind.Relative), null);

        Assert.That(
            await response.Content.ReadAsStringAsync(),
            Is.EqualTo("Forbidden (user=proxy, verb=create, resource=nodes, subresource(s)=[proxy])\n"));
    }

    [Test]
    public async Task Certificates_of_the_cluster_count_and_others_do_not()
    {
        using var master = _bench.ConnectMaster();
        Assert.That(await master.GetStringAsync(new Uri("/healthz", UriKind.Relative)), Is.EqualTo("ok"));

        using var user = _bench.Connect(pair: _bench.Certificates.MakeClient("metrics", "people"));
        Assert.That(await user.GetStringAsync(new Uri("/metrics/probes", UriKind.Relative)), Does.Contain("process_start_time_seconds"));
        using var refused = await user.GetAsync(new Uri("/healthz", UriKind.Relative));
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));

        using var folder = new TemporaryFolder();
        using var another = ApiServer.Security.ClusterCertificates.Open(folder.File("pki"));
        using var stranger = _bench.Connect(pair: another.MakeClient("tests", "system:masters"));
        using var unknown = await stranger.GetAsync(new Uri("/healthz", UriKind.Relative));
        Assert.That(unknown.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task The_certificate_of_a_server_is_no_user()
    {
        using var serving = ServingCertificate.Issue(_bench.Certificates.Authority, "node-1", [], TimeProvider.System);
        using var key = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(serving)!;
        using var http = _bench.Connect(pair: (serving.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem()));
        using var response = await http.GetAsync(new Uri("/healthz", UriKind.Relative));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task Answers_of_the_API_are_asked_for_once_until_their_time_is_over()
    {
        var clock = new ManualClock();
        var api = new ScriptedReviews();
        using var client = new KubernetesClient(api, new Uri("http://api"));
        var reviewer = new AccessReviewer("node-1", client, clock);
        var user = new ServerUser("someone", "", ["people"]);

        Assert.That(await reviewer.IsAllowedAsync(user, "get", "metrics", CancellationToken.None), Is.True);
        Assert.That(await reviewer.IsAllowedAsync(user, "get", "metrics", CancellationToken.None), Is.True);
        Assert.That(await reviewer.IsAllowedAsync(user, "get", "proxy", CancellationToken.None), Is.False);
        Assert.That(await reviewer.IsAllowedAsync(user with { Name = "other" }, "get", "metrics", CancellationToken.None), Is.True);
        Assert.That(await reviewer.IsAllowedAsync(user with { Groups = [ServerUser.Masters] }, "delete", "x", CancellationToken.None), Is.True);
        Assert.That(api.Asked, Is.EqualTo(3));

        clock.Advance(TimeSpan.FromSeconds(31));
        await reviewer.IsAllowedAsync(user, "get", "metrics", CancellationToken.None);
        await reviewer.IsAllowedAsync(user, "get", "proxy", CancellationToken.None);
        Assert.That(api.Asked, Is.EqualTo(4), "only the refusal is asked for again");
        clock.Advance(TimeSpan.FromMinutes(5));
        await reviewer.IsAllowedAsync(user, "get", "metrics", CancellationToken.None);
        Assert.That(api.Asked, Is.EqualTo(5));
    }

    /// <summary>An API that allows everything but the proxy.</summary>
    private sealed class ScriptedReviews : HttpMessageHandler
    {
        public int Asked { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked++;
            var isProxy = (await request.Content!.ReadAsStringAsync(cancellationToken)).Contains("\"proxy\"", StringComparison.Ordinal);
            return new HttpResponseMessage(HttpStatusCode.Created)
            {
                Content = new StringContent(isProxy ? """{"status":{"allowed":false}}""" : """{"status":{"allowed":true}}"""),
            };
        }
    }
}
