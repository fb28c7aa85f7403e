using System.Buffers;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

/// <summary>The short way to a creator's fields says what the algebra says.</summary>
public sealed class CreatedFieldsTests
{
    [TestCaseSource(typeof(SampleObjects), nameof(SampleObjects.Names))]
    public void A_sample_has_the_fields_that_a_comparison_with_nothing_finds(string name)
    {
        var json = SampleObjects.Json(name);
        var header = ObjectHeader.Read(json);
        var type = SampleObjects.TypeOf(name) ?? SchemaCatalog.BuiltIn.FindKind(header.ApiVersion, header.Kind)!;
        var canonical = new ArrayBufferWriter<byte>();
        TypedJson.Normalize(json, type, canonical);
        var value = JsonTree.ParseObject(canonical.WrittenSpan);
        (value["metadata"] as JsonObject)?.Remove("managedFields");

        Compare(value, type, header.ApiVersion, []);
        Compare(value, type, header.ApiVersion, ["status"]);
    }

    [TestCase("""{"metadata":{"name":"a"}}""", null)]
    [TestCase("""{"metadata":{"labels":{}},"spec":{"template":{"spec":{"securityContext":{}}}}}""", "{}")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"b"},{"name":"a"},{"name":"b"}]}}}}""", "{}")]
    [TestCase("""{"spec":{"strategy":{"type":"Recreate"},"selector":{"matchLabels":{"a":"b"}}},"status":{"replicas":1}}""", "{}")]
    public void Empty_and_repeated_parts_are_as_in_a_comparison(string json, string? expected)
    {
        var type = SchemaCatalog.BuiltIn.FindKind("apps/v1", "Deployment")!;
        var fields = Compare(JsonNode.Parse(json)!.AsObject(), type, "apps/v1", ["status"]);

        Assert.That(fields is null, Is.EqualTo(expected is null));
    }

    private static JsonNode? Compare(JsonObject value, StructType type, string apiVersion, string[] reset)
    {
        var manager = new FieldManager(new SingleVersion(apiVersion, type));
        var context = new WriteContext { ApiVersion = apiVersion, Manager = "m", Now = DateTimeOffset.UnixEpoch, ResetFields = reset };
        var quick = value.DeepClone().AsObject();
        manager.Update(null, quick, context);
        var slow = value.DeepClone().AsObject();

        // An object that is stored without an identity is compared as all others are.
        manager.Update([], slow, context);
        Assert.That(quick.ToJsonString(), Is.EqualTo(slow.ToJsonString()));
        return quick["metadata"]?["managedFields"];
    }
}
