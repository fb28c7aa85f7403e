using System.Text;
using System.Text.Json;

namespace Etcdish.Server.Tests;

/// <summary>What the client port serves besides gRPC, over real HTTP.</summary>
public sealed class GatewayTests
{
    private RunningServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await RunningServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task What_is_put_by_json_is_read_by_json()
    {
        await _server.PostAsync("/v3/kv/put", """{"key":"Zm9v","value":"YmFy"}""");
        (int status, string body) = await _server.PostAsync("/v3beta/kv/range", """{"key":"Zm9v"}""");

        JsonElement pair = JsonDocument.Parse(body).RootElement.GetProperty("kvs")[0];
        Assert.Multiple(() =>
        {
            Assert.That(status, Is.EqualTo(200));
            Assert.That(pair.GetProperty("value").GetString(), Is.EqualTo("YmFy"));
            Assert.That(pair.GetProperty("mod_revision").GetString(), Is.EqualTo("2"));
        });
    }

    [TestCase("/v3/kv/range", """{"key":""}""", 400, """{"code":3,"message":"etcdserver: key is not provided"}""")]
    [TestCase("/v3/lease/revoke", """{"ID":"7"}""", 404, """{"code":5,"message":"etcdserver: requested lease not found"}""")]
    [TestCase("/v3/auth/user/add", """{"name":"x"}""", 501, """{"code":12,"message":"this server has no users and roles; protect it with --client-cert-auth"}""")]
    [TestCase("/v3/nothing", "{}", 404, """{"code":5,"message":"Not Found"}""")]
    public async Task Errors_are_objects_with_their_http_status(string path, string json, int status, string body) =>
        Assert.That(await _server.PostAsync(path, json), Is.EqualTo((status, body)));

    [TestCase("{")]
    [TestCase("{\"key\":5}")]
    [TestCase("[]")]
    public async Task What_is_no_request_is_a_bad_request(string json) =>
        Assert.That((await _server.PostAsync("/v3/kv/range", json)).Status, Is.EqualTo(400));

    [Test]
    public async Task An_empty_body_is_an_empty_request() =>
        Assert.That((await _server.PostAsync("/v3/lease/leases", "")).Status, Is.EqualTo(200));

    [Test]
    public async Task Another_method_than_post_is_refused() =>
        Assert.That(await _server.GetAsync("/v3/kv/range"), Is.EqualTo((501, """{"code":12,"message":"Method Not Allowed"}""")));

    [Test]
    public async Task A_watch_answers_line_by_line()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v3/watch")
        {
            Content = new StringContent("""{"create_request":{"key":"Zm9v"}}""", Encoding.UTF8, "application/json"),
        };
        using HttpResponseMessage response = await _server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        string? created = await lines.ReadLineAsync();
        await _server.Client.Kv.PutAsync("foo", "bar");
        string? changed = await lines.ReadLineAsync();

        Assert.Multiple(() =>
        {
            Assert.That(created, Does.StartWith("{\"result\":{\"header\":").And.Contain("\"created\":true"));
            Assert.That(changed, Does.Contain("\"events\":[{\"kv\":{\"key\":\"Zm9v\"").And.Contain("\"value\":\"YmFy\""));
        });
    }

    [Test]
    public async Task Several_requests_in_one_body_go_to_a_stream_in_turn()
    {
        (int status, string body) = await _server.PostAsync("/v3/lease/keepalive", "{\"ID\":\"5\"} {\"ID\":6}");

        string[] ids = [.. body.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("result").GetProperty("ID").GetString()!)];
        Assert.That((status, string.Join(',', ids)), Is.EqualTo((200, "5,6")));
    }

    [Test]
    public async Task A_stream_that_fails_says_so_in_its_line()
    {
        (int status, string body) = await _server.PostAsync("/v3/watch", "{\"create_request\":");
        Assert.Multiple(() =>
        {
            Assert.That(status, Is.EqualTo(400));
            Assert.That(body, Does.StartWith("{\"error\":{\"code\":3,\"message\":").And.EndsWith("}\n"));
        });
    }

    [Test]
    public async Task A_lock_is_held_by_one_until_it_is_given_back()
    {
        (_, string first) = await _server.PostAsync("/v3/lock/lock", """{"name":"bXk="}""");
        Task<(int Status, string Body)> second = _server.PostAsync("/v3/lock/lock", """{"name":"bXk="}""");
        string key = JsonDocument.Parse(first).RootElement.GetProperty("key").GetString()!;
        Assert.That(second.IsCompleted, Is.False);

        await _server.PostAsync("/v3/lock/unlock", $$"""{"key":"{{key}}"}""");
        Assert.That((await second).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task Who_waits_for_a_lock_when_the_server_stops_is_told_so()
    {
        await using RunningServer stopping = await RunningServer.StartAsync();
        await stopping.PostAsync("/v3/lock/lock", """{"name":"bXk="}""");
        Task<(int Status, string Body)> waiting = stopping.PostAsync("/v3/lock/lock", """{"name":"bXk="}""");
        while (stopping.Server.Node.Store.KeyCount < 2)
        {
            await Task.Yield();
        }

        ValueTask stopped = stopping.Server.DisposeAsync();
        Assert.That(await waiting, Is.EqualTo((503, """{"code":14,"message":"etcdserver: server stopped"}""")));
        await stopped;
    }

    [Test]
    public async Task An_election_has_one_leader_that_can_proclaim_and_resign()
    {
        Assert.That(
            await _server.PostAsync("/v3/election/leader", """{"name":"ZQ=="}"""),
            Is.EqualTo((500, """{"code":2,"message":"election: no leader"}""")));
        (_, string won) = await _server.PostAsync("/v3/election/campaign", """{"name":"ZQ==","value":"bWU="}""");
        string leader = JsonDocument.Parse(won).RootElement.GetProperty("leader").GetRawText();
        await _server.PostAsync("/v3/election/proclaim", $$"""{"leader":{{leader}},"value":"dXM="}""");
        (_, string observed) = await _server.PostAsync("/v3/election/leader", """{"name":"ZQ=="}""");
        await _server.PostAsync("/v3/election/resign", $$"""{"leader":{{leader}}}""");

        Assert.Multiple(async () =>
        {
            Assert.That(observed, Does.Contain("\"value\":\"dXM=\""));
            Assert.That((await _server.PostAsync("/v3/election/leader", """{"name":"ZQ=="}""")).Status, Is.EqualTo(500));
            Assert.That(
                await _server.PostAsync("/v3/election/resign", "{}"),
                Is.EqualTo((500, """{"code":2,"message":"\"leader\" field must be provided"}""")));
        });
    }

    [TestCase("/health", 200, "{\"health\":\"true\",\"reason\":\"\"}")]
    [TestCase("/health?serializable=true", 200, "{\"health\":\"true\",\"reason\":\"\"}")]
    [TestCase("/livez", 200, "ok\n")]
    [TestCase("/livez?verbose", 200, "[+]serializable_read ok\nok\n")]
    [TestCase("/readyz?verbose&exclude=non_learner", 200, "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\nok\n")]
    [TestCase("/readyz/linearizable_read", 200, "ok\n")]
    [TestCase("/readyz/nothing", 404, "404 page not found\n")]
    [TestCase("/version", 200, "{\"etcdserver\":\"3.7.1\",\"etcdcluster\":\"3.7.0\",\"storage\":\"3.7.0\"}")]
    [TestCase("/", 404, "404 page not found\n")]
    public async Task Paths_of_probes_answer_as_etcds(string path, int status, string body) =>
        Assert.That(await _server.GetAsync(path), Is.EqualTo((status, body)));

    [Test]
    public async Task Metrics_count_calls_and_show_the_store()
    {
        await _server.Client.Kv.PutAsync("k", "v");
        (_, string metrics) = await _server.GetAsync("/metrics");

        string[] expected =
        [
            "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1",
            "grpc_server_started_total{grpc_method=\"Watch\",grpc_service=\"etcdserverpb.Watch\",grpc_type=\"bidi_stream\"} 0",
            "etcd_server_has_leader 1", "etcd_mvcc_put_total 1", "etcd_debugging_mvcc_keys_total 1",
            "etcd_debugging_mvcc_current_revision 2", "etcd_server_quota_backend_bytes 2147483648",
            "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"0.001\"}", "etcd_disk_backend_commit_duration_seconds_count",
            "process_resident_memory_bytes", "os_fd_limit",
        ];
        Assert.Multiple(() =>
        {
            foreach (string line in expected)
            {
                Assert.That(metrics, Does.Contain("\n" + line));
            }
        });
    }

    [Test]
    public async Task Names_that_are_not_listed_are_refused_without_tls()
    {
        await using RunningServer guarded = await RunningServer.StartAsync(
            options => options with { HostWhitelist = ["db.example"], CorsOrigins = ["https://ui.example"] });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health") { Headers = { Host = "db.example" } };
        request.Headers.Add("Origin", "https://ui.example");
        using HttpResponseMessage allowed = await guarded.Http.SendAsync(request);

        Assert.Multiple(async () =>
        {
            Assert.That((await guarded.GetAsync("/health")).Status, Is.EqualTo(421));
            Assert.That((int)allowed.StatusCode, Is.EqualTo(200));
            Assert.That(allowed.Headers.GetValues("Access-Control-Allow-Origin").Single(), Is.EqualTo("https://ui.example"));
        });
    }
}
