using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

public sealed class FieldSetTests
{
    [TestCase("{}")]
    [TestCase("""{"f:spec":{"f:replicas":{}}}""")]
    [TestCase("""{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:image":{}}}}}""")]
    [TestCase(
        """{"f:ports":{"k:{\"port\":9,\"protocol\":\"TCP\"}":{".":{}},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{}}}}""")]
    [TestCase(
        """{"f:finalizers":{"v:\"a\"":{},"v:\"b\"":{}},"f:list":{"i:0":{},"i:10":{}},"f:numbers":{"v:2":{},"v:10":{},"v:true":{}}}""")]
    public void The_notation_is_read_and_written(string json)
    {
        var set = FieldSetJson.Read(JsonNode.Parse(json));

        Assert.That(FieldSetJson.Write(set).ToJsonString(Relaxed),
            Is.EqualTo(json.Replace("""{".":{}}""", "{}", StringComparison.Ordinal)));
    }

    [Test]
    public void Paths_read_as_messages_have_them()
    {
        var set = FieldSetJson.Read(JsonNode.Parse(
            """{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:image":{}}},"f:finalizers":{"v:\"x\"":{}},"f:n":{"i:1":{}}}}"""));

        Assert.That(set.Paths(), Is.EqualTo(
            [".spec.containers[name=\"a\"]", ".spec.containers[name=\"a\"].image", ".spec.finalizers[=\"x\"]", ".spec.n[1]"]));
    }

    [TestCase("""{"f":{}}""")]
    [TestCase("""{"k:[]":{}}""")]
    [TestCase("""{"k:{\"a\":{}}":{}}""")]
    [TestCase("""{"v:{":{}}""")]
    [TestCase("""{"v:[1]":{}}""")]
    [TestCase("""{"i:x":{}}""")]
    [TestCase("""{"f:a":1}""")]
    [TestCase("[]")]
    public void A_malformed_set_is_refused(string json) =>
        Assert.That(() => FieldSetJson.Read(JsonNode.Parse(json)), Throws.TypeOf<FormatException>());

    [Test]
    public void Steps_of_unknown_kinds_are_left_out() =>
        Assert.That(FieldSetJson.Read(JsonNode.Parse("""{"x:new":{"f:a":{}},"f:b":{}}""")).Paths(), Is.EqualTo([".b"]));

    [Test]
    public void Operations_agree_with_sets_of_texts()
    {
        const int Seed = 51;
        var random = new Random(Seed);
        for (var round = 0; round < 500; round++)
        {
            var a = RandomSet(random);
            var b = RandomSet(random);
            var (left, right) = (a.Paths().ToHashSet(), b.Paths().ToHashSet());

            Assert.Multiple(() =>
            {
                Assert.That(a.Union(b).Paths(), Is.EquivalentTo(left.Union(right)), $"seed {Seed}, round {round}");
                Assert.That(a.Intersect(b).Paths(), Is.EquivalentTo(left.Intersect(right)), $"seed {Seed}, round {round}");
                Assert.That(a.Except(b).Paths(), Is.EquivalentTo(left.Except(right)), $"seed {Seed}, round {round}");
                Assert.That(
                    a.ExceptTrees(b).Paths(),
                    Is.EquivalentTo(left.Where(p => !right.Any(r => p == r || p.StartsWith(r + ".", StringComparison.Ordinal)))),
                    $"seed {Seed}, round {round}");
                Assert.That(FieldSetJson.Read(FieldSetJson.Write(a)), Is.EqualTo(a), $"seed {Seed}, round {round}");
            });
        }
    }

    [Test]
    public void An_object_says_which_fields_it_sets()
    {
        var pod = JsonNode.Parse("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a":"1"},"finalizers":["x"],"annotations":{}},
             "spec":{"containers":[{"name":"c","command":["sh"],"ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1"}}}],
                     "volumes":[{"name":"v","emptyDir":{}}],"nodeSelector":{"n":"m"},"securityContext":null}}
            """)!.AsObject();

        var set = FieldSetExtractor.Extract(pod, SchemaType.Object(SchemaCatalog.BuiltIn.FindKind("v1", "Pod")!));

        Assert.That(set.Paths(), Is.EqualTo(
        [
            ".apiVersion", ".kind", ".metadata.annotations", ".metadata.finalizers[=\"x\"]", ".metadata.labels.a",
            ".spec.containers[name=\"c\"]", ".spec.containers[name=\"c\"].command", ".spec.containers[name=\"c\"].name",
            ".spec.containers[name=\"c\"].ports[containerPort=80,protocol=\"TCP\"]",
            ".spec.containers[name=\"c\"].ports[containerPort=80,protocol=\"TCP\"].containerPort",
            ".spec.containers[name=\"c\"].resources.limits.cpu", ".spec.nodeSelector", ".spec.securityContext",
            ".spec.volumes[name=\"v\"]", ".spec.volumes[name=\"v\"].emptyDir", ".spec.volumes[name=\"v\"].name",
        ]));
    }

    private static System.Text.Json.JsonSerializerOptions Relaxed { get; } = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static FieldSet RandomSet(Random random)
    {
        var builder = new FieldSetBuilder();
        for (var i = random.Next(6); i > 0; i--)
        {
            var at = builder;
            for (var depth = random.Next(3); depth > 0; depth--)
            {
                at = at.Below(PathElement.Field($"{(char)('a' + random.Next(3))}"));
            }

            at.Add(PathElement.Field($"{(char)('a' + random.Next(3))}"));
        }

        return builder.Build();
    }
}
