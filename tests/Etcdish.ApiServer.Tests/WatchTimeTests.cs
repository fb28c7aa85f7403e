using Etcdish.ApiServer.Watching;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests;

/// <summary>What a watch tells when nothing happens, and whom it does not wait for.</summary>
[TestFixture]
public class WatchTimeTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    [Test]
    public async Task Bookmarks_come_every_minute_and_before_the_end()
    {
        var clock = new ManualClock();
        await using var cluster = await TestCluster.StartAsync(StoreKind.InProcess, options => options with { Clock = clock });
        using var events = await cluster.WatchAsync(
            $"{ConfigMaps}?watch=1&allowWatchBookmarks=true&timeoutSeconds=90&resourceVersion={await RevisionAsync(cluster)}");
        await cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        var added = await events.NextAsync();
        var other = await cluster.PostAsync("/api/v1/namespaces/default/secrets", """{"metadata":{"name":"a"}}""");
        clock.Advance(TimeSpan.FromSeconds(60));
        var regular = await events.NextAsync();
        clock.Advance(TimeSpan.FromSeconds(28));
        var last = await events.NextAsync();
        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.That(added!["type"]!.ToString(), Is.EqualTo("ADDED"));
        Assert.That(regular!["type"]!.ToString(), Is.EqualTo("BOOKMARK"));
        Assert.That(
            long.Parse(Answer.Read(regular, "object.metadata.resourceVersion"), null),
            Is.GreaterThanOrEqualTo(long.Parse(other["metadata.resourceVersion"], null)),
            "it covers other resources");
        Assert.That(last!["type"]!.ToString(), Is.EqualTo("BOOKMARK"));
        Assert.That(await events.NextAsync(), Is.Null);
    }

    [Test]
    public async Task A_watcher_that_does_not_read_is_closed_and_others_go_on()
    {
        const int Changes = 60;
        await using var cluster = await TestCluster.StartAsync(
            StoreKind.InProcess, options => options with { Watches = new WatchSettings { MaxWaitingEvents = 4 } });
        var path = $"{ConfigMaps}?watch=1&resourceVersion={await RevisionAsync(cluster)}";
        using var slow = await cluster.WatchAsync(path);
        using var quick = await cluster.WatchAsync(path);
        var text = new string('x', 200_000);
        for (var i = 0; i < Changes; i++)
        {
            await cluster.PostAsync(ConfigMaps, $$$"""{"metadata":{"name":"c{{{i}}}"},"data":{"text":"{{{text}}}"}}""");
            Assert.That(await quick.NamesAsync(1), Is.EqualTo([$"ADDED c{i}"]));
        }

        var seen = 0;
        while (await slow.NextAsync() is not null)
        {
            seen++;
        }

        Assert.That(seen, Is.LessThan(Changes));
    }

    [Test]
    public async Task A_table_watch_tells_its_columns_once()
    {
        await using var cluster = await TestCluster.StartAsync(StoreKind.InProcess);
        await cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"a"},"data":{"k":"v"}}""");
        cluster.Http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io");
        using var events = await cluster.WatchAsync($"{ConfigMaps}?watch=1&resourceVersion=0&fieldSelector=metadata.name%3Da");
        var first = await events.NextAsync();
        await cluster.PatchAsync(ConfigMaps + "/a", """{"data":{"l":"w"}}""", "merge");
        var second = await events.NextAsync();

        Assert.That(Answer.Read(first, "object.kind"), Is.EqualTo("Table"));
        Assert.That(Answer.Read(first, "object.columnDefinitions.0.name"), Is.EqualTo("Name"));
        Assert.That(Answer.Read(first, "object.rows.0.cells.1"), Is.EqualTo("1"));
        Assert.That(second!["type"]!.ToString(), Is.EqualTo("MODIFIED"));
        Assert.That(Answer.Read(second, "object.columnDefinitions"), Is.Empty);
        Assert.That(Answer.Read(second, "object.rows.0.cells.1"), Is.EqualTo("2"));
    }

    private static async Task<string> RevisionAsync(TestCluster cluster) =>
        (await cluster.GetAsync(ConfigMaps))["metadata.resourceVersion"];
}
