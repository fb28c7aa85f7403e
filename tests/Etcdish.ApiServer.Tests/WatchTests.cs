namespace Etcdish.ApiServer.Tests;

/// <summary>Watches over HTTP, on both kinds of stores.</summary>
public class WatchTests(StoreKind kind) : ClusterTests(kind)
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string WatchList = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";

    [Test]
    public async Task State_first_then_the_mark_of_its_end_then_changes()
    {
        await CreateAsync("a");
        using var events = await Cluster.WatchAsync($"{ConfigMaps}?{WatchList}");
        var state = await events.NamesAsync(1);
        var mark = await events.NextAsync();
        await CreateAsync("b");
        await Cluster.DeleteAsync(ConfigMaps + "/a");

        Assert.That(state, Is.EqualTo(["ADDED a"]));
        Assert.That(mark!["type"]!.ToString(), Is.EqualTo("BOOKMARK"));
        Assert.That(mark["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!.ToString(), Is.EqualTo("true"));
        Assert.That(await events.NamesAsync(2), Is.EqualTo(["ADDED b", "DELETED a"]));
    }

    [Test]
    public async Task Selectors_turn_changes_into_coming_and_going()
    {
        var list = await Cluster.GetAsync(ConfigMaps);
        using var events = await Cluster.WatchAsync(
            $"{ConfigMaps}?watch=1&labelSelector=on%3Dyes&resourceVersion={list["metadata.resourceVersion"]}");
        await CreateAsync("a");
        foreach (var on in new[] { "yes", "yes", "no", "yes" })
        {
            await Cluster.PatchAsync(
                ConfigMaps + "/a", $$$"""{"metadata":{"labels":{"on":"{{{on}}}","n":"{{{Guid.NewGuid()}}}"} } }""", "merge");
        }

        await Cluster.DeleteAsync(ConfigMaps + "/a");

        Assert.That(await events.NamesAsync(5), Is.EqualTo(["ADDED a", "MODIFIED a", "DELETED a", "ADDED a", "DELETED a"]));
    }

    [Test]
    public async Task A_watch_from_before_the_first_watcher_misses_nothing()
    {
        var list = await Cluster.GetAsync(ConfigMaps);
        await CreateAsync("a");
        await CreateAsync("b");
        using var events = await Cluster.WatchAsync($"{ConfigMaps}?watch=1&resourceVersion={list["metadata.resourceVersion"]}");
        var early = await events.NamesAsync(2);
        await CreateAsync("c");

        Assert.That(early, Is.EqualTo(["ADDED a", "ADDED b"]));
        Assert.That(await events.NamesAsync(1), Is.EqualTo(["ADDED c"]));
    }

    [Test]
    public async Task A_watch_from_further_back_with_nothing_to_tell_waits_for_what_comes()
    {
        var list = await Cluster.GetAsync(ConfigMaps);
        await Cluster.PostAsync("/api/v1/namespaces/default/secrets", """{"metadata":{"name":"a"}}""");
        await Cluster.PostAsync("/api/v1/namespaces/default/secrets", """{"metadata":{"name":"b"}}""");
        using var first = await Cluster.WatchAsync($"{ConfigMaps}?watch=1&labelSelector=on%3Dyes");
        using var late = await Cluster.WatchAsync(
            $"{ConfigMaps}?watch=1&fieldSelector=metadata.name%3Da&timeoutSeconds=2&resourceVersion={list["metadata.resourceVersion"]}");

        Assert.That(await late.NextAsync(), Is.Null, "the time ends it in good order");
    }

    [Test]
    public async Task The_time_asked_for_ends_a_watch_in_good_order()
    {
        using var events = await Cluster.WatchAsync($"{ConfigMaps}?watch=1&timeoutSeconds=1");

        Assert.That(await events.NextAsync(), Is.Null);
    }

    [Test]
    public async Task Parameters_that_contradict_each_other_are_refused()
    {
        var answer = await Cluster.GetAsync(ConfigMaps + "?watch=1&sendInitialEvents=true");

        Assert.That((answer.Status, answer["reason"]), Is.EqualTo((422, "Invalid")));
    }

    private Task<Answer> CreateAsync(string name) => Cluster.PostAsync(ConfigMaps, $$$"""{"metadata":{"name":"{{{name}}}"}}""");
}
