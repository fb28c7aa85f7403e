using System.Text;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

public sealed class JsonPatchTests
{
    [TestCase("""{"a":1}""", """[{"op":"add","path":"/b","value":[1]}]""", """{"a":1,"b":[1]}""")]
    [TestCase("""{"a":1}""", """[{"op":"add","path":"/a","value":null}]""", """{"a":null}""")]
    [TestCase("""{"a":[1,3]}""", """[{"op":"add","path":"/a/1","value":2}]""", """{"a":[1,2,3]}""")]
    [TestCase("""{"a":[1]}""", """[{"op":"add","path":"/a/-","value":2}]""", """{"a":[1,2]}""")]
    [TestCase("""{"a":[1]}""", """[{"op":"add","path":"/a/-1","value":2}]""", """{"a":[1,2]}""")]
    [TestCase("""{"a":[1,2]}""", """[{"op":"remove","path":"/a/0"}]""", """{"a":[2]}""")]
    [TestCase("""{"a":[1,2]}""", """[{"op":"remove","path":"/a/-1"}]""", """{"a":[1]}""")]
    [TestCase("""{"a":1,"b":2}""", """[{"op":"remove","path":"/a"}]""", """{"b":2}""")]
    [TestCase("""{"a":1}""", """[{"op":"replace","path":"/a","value":{"x":2}}]""", """{"a":{"x":2}}""")]
    [TestCase("""{"a":1}""", """[{"op":"replace","path":"/b","value":2}]""", """{"a":1,"b":2}""")]
    [TestCase("""{"a":[1]}""", """[{"op":"replace","path":"/a/0","value":2}]""", """{"a":[2]}""")]
    [TestCase("""{"a":1}""", """[{"op":"replace","path":"","value":{"b":2}}]""", """{"b":2}""")]
    [TestCase("""{"a":{"x":1},"b":{}}""", """[{"op":"move","from":"/a/x","path":"/b/y"}]""", """{"a":{},"b":{"y":1}}""")]
    [TestCase("""{"a":{"x":1}}""", """[{"op":"copy","from":"/a","path":"/b"}]""", """{"a":{"x":1},"b":{"x":1}}""")]
    [TestCase("""{"a":{"x":[1,"z"]}}""", """[{"op":"test","path":"/a","value":{"x":[1,"z"]}}]""", """{"a":{"x":[1,"z"]}}""")]
    [TestCase("""{"a":1}""", """[{"op":"test","path":"/b","value":null},{"op":"test","path":"","value":{"a":1}}]""", """{"a":1}""")]
    [TestCase("""{"a/b":{"c~d":1}}""", """[{"op":"replace","path":"/a~1b/c~0d","value":2}]""", """{"a/b":{"c~d":2}}""")]
    [TestCase("""{"~1":1}""", """[{"op":"remove","path":"/~01"}]""", "{}")]
    [TestCase("""{"":1}""", """[{"op":"replace","path":"/","value":2}]""", """{"":2}""")]
    [TestCase("""{"a":1}""", "[]", """{"a":1}""")]
    public void A_patch_changes_a_document(string document, string patch, string expected) =>
        Assert.That(Apply(document, patch), Is.EqualTo(expected));

    [TestCase("""[{"op":"add","path":"/x/y","value":1}]""", "add operation does not apply: doc is missing path: \"/x/y\": missing value")]
    [TestCase("""[{"op":"add","path":"","value":1}]""", "add operation does not apply: doc is missing path: \"\": missing value")]
    [TestCase("""[{"op":"add","path":"/l/5","value":1}]""",
        "error in add for path: '/l/5': Unable to access invalid index: 5: invalid index referenced")]
    [TestCase("""[{"op":"add","path":"/l/x","value":1}]""",
        "error in add for path: '/l/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax")]
    [TestCase("""[{"op":"add","path":"/l/-9","value":1}]""",
        "error in add for path: '/l/-9': Unable to access invalid index: -9: invalid index referenced")]
    [TestCase("""[{"op":"remove","path":"/x"}]""", "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value")]
    [TestCase("""[{"op":"remove","path":"/l/2"}]""",
        "error in remove for path: '/l/2': Unable to access invalid index: 2: invalid index referenced")]
    [TestCase("""[{"op":"remove","path":"/s/t"}]""", "remove operation does not apply: doc is missing path: \"/s/t\": missing value")]
    [TestCase("""[{"op":"replace","path":"/x/y","value":1}]""",
        "replace operation does not apply: doc is missing path: /x/y: missing value")]
    [TestCase("""[{"op":"replace","path":"/l/2","value":1}]""",
        "replace operation does not apply: doc is missing key: /l/2: missing value")]
    [TestCase("""[{"op":"replace","path":"","value":1}]""", "replace operation value must be object or array")]
    [TestCase("""[{"op":"test","path":"/s","value":"u"}]""", "testing value /s failed: test failed")]
    [TestCase("""[{"op":"test","path":"/x/y","value":1}]""", "test operation does not apply: is missing path: /x/y: missing value")]
    [TestCase("""[{"op":"move","from":"/x","path":"/y"}]""",
        "error in move for path: 'x': Unable to remove nonexistent key: x: missing value")]
    [TestCase("""[{"op":"move","from":"/m","path":"/m/n"}]""",
        "move operation does not apply: doc is missing destination path: /m/n: missing value")]
    [TestCase("""[{"op":"copy","from":"/x/y","path":"/z"}]""",
        "copy operation does not apply: doc is missing from path: /x/y: missing value")]
    [TestCase("""[{"op":"leap","path":"/x"}]""", "Unexpected kind: leap")]
    [TestCase("""[{"path":"/x"}]""", "Unexpected kind: unknown")]
    [TestCase("""[{"op":"add","value":1}]""", "add operation failed to decode path: missing value")]
    [TestCase("""[{"op":"move","path":"/x"}]""", "move operation failed to decode from: operation, missing from field: missing value")]
    public void An_operation_that_does_not_apply_says_so_in_kubernetes_words(string patch, string message) =>
        Assert.That(
            () => Apply("""{"l":[1,2],"s":"t","m":{}}""", patch),
            Throws.TypeOf<PatchException>().With.Message.EqualTo(message).And.Property("Fault").EqualTo(PatchFault.NotApplicable));

    [TestCase("{}")]
    [TestCase("[1]")]
    [TestCase("[")]
    [TestCase("""[{"op":"add","op":"remove","path":"/a"}]""")]
    public void What_is_no_patch_is_malformed(string patch) =>
        Assert.That(() => Apply("{}", patch), Throws.TypeOf<PatchException>().With.Property("Fault").EqualTo(PatchFault.Malformed));

    [Test]
    public void Operations_are_counted()
    {
        var fits = "[" + string.Join(',', Enumerable.Repeat("""{"op":"add","path":"/a","value":1}""", 10_000)) + "]";
        var tooMany = "[" + string.Join(',', Enumerable.Repeat("{}", 1_000_000)) + "]";

        Assert.That(Apply("{}", fits), Is.EqualTo("""{"a":1}"""));
        Assert.That(
            () => Apply("{}", tooMany),
            Throws.TypeOf<PatchException>().With.Message.EqualTo("The allowed maximum operations in a JSON patch is 10000, got 1000000")
                .And.Property("Fault").EqualTo(PatchFault.TooLarge));
    }

    [Test]
    public void Copies_are_bounded_in_size_and_nesting()
    {
        var doubling = Enumerable.Range(0, 60).Select(i => $$"""{"op":"copy","from":"/a","path":"/a/{{i}}"}""");
        var deepening = Enumerable.Range(0, 5000).Select(_ =>
            """{"op":"copy","from":"/b","path":"/c/x"},{"op":"copy","from":"/c","path":"/b"}""");
        const string Document = """{"a":[[0]],"b":{},"c":{}}""";

        Assert.That(
            () => Apply("""{"a":["0123456789"]}""", $"[{string.Join(',', doubling)}]"),
            Throws.TypeOf<PatchException>().With.Message.Contains("the accumulated size increase of copy is"));
        Assert.That(
            () => Apply(Document, $"[{string.Join(',', deepening)}]"),
            Throws.TypeOf<PatchException>().With.Message.Contains("nest deeper"));
    }

    [Test]
    public void Many_moves_of_a_large_part_are_refused_in_bounded_time()
    {
        var large = "{\"a\":[" + string.Join(',', Enumerable.Repeat("0", 500_000)) + "]}";
        var moves = Enumerable.Range(0, 10_000).Select(i => i % 2 == 0
            ? """{"op":"move","from":"/a","path":"/b"}"""
            : """{"op":"move","from":"/b","path":"/a"}""");

        Assert.That(
            () => Apply(large, $"[{string.Join(',', moves)}]"),
            Throws.TypeOf<PatchException>().With.Message.Contains("too much"));
    }

    [Test]
    public void A_patch_can_be_applied_again()
    {
        var patch = JsonPatch.Parse("""[{"op":"add","path":"/a","value":{"x":[]}},{"op":"add","path":"/a/x/-","value":{"y":1}}]"""u8);

        Assert.That(patch.Apply(new JsonObject()).ToJsonString(), Is.EqualTo("""{"a":{"x":[{"y":1}]}}"""));
        Assert.That(patch.Apply(new JsonObject()).ToJsonString(), Is.EqualTo("""{"a":{"x":[{"y":1}]}}"""));
    }

    private static string Apply(string document, string patch) =>
        JsonPatch.Parse(Encoding.UTF8.GetBytes(patch)).Apply(JsonNode.Parse(document)!).ToJsonString();
}
