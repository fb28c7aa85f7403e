namespace Etcdish.ApiServer.Tests;

/// <summary>What clients are told who ask for a history that the store has dropped.</summary>
public class CompactionTests(StoreKind kind) : ClusterTests(kind)
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private protected override bool OwnsStore => true;

    [Test]
    public async Task Lists_come_in_pages_of_one_revision_and_continue_when_it_is_gone()
    {
        foreach (var name in new[] { "a", "b", "c" })
        {
            await Cluster.PostAsync(ConfigMaps, $$$"""{"metadata":{"name":"{{{name}}}","labels":{"n":"{{{name}}}"} } }""");
        }

        var first = await Cluster.GetAsync(ConfigMaps + "?limit=2");
        await Cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"d"}}""");
        var path = $"{ConfigMaps}?limit=2&continue={first["metadata.continue"]}";
        var second = await Cluster.GetAsync(path);
        var newest = await Cluster.GetAsync(ConfigMaps + "?labelSelector=n+in+(a,c)");
        await Cluster.CompactAsync(long.Parse(newest["metadata.resourceVersion"]));
        var expired = await Cluster.GetAsync(path);
        var rest = await Cluster.GetAsync($"{ConfigMaps}?limit=9&continue={expired["metadata.continue"]}");

        Assert.That(first["metadata.remainingItemCount"], Is.EqualTo("1"));
        Assert.That(Names(second), Is.EqualTo(["c"]));
        Assert.That(second["metadata.resourceVersion"], Is.EqualTo(first["metadata.resourceVersion"]));
        Assert.That(Names(newest), Is.EqualTo(["a", "c"]));
        Assert.That((expired.Status, expired["reason"]), Is.EqualTo((410, "Expired")));
        Assert.That(Names(rest), Is.EqualTo(["c", "d"]));
    }

    [Test]
    public async Task A_revision_that_is_gone_is_an_event_of_failure()
    {
        await CreateAsync("a");
        await CreateAsync("b");
        var newest = await Cluster.GetAsync(ConfigMaps);
        await Cluster.CompactAsync(long.Parse(newest["metadata.resourceVersion"]));
        using var events = await Cluster.WatchAsync($"{ConfigMaps}?watch=1&resourceVersion=2");
        var failure = await events.NextAsync();

        Assert.That($"{failure!["type"]} {failure["object"]!["code"]} {failure["object"]!["reason"]}", Is.EqualTo("ERROR 410 Expired"));
        Assert.That(await events.NextAsync(), Is.Null);
    }

    private Task<Answer> CreateAsync(string name) => Cluster.PostAsync(ConfigMaps, $$$"""{"metadata":{"name":"{{{name}}}"}}""");

    private static IEnumerable<string> Names(Answer list) =>
        list.Body["items"]!.AsArray().Select(item => Answer.Read(item, "metadata.name"));
}
