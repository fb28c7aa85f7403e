using System.Text;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;
using Etcdish.ApiServer.Watching;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Etcdish.ApiServer.Tests;

/// <summary>What watchers of one audience are told together.</summary>
public class EventBatchTests
{
    private readonly ResourceType _type = new ResourceDirectory(SchemaCatalog.BuiltIn, "/etcdish/").Find("", "v1", "configmaps")!;

    [TestCase("", "", "ADDED a/x 2,MODIFIED b/y 3,DELETED a/x 4")]
    [TestCase("a", "", "ADDED a/x 2,DELETED a/x 4")]
    [TestCase("", "on=yes", "ADDED a/x 2,ADDED b/y 3,DELETED a/x 4")]
    [TestCase("b", "on=no", "DELETED b/y 3")]
    [TestCase("c", "", "")]
    public void Each_audience_gets_its_own_lines(string scope, string labels, string expected)
    {
        var batch = Batch();
        var audience = new WatchAudience(_type, scope, labels);
        var query = new QueryCollection(new Dictionary<string, StringValues> { ["labelSelector"] = labels });
        var selection = Selection.Read(query, _type.Info);
        var other = new WatchAudience(_type, "a", "");
        batch.LinesFor(other, Selection.Everything);
        batch.LinesFor(other, Selection.Everything);
        var alone = audience == other ? null : batch.LinesFor(audience, selection);
        var together = batch.LinesFor(audience, selection);

        Assert.That(alone, Is.Null, "the first of an audience takes the lines one by one");
        Assert.That(Describe(together!), Is.EqualTo(expected));
        Assert.That(batch.LinesFor(audience, selection), Is.SameAs(together));
        Assert.That(batch.SelectMany(item => item.LineFor(audience, selection)?.ToArray() ?? []), Is.EqualTo(together));
    }

    private EventBatch Batch() =>
    [
        Event("a/x", 2, "yes", null),
        Event("b/y", 3, "yes", "no"),
        Event("a/x", 4, null, "yes"),
    ];

    private ResourceEvent Event(string name, long revision, string? now, string? before) => new(
        _type.Storage, new StoreChange($"{_type.Prefix}{name}", revision, State(name, now), State(name, before)));

    private static ReadOnlyMemory<byte>? State(string name, string? on) =>
        on is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(
        $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"{{{name[2..]}}}","namespace":"{{{name[..1]}}}","labels":{"on":"{{{on}}}"} } }""");

    private static string Describe(byte[] lines) => string.Join(',', Encoding.UTF8.GetString(lines)
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!)
        .Select(line => (Type: line["type"], Meta: line["object"]!["metadata"]!))
        .Select(line => $"{line.Type} {line.Meta["namespace"]}/{line.Meta["name"]} {line.Meta["resourceVersion"]}"));
}
