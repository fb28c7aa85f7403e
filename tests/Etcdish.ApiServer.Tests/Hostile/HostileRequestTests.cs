using System.Diagnostics;
using System.Text;
using Etcdish.ApiServer.Http;

namespace Etcdish.ApiServer.Tests.Hostile;

/// <summary>Requests that are made to hurt: each is answered as what it is, soon, and the server goes on.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
[Parallelizable(ParallelScope.Self)]
public class HostileRequestTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private readonly List<string> _defects = [];
    private TestCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task Start() => _cluster = await TestCluster.StartAsync(StoreKind.InProcess, options => options with
    {
        Warn = _defects.Add,
        Limits = new LimitSettings { BodyGrace = TimeSpan.FromSeconds(1.1), MinBodyBytesPerSecond = 1000 },
    });

    [OneTimeTearDown]
    public async Task Stop() => await _cluster.DisposeAsync();

    [TearDown]
    public async Task The_server_goes_on()
    {
        Assert.That((await _cluster.GetAsync(ConfigMaps)).Status, Is.EqualTo(200));
        Assert.That(_defects, Is.Empty);
    }

    [Test]
    public async Task A_body_that_says_it_is_too_large_is_not_read()
    {
        var answer = await RawExchange.SendAsync(
            _cluster.Http.BaseAddress!, Head("POST", ConfigMaps, "Content-Length: 10000000") + new string('[', 10_000_000));

        Assert.That(RawExchange.StatusOf(answer), Is.EqualTo(413));
        Assert.That(answer, Does.Contain("RequestEntityTooLarge"));
    }

    [Test]
    public async Task A_body_that_does_not_say_it_is_too_large_is_read_up_to_the_limit()
    {
        var chunk = "100000\r\n" + new string('[', 0x100000) + "\r\n";
        var body = string.Concat(Enumerable.Repeat(chunk, 10)) + "0\r\n\r\n";
        var answer = await RawExchange.SendAsync(_cluster.Http.BaseAddress!, Head("POST", ConfigMaps, "Transfer-Encoding: chunked") + body);

        Assert.That(RawExchange.StatusOf(answer), Is.EqualTo(413));
    }

    [TestCase("application/json", "{\"metadata\":{\"name\":\"deep\"},\"x\":", "[", "1", "]", "}")]
    [TestCase("application/json", "{\"metadata\":{\"name\":\"deep\"},\"x\":", "{\"a\":", "1", "}", "}")]
    [TestCase("application/yaml", "{metadata: {name: deep}, x: ", "[", "1", "]", "}")]
    [TestCase("application/yaml", "{metadata: {name: deep}, x: ", "{a: ", "1", "}", "}")]
    public async Task Nesting_without_end_is_refused(string type, string head, string open, string core, string close, string tail)
    {
        foreach (var depth in new[] { 129, 1000, 200_000 })
        {
            var body = head + string.Concat(Enumerable.Repeat(open, depth)) + core + string.Concat(Enumerable.Repeat(close, depth)) + tail;
            var answer = await _cluster.SendAsync(HttpMethod.Post, ConfigMaps + "?fieldValidation=Ignore", body, type);

            Assert.That((depth, answer.Status, answer["reason"]), Is.EqualTo((depth, 400, "BadRequest")), answer.Text);
        }
    }

    [Test]
    public async Task Aliases_do_not_multiply()
    {
        var bomb = new StringBuilder("metadata: {name: bomb}\ndata:\n  a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for (var i = 1; i < 30; i++)
        {
            bomb.Append($"  a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n");
        }

        var answer = await TimedAsync(() => _cluster.SendAsync(HttpMethod.Post, ConfigMaps, bomb.ToString(), "application/yaml"));

        Assert.That(answer.Status, Is.EqualTo(400), answer.Text);
    }

    [TestCase(10_001, """{"op":"add","path":"/data","value":{}}""")]
    [TestCase(60_000, """{"op":"add","path":"/data","value":{}}""")]
    [TestCase(1_000_000, "{}")]
    public async Task Patches_have_a_bounded_number_of_operations(int operations, string operation)
    {
        await _cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"patched"}}""");
        var patch = "[" + string.Join(',', Enumerable.Repeat(operation, operations)) + "]";
        var answer = await TimedAsync(() => _cluster.PatchAsync(ConfigMaps + "/patched", patch, "json"));

        Assert.That((answer.Status, answer["reason"]), Is.EqualTo((413, "RequestEntityTooLarge")), answer.Text);
    }

    [Test]
    public async Task Long_selectors_are_read_as_far_as_a_url_may_be_long()
    {
        var many = await TimedAsync(() => _cluster.GetAsync($"{ConfigMaps}?labelSelector={Selector(12_000)}"));
        var tooMany = await RawExchange.SendAsync(
            _cluster.Http.BaseAddress!, Head("GET", $"{ConfigMaps}?labelSelector={Selector(100_000)}"));

        Assert.That(many.Status, Is.EqualTo(200));
        Assert.That(RawExchange.StatusOf(tooMany), Is.EqualTo(414));
    }

    [Test]
    public async Task Headers_have_a_bounded_size()
    {
        var large = await RawExchange.SendAsync(
            _cluster.Http.BaseAddress!, Head("GET", ConfigMaps, $"X-Large: {new string('x', 200_000)}"));
        var many = await RawExchange.SendAsync(
            _cluster.Http.BaseAddress!, Head("GET", ConfigMaps, string.Join("\r\n", Enumerable.Range(0, 2000).Select(i => $"X-{i}: y"))));

        Assert.That((RawExchange.StatusOf(large), RawExchange.StatusOf(many)), Is.EqualTo((431, 431)));
    }

    [Test]
    public async Task A_body_that_does_not_come_is_not_waited_for()
    {
        var request = Head("POST", ConfigMaps, "Content-Type: application/json\r\nContent-Length: 1000") + "{";
        var answer = await RawExchange.SendAsync(_cluster.Http.BaseAddress!, request);

        Assert.That(RawExchange.StatusOf(answer), Is.EqualTo(408), answer);
        Assert.That(answer, Does.Contain("\"kind\":\"Status\""));
    }

    [TestCase("?limit=1&limit=2&limit=", 200)]
    [TestCase("?watch=0&watch=1", 200)]
    [TestCase("?limit=-1", 400)]
    [TestCase("?limit=99999999999999999999", 400)]
    [TestCase("?limit=9223372036854775807", 200)]
    [TestCase("?resourceVersion=-5", 400)]
    [TestCase("?resourceVersion=%00", 400)]
    [TestCase("?continue=!!!!", 400)]
    [TestCase("?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJkZWZhdWx0Ly4uLy4uL3NlY3JldHMvIn0", 400)]
    [TestCase("?continue=W10", 400)]
    [TestCase("?continue=eyJ2IjpbXSwicnYiOnt9fQ", 400)]
    [TestCase("?timeout=abc", 400)]
    [TestCase("?timeout=9000000000000000000h", 400)]
    [TestCase("?timeout=-1s", 400)]
    [TestCase("?labelSelector=((((((", 400)]
    [TestCase("?labelSelector=%FF%FE", 400)]
    [TestCase("?fieldSelector=spec.nodeName%3Da", 400)]
    [TestCase("?fieldSelector=%5C%5C%5C", 400)]
    [TestCase("?sendInitialEvents=true", 422)]
    [TestCase("?resourceVersionMatch=Exact&resourceVersion=0", 422)]
    [TestCase("?resourceVersion=1&resourceVersionMatch=Nonsense", 422)]
    public async Task Queries_are_checked(string query, int status)
    {
        var answer = await RawExchange.SendAsync(_cluster.Http.BaseAddress!, Head("GET", ConfigMaps + query));

        Assert.That(RawExchange.StatusOf(answer), Is.EqualTo(status), answer);
    }

    [TestCase("/api/v1/namespaces/default/configmaps/%2e%2e%2f%2e%2e%2fsecrets")]
    [TestCase("/api/v1/namespaces/default/configmaps/a%2Fb")]
    [TestCase("/api/v1/namespaces/default/configmaps/a%00b")]
    [TestCase("/api/v1/namespaces/default/configmaps/..")]
    [TestCase("/api/v1/namespaces/%2e%2e/configmaps/a")]
    [TestCase("/api/v1/namespaces/default/configmaps/../../../../../etc/passwd")]
    [TestCase("/api/v1/namespaces/default/configmaps/%C0%AF")]
    [TestCase("/api/v1/namespaces/default/configmaps/%FF")]
    [TestCase("/api/v1/namespaces/default/configmaps/%zz")]
    [TestCase("/api/v1/namespaces/default/configmaps/a/b/c/d/e")]
    [TestCase("//api//v1//nothing")]
    [TestCase("/apis/%2F/v1/x")]
    [TestCase("/")]
    public async Task Paths_lead_nowhere_else(string path)
    {
        foreach (var method in new[] { "GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "NONSENSE" })
        {
            var answer = await RawExchange.SendAsync(_cluster.Http.BaseAddress!, Head(method, path, "Content-Length: 2") + "{}");

            Assert.That(RawExchange.StatusOf(answer), Is.InRange(400, 499).Or.EqualTo(200), $"{method} {path}: {answer}");
            Assert.That(answer, Does.Not.Contain("SecretList"));
        }
    }

    [TestCase("application/json")]
    [TestCase("application/yaml")]
    [TestCase("application/vnd.kubernetes.protobuf")]
    public async Task Bytes_that_are_no_text_are_refused(string type)
    {
        byte[] body = [.. "k8s\0"u8, 0xFF, 0xFE, 0xC0, 0x80, .. "{\"metadata\":{\"name\":\"\xED\xA0\x80\"}}"u8];
        byte[] head = Encoding.ASCII.GetBytes(Head("POST", ConfigMaps, $"Content-Type: {type}\r\nContent-Length: {body.Length}"));
        var answer = await RawExchange.SendAsync(_cluster.Http.BaseAddress!, (byte[])[.. head, .. body]);

        Assert.That(RawExchange.StatusOf(answer), Is.EqualTo(400), answer);
    }

    private static string Selector(int values) => $"a%20in%20({string.Join(',', Enumerable.Range(0, values).Select(i => $"v{i}"))})";

    private static string Head(string method, string path, string? headers = null) =>
        $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{(headers is null ? "" : headers + "\r\n")}\r\n";

    /// <summary>Far more time than it takes: what grows out of bounds takes hours.</summary>
    private static async Task<Answer> TimedAsync(Func<Task<Answer>> send)
    {
        var begun = Stopwatch.GetTimestamp();
        var answer = await send();
        Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(10)));
        return answer;
    }
}
