using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Tests;

/// <summary>Lists larger than what is held of them at once, on both kinds of stores.</summary>
public class ListTests(StoreKind kind) : ClusterTests(kind)
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const int Count = 40;

    private static readonly string _text = new('x', 60_000);

    [SetUp]
    public async Task Prepare()
    {
        for (var i = 0; i < Count; i++)
        {
            var on = i % 10 == 3 ? "yes" : "no";
            await Cluster.PostAsync(
                ConfigMaps, $$$"""{"metadata":{"name":"c{{{i:D2}}}","labels":{"on":"{{{on}}}"} },"data":{"text":"{{{_text}}}"} }""");
        }
    }

    [Test]
    public async Task Every_object_comes_once_and_whole()
    {
        var list = await Cluster.GetAsync(ConfigMaps);
        var items = list.Body["items"]!.AsArray();

        Assert.That(list["kind"], Is.EqualTo("ConfigMapList"));
        Assert.That(
            items.Select(item => Answer.Read(item, "metadata.name")), Is.EqualTo(Enumerable.Range(0, Count).Select(i => $"c{i:D2}")));
        Assert.That(items.Select(item => Answer.Read(item, "data.text")), Is.All.EqualTo(_text));
        Assert.That(items.Select(item => long.Parse(Answer.Read(item, "metadata.resourceVersion"))), Is.Ordered.And.Unique);
    }

    [Test]
    public async Task Large_lists_are_compressed_for_who_takes_that()
    {
        using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Cluster.Http.BaseAddress!, ConfigMaps));
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        using var response = await http.SendAsync(request);
        var packed = await response.Content.ReadAsByteArrayAsync();
        await using var unpacking = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        var list = await JsonNode.ParseAsync(unpacking);

        Assert.That(response.Content.Headers.ContentEncoding, Is.EqualTo(["gzip"]));
        Assert.That(packed, Has.Length.LessThan(200_000));
        Assert.That(list!["items"]!.AsArray(), Has.Count.EqualTo(Count));
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(4)]
    public async Task Pages_of_a_selection_hold_as_many_as_asked_for(int limit)
    {
        var names = new List<string>();
        var token = "";
        do
        {
            var page = await Cluster.GetAsync($"{ConfigMaps}?labelSelector=on%3Dyes&limit={limit}&continue={token}");
            var items = page.Body["items"]!.AsArray();
            token = page["metadata.continue"];
            Assert.That(items, Has.Count.EqualTo(token.Length > 0 ? limit : Math.Min(limit, 4 - names.Count)));
            Assert.That(page["metadata.remainingItemCount"], Is.Empty);
            names.AddRange(items.Select(item => Answer.Read(item, "metadata.name")));
        }
        while (token.Length > 0);

        Assert.That(names, Is.EqualTo(["c03", "c13", "c23", "c33"]));
    }

    [Test]
    public async Task Pages_tell_how_many_are_left()
    {
        var first = await Cluster.GetAsync($"{ConfigMaps}?limit=25");
        var second = await Cluster.GetAsync($"{ConfigMaps}?limit=25&continue={first["metadata.continue"]}");

        Assert.That((first.Body["items"]!.AsArray().Count, first["metadata.remainingItemCount"]), Is.EqualTo((25, "15")));
        Assert.That((second.Body["items"]!.AsArray().Count, second["metadata.continue"]), Is.EqualTo((15, "")));
        Assert.That(second["metadata.resourceVersion"], Is.EqualTo(first["metadata.resourceVersion"]));
    }

    [Test]
    public async Task A_name_is_selected_without_a_search()
    {
        var one = await Cluster.GetAsync($"{ConfigMaps}?fieldSelector=metadata.name%3Dc07");
        var none = await Cluster.GetAsync($"{ConfigMaps}?fieldSelector=metadata.name%3Dc0");
        var other = await Cluster.GetAsync($"{ConfigMaps}?fieldSelector=metadata.name%3Dc07,metadata.name%21%3Dc07");

        Assert.That(one["items.0.metadata.name"], Is.EqualTo("c07"));
        Assert.That(none.Body["items"]!.AsArray(), Is.Empty);
        Assert.That(other.Body["items"]!.AsArray(), Is.Empty);
    }
}
