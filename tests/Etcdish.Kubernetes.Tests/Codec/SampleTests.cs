using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

/// <summary>What Go wrote decodes to what Go wrote, and encodes to the same bytes.</summary>
public sealed class SampleTests
{
    [TestCaseSource(typeof(SampleObjects), nameof(SampleObjects.Names))]
    public void Protobuf_decodes_to_the_json_of_the_same_object(string name)
    {
        var protobuf = SampleObjects.Protobuf(name);
        var output = new ArrayBufferWriter<byte>();

        KubernetesProtobuf.Decode(protobuf, SchemaCatalog.BuiltIn, output, SampleObjects.TypeOf(name));

        Assert.That(Encoding.UTF8.GetString(output.WrittenSpan), Is.EqualTo(Compact(SampleObjects.Json(name))));
    }

    [TestCaseSource(typeof(SampleObjects), nameof(SampleObjects.Names))]
    public void Json_encodes_to_the_same_bytes(string name)
    {
        var json = SampleObjects.Json(name);
        var output = new ArrayBufferWriter<byte>();

        KubernetesProtobuf.Encode(json, SchemaCatalog.BuiltIn, output, SampleObjects.TypeOf(name));

        Assert.That(Convert.ToHexString(output.WrittenSpan), Is.EqualTo(Convert.ToHexString(SampleObjects.Protobuf(name))));
    }

    [TestCaseSource(typeof(SampleObjects), nameof(SampleObjects.Names))]
    public void Fields_in_any_order_encode_to_the_same_bytes(string name)
    {
        var node = Reverse(JsonNode.Parse(SampleObjects.Json(name)))!;
        var output = new ArrayBufferWriter<byte>();

        KubernetesProtobuf.Encode(Encoding.UTF8.GetBytes(node.ToJsonString()), SchemaCatalog.BuiltIn, output, SampleObjects.TypeOf(name));

        // What is embedded keeps the order it came in, so only the length is the same in general.
        Assert.That(output.WrittenCount, Is.EqualTo(SampleObjects.Protobuf(name).Length));
    }

    private static string Compact(byte[] json) => JsonNode.Parse(json)!.ToJsonString();

    private static JsonNode? Reverse(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.Reverse().Select(f => KeyValuePair.Create(f.Key, Reverse(f.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Reverse)]),
        _ => node?.DeepClone(),
    };
}
