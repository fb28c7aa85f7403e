using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

/// <summary>The examples of RFC 7386 that have objects on both sides, and what Kubernetes adds: a document stays an object.</summary>
public sealed class MergePatchTests
{
    [TestCase("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [TestCase("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [TestCase("""{"a":"b"}""", """{"a":null}""", "{}")]
    [TestCase("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [TestCase("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [TestCase("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [TestCase("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [TestCase("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [TestCase("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [TestCase("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    [TestCase("""{"a":1}""", """{"a":{"b":{"c":null,"d":2}}}""", """{"a":{"b":{"d":2}}}""")]
    public void A_patch_changes_a_document(string target, string patch, string expected)
    {
        var document = JsonNode.Parse(target)!.AsObject();
        var change = JsonNode.Parse(patch)!.AsObject();

        MergePatch.Apply(document, change);

        Assert.That(document.ToJsonString(), Is.EqualTo(expected));
        Assert.That(change.ToJsonString(), Is.EqualTo(patch), "a patch can be applied again");
    }
}
