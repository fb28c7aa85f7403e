using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

public sealed class TypedJsonTests
{
    [TestCaseSource(typeof(SampleObjects), nameof(SampleObjects.Names))]
    public void What_go_wrote_is_canonical_already(string name)
    {
        var json = SampleObjects.Json(name);
        var header = ObjectHeader.Read(json);
        var type = SampleObjects.TypeOf(name) ?? SchemaCatalog.BuiltIn.FindKind(header.ApiVersion, header.Kind)!;

        var (text, issues) = Normalize(Encoding.UTF8.GetString(json), type);

        Assert.That(issues, Is.Empty);
        Assert.That(text, Is.EqualTo(JsonNode.Parse(json)!.ToJsonString()));
    }

    [Test]
    public void Unknown_and_duplicate_fields_are_told_with_their_path_and_dropped()
    {
        var (text, issues) = Normalize("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"x":"1","y":"2","x":"3"}},"specs":1,
             "spec":{"nodeName":"first","containers":[{"name":"c"},{"name":"d","imag":"x","ports":[{"containerPort":1,"port":2}]}],
                     "nodeName":"last","extra":{"deep":[1,{"a":2}]},"extra":1}}
            """);

        Assert.Multiple(() =>
        {
            Assert.That(issues, Is.EqualTo(
            [
                "duplicate field \"metadata.labels.x\"",
                "unknown field \"specs\"",
                "duplicate field \"spec.nodeName\"",
                "unknown field \"spec.containers[1].imag\"",
                "unknown field \"spec.containers[1].ports[0].port\"",
                "unknown field \"spec.extra\"",
            ]));
            Assert.That(text, Does.Contain("\"labels\":{\"y\":\"2\",\"x\":\"3\"}"));
            Assert.That(text, Does.Contain(
                "{\"containers\":[{\"name\":\"c\"},{\"name\":\"d\",\"ports\":[{\"containerPort\":1}]}],\"nodeName\":\"last\"}"));
        });
    }

    [Test]
    public void A_strict_message_names_all_issues_and_their_number_is_bounded()
    {
        var many = string.Join(',', Enumerable.Range(0, 500).Select(i => $"\"x{i}\":1"));
        var output = new ArrayBufferWriter<byte>();

        var few = TypedJson.Normalize("""{"x":1,"y":2,"x":3}"""u8, Type("v1", "ConfigMap"), output);
        var bounded = TypedJson.Normalize(Encoding.UTF8.GetBytes($"{{{many}}}"), Type("v1", "ConfigMap"), output);

        Assert.That(few.StrictMessage, Is.EqualTo("strict decoding error: unknown field \"x\", unknown field \"y\""));
        Assert.That(bounded.Messages, Has.Count.EqualTo(100));
    }

    [Test]
    public void Names_spelled_with_escapes_are_the_same_names()
    {
        var (text, issues) = Normalize("""{"apiVersion":"v1","kind":"ConfigMap","\u0064ata":{"a":"1","\u0061":"2"}}""");

        Assert.That(issues, Is.EqualTo(["duplicate field \"data.a\""]));
        Assert.That(text, Is.EqualTo("""{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"2"}}"""));
    }

    [Test]
    public void Duplicates_are_found_in_large_maps_and_in_embedded_objects()
    {
        var entries = string.Join(',', Enumerable.Range(0, 1000).Select(i => $"\"k{i % 999}\":\"{i}\""));
        var (text, issues) = Normalize($$$"""{"apiVersion":"v1","kind":"ConfigMap","data":{{{{entries}}}}}""");
        var (embedded, embeddedIssues) = Normalize(
            """{"apiVersion":"apps/v1","kind":"ControllerRevision","data":{"a":1,"b":[{"c":1,"c":2}],"a":3},"revision":1}""");

        Assert.Multiple(() =>
        {
            Assert.That(issues, Is.EqualTo(["duplicate field \"data.k0\""]));
            Assert.That(JsonNode.Parse(text)!["data"]!["k0"]!.GetValue<string>(), Is.EqualTo("999"));
            Assert.That(embedded, Does.Contain("\"data\":{\"b\":[{\"c\":2}],\"a\":3}"));
            Assert.That(embeddedIssues, Has.Count.EqualTo(2));
        });
    }

    [Test]
    public void Empty_values_go_as_go_has_them()
    {
        var (text, _) = Normalize("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"","labels":{},"creationTimestamp":null,"finalizers":[],"generation":0},
             "spec":{"hostNetwork":false,"automountServiceAccountToken":false,"priority":0,"securityContext":{},"containers":[],
                     "volumes":[{"name":"v","emptyDir":{}}],"nodeSelector":null},"status":{}}
            """);

        Assert.That(text, Is.EqualTo(
            """{"apiVersion":"v1","kind":"Pod","metadata":{},"spec":{"automountServiceAccountToken":false,"priority":0,"""
            + """ "securityContext":{},"containers":[],"volumes":[{"name":"v","emptyDir":{}}]},"status":{}}""".TrimStart()));
    }

    [Test]
    public void Values_become_canonical()
    {
        var (text, _) = Normalize("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"2020-01-01T01:00:00.5+01:00"},
             "spec":{"containers":[{"name":"a\u0062","resources":{"limits":{"cpu":0.5,"memory":"1024Mi","x":null}},
                     "livenessProbe":{"httpGet":{"port":80}},"readinessProbe":{"httpGet":{"port":"web"}}}]}}
            """);
        var (secret, _) = Normalize("""{"apiVersion":"v1","kind":"Secret","data":{"a":"aGVs\nbG8=","b":""}}""");

        Assert.Multiple(() =>
        {
            Assert.That(text, Does.Contain("\"creationTimestamp\":\"2020-01-01T00:00:00Z\""));
            Assert.That(text, Does.Contain("\"name\":\"ab\""));
            Assert.That(text, Does.Contain("\"limits\":{\"cpu\":\"500m\",\"memory\":\"1Gi\",\"x\":\"0\"}"));
            Assert.That(text, Does.Contain("\"port\":80").And.Contain("\"port\":\"web\""));
            Assert.That(secret, Does.Contain("\"data\":{\"a\":\"aGVsbG8=\",\"b\":\"\"}"));
        });
    }

    [TestCase("""{"spec":{"replicas":"3"}}""",
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [TestCase("""{"spec":{"replicas":3.5}}""",
        "json: cannot unmarshal number 3.5 into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [TestCase("""{"spec":{"replicas":3000000000}}""",
        "cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas")]
    [TestCase("""{"spec":{"paused":"true"}}""",
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool")]
    [TestCase("""{"spec":[]}""", "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec")]
    [TestCase("""{"metadata":{"labels":{"a":1}}}""",
        "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels.a of type string")]
    [TestCase("""{"metadata":{"labels":["a"]}}""",
        "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":{}}}}}""",
        "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"image":true}]}}}}""",
        "spec.template.spec.containers[0].image: json: cannot unmarshal bool into Go struct field Container.spec.template.spec.containers.image of type string")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"resources":{"limits":{"cpu":"1x"}}}]}}}}""",
        "quantities must match the regular expression")]
    [TestCase("""{"metadata":{"creationTimestamp":"yesterday"}}""", "metadata.creationTimestamp: parsing time \"yesterday\"")]
    [TestCase("""[]""", "cannot unmarshal array")]
    [TestCase("null", "cannot unmarshal null")]
    [TestCase("{", "no valid JSON")]
    [TestCase("{} {}", "no valid JSON")]
    [TestCase("", "no valid JSON")]
    public void A_value_of_the_wrong_type_is_an_error_in_gos_words(string json, string message) =>
        Assert.That(
            () => TypedJson.Normalize(Encoding.UTF8.GetBytes(json), Type("apps/v1", "Deployment"), new ArrayBufferWriter<byte>()),
            Throws.TypeOf<ObjectFormatException>().With.Message.Contains(message));

    [Test]
    public void Depth_is_bounded()
    {
        var json = $$"""{"apiVersion":"apps/v1","kind":"ControllerRevision","data":{{new string('[', 5000)}}{{new string(']', 5000)}}}""";

        Assert.That(() => Normalize(json), Throws.TypeOf<ObjectFormatException>());
    }

    [Test]
    public void A_schema_keeps_its_either_or_values()
    {
        const string Schema =
            """{"type":"object","properties":{"a":{"items":{"type":"string"}},"b":{"additionalProperties":true},"""
            + """ "c":{"items":[{"type":"x"}]},"d":{"dependencies":{"e":["f"]},"default":{"z":[1,null]},"enum":[1,"a"]}}}""";
        var spec = """{"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":SCHEMA}}]}""";
        var json = """{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","spec":SPEC}"""
            .Replace("SPEC", spec, StringComparison.Ordinal)
            .Replace("SCHEMA", Schema.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);

        var (text, issues) = Normalize(json);

        Assert.That(issues, Is.Empty);
        Assert.That(text, Is.EqualTo(json));
    }

    [Test]
    public void A_type_of_ones_own_keeps_empty_values_and_what_it_does_not_name()
    {
        var spec = new StructType("Spec", [new Field("size", SchemaType.Scalar(ValueKind.Int64)) { IsPointer = true }],
            additional: SchemaType.Deduced);
        var widget = new StructType("Widget", [new Field("spec", SchemaType.Object(spec)) { IsPointer = true }]);
        var output = new ArrayBufferWriter<byte>();

        var issues = TypedJson.Normalize("""{"spec":{"size":0,"other":{"a":[]}},"x":1}"""u8, widget, output);

        Assert.That(Encoding.UTF8.GetString(output.WrittenSpan), Is.EqualTo("""{"spec":{"size":0,"other":{"a":[]}}}"""));
        Assert.That(issues.Messages, Is.EqualTo(["unknown field \"x\""]));
    }

    [Test]
    public void Mutated_samples_are_errors_or_objects()
    {
        const int Seed = 37;
        var random = new Random(Seed);
        var samples = SampleObjects.Names().Select(SampleObjects.Json).ToArray();
        for (var round = 0; round < 2000; round++)
        {
            var bytes = samples[random.Next(samples.Length)].ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)"{}[],:\"\\0-x \n\u0001\u00e9"u8[random.Next(15)];
            }

            var output = new ArrayBufferWriter<byte>();
            try
            {
                TypedJson.Normalize(bytes, Type("v1", "Pod"), output);
                JsonDocument.Parse(output.WrittenMemory,
                    new JsonDocumentOptions { MaxDepth = 512, AllowDuplicateProperties = false }).Dispose();
            }
            catch (ObjectFormatException)
            {
                // The one error there may be.
            }
            catch (Exception fault)
            {
                Assert.Fail($"seed {Seed}, round {round}: {fault}");
            }
        }
    }

    private static (string Text, IReadOnlyList<string> Issues) Normalize(string json, StructType? type = null)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var header = ObjectHeader.Read(bytes);
        var output = new ArrayBufferWriter<byte>();
        var issues = TypedJson.Normalize(bytes, type ?? Type(header.ApiVersion, header.Kind), output);
        return (Encoding.UTF8.GetString(output.WrittenSpan), issues.Messages);
    }

    private static StructType Type(string apiVersion, string kind) => SchemaCatalog.BuiltIn.FindKind(apiVersion, kind)!;
}
