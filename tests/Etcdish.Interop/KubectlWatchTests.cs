using Etcdish.Testing;

namespace Etcdish.Interop;

/// <summary>What kubectl shows while it goes on: objects and events as they come, and the API through a proxy.</summary>
[TestFixture(false)]
[TestFixture(true)]
public sealed class KubectlWatchTests(bool onGenuineEtcd) : IDisposable
{
    private const string Events = """
        apiVersion: v1
        kind: Pod
        metadata: {name: p}
        spec: {containers: [{name: c, image: i}]}
        ---
        apiVersion: v1
        kind: Event
        metadata: {name: p.1}
        involvedObject: {apiVersion: v1, kind: Pod, name: p, namespace: default}
        reason: Began
        message: the first
        type: Normal
        lastTimestamp: 2026-01-01T00:00:00Z
        ---
        apiVersion: v1
        kind: Event
        metadata: {name: q.1}
        involvedObject: {apiVersion: v1, kind: Pod, name: q, namespace: default}
        reason: Broke
        message: of another
        type: Warning
        lastTimestamp: 2026-01-01T00:00:00Z
        """;

    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);

    private readonly KubernetesServer _server = new(onGenuineEtcd);

    public void Dispose() => _server.Dispose();

    [Test]
    public void Changes_are_shown_with_what_they_are()
    {
        _server.Run("create configmap one --from-literal=a=1 => configmap/one created");
        using var watch = _server.Start("get configmap --field-selector=metadata.name=one --watch --output-watch-events");
        Expect(watch, @"^EVENT +NAME +DATA +AGE\nADDED +one +1 +\d+s\n$");
        _server.Run("""
            patch configmap one --type=merge -p '{"data":{"b":"2"}}' => configmap/one patched
            delete configmap one => configmap "one" deleted.*
            """);

        Expect(watch, @"\nMODIFIED +one +2 +\d+s\nDELETED +one +2 +\d+s\n$");
    }

    [Test]
    public void Only_what_comes_is_shown_if_that_is_all_that_is_wanted()
    {
        _server.Run("create configmap one --from-literal=a=1 => configmap/one created");
        using var watch = _server.Start("get configmap --watch-only --output-watch-events -v=6");
        Assert.That(
            watch.StandardError.Wait(text => text.Contains("watch=true", StringComparison.Ordinal), _limit), Is.True, watch.Describe);
        _server.Run("create configmap two => configmap/two created");

        Expect(watch, @"^EVENT +NAME +DATA +AGE\nADDED +two +0 +\d+s\n$");
    }

    [Test]
    public void One_object_is_watched_from_what_it_is()
    {
        _server.Run("create configmap one --from-literal=a=1 => configmap/one created");
        using var watch = _server.Start("get configmap one --watch -o jsonpath='{.data.a};'");
        Expect(watch, "^1;$");
        _server.Run("patch configmap one --type=merge -p '{\"data\":{\"a\":\"2\"}}' => configmap/one patched");

        Expect(watch, "^1;2;$");
    }

    [Test]
    public void Events_of_an_object_are_shown()
    {
        _server.Run(
            """
            create -f {events.yaml} => .*event/p\.1 created\nevent/q\.1 created
            events --for pod/p => LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Normal +Began +Pod/p +the first
            events --for pod/q --types=Normal => No events found in default namespace\.
            events --types=Warning --no-headers => \S+ +Warning +Broke +Pod/q +of another
            events -A => NAMESPACE +LAST SEEN .*default +\S+ +Normal +Began .*default +\S+ +Warning +Broke .*
            get events --field-selector=involvedObject.name=q => LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Warning +Broke +pod/q +of another
            """,
            ("events.yaml", Events));
    }

    [Test]
    public void Events_are_followed()
    {
        const string Second = """
            apiVersion: v1
            kind: Event
            metadata: {name: p.2}
            involvedObject: {apiVersion: v1, kind: Pod, name: p, namespace: default}
            reason: Ended
            message: the second
            type: Normal
            lastTimestamp: 2026-01-01T00:00:01Z
            """;
        _server.Run("create -f {events.yaml} => .*event/q\\.1 created", ("events.yaml", Events));
        using var watch = _server.Start("events --for pod/p --watch");
        Expect(watch, @"^LAST SEEN .*\n\S+ +Normal +Began +Pod/p +the first\n$");
        _server.Run("create -f {second.yaml} => event/p\\.2 created", ("second.yaml", Second));

        Expect(watch, @"the first\n\S+ +Normal +Ended +Pod/p +the second\n$");
    }

    [Test]
    public async Task The_API_is_reached_through_a_proxy_by_who_has_no_credentials()
    {
        using var proxy = _server.Start("proxy --port=0");
        Expect(proxy, @"^Starting to serve on 127\.0\.0\.1:\d+\n$");
        using var client = new HttpClient { BaseAddress = new Uri("http://" + proxy.StandardOutput.Text.Split(' ')[^1].Trim()), Timeout = _limit };

        var version = await client.GetStringAsync("/version");
        using var created = await client.PostAsync(
            "/api/v1/namespaces/default/configmaps",
            new StringContent("""{"metadata":{"name":"by-proxy"}}""", System.Text.Encoding.UTF8, "application/json"));
        using var missing = await client.GetAsync("/api/v1/namespaces/default/configmaps/none");
        using var watch = await client.GetAsync(
            "/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name%3Dby-proxy", HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await watch.Content.ReadAsStreamAsync());

        Assert.That(version, Does.Contain("\"gitVersion\""));
        Assert.That(((int)created.StatusCode, (int)missing.StatusCode), Is.EqualTo((201, 404)));
        Assert.That(await events.ReadLineAsync().WaitAsync(_limit), Does.StartWith("{\"type\":\"ADDED\"").And.Contain("by-proxy"));
        proxy.Send(Signal.Terminate);
        proxy.WaitForExit(_limit);
        Assert.That(async () => await client.GetAsync("/version"), Throws.InstanceOf<HttpRequestException>());
    }

    private static void Expect(ChildProcess process, string pattern)
    {
        var isSeen = process.StandardOutput.Wait(text => System.Text.RegularExpressions.Regex.IsMatch(text, pattern), _limit);
        Assert.That(isSeen, Is.True, () => $"expected {pattern}\n{process.Describe()}");
    }
}
