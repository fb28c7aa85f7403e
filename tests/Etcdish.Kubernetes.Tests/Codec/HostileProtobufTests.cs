using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

/// <summary>Whatever bytes come, the answer is an object or a clear error, at a bounded price.</summary>
public sealed class HostileProtobufTests
{
    private static readonly SchemaCatalog _catalog = SchemaCatalog.BuiltIn;

    [Test]
    public void Every_cut_of_a_pod_is_an_error_or_a_smaller_pod()
    {
        var whole = SampleObjects.Protobuf("core.v1.Pod");

        for (var length = 0; length < whole.Length; length++)
        {
            AssertCivil(whole.AsSpan(0, length), $"cut at {length}");
        }
    }

    [Test]
    public void Mutated_samples_are_errors_or_objects()
    {
        const int Seed = 35;
        var random = new Random(Seed);
        var samples = SampleObjects.Names().Select(SampleObjects.Protobuf).ToArray();

        for (var round = 0; round < 5000; round++)
        {
            var bytes = samples[random.Next(samples.Length)].ToArray();
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                var at = random.Next(4, bytes.Length);
                bytes[at] = random.Next(3) switch
                {
                    0 => (byte)random.Next(256),
                    1 => (byte)(bytes[at] ^ (1 << random.Next(8))),
                    _ => random.Next(2) == 0 ? (byte)0xff : (byte)0,
                };
            }

            AssertCivil(bytes, $"seed {Seed}, round {round}");
        }
    }

    [Test]
    public void Mutated_json_encodes_or_is_an_error()
    {
        const int Seed = 36;
        var random = new Random(Seed);
        var samples = SampleObjects.Names().Select(SampleObjects.Json).ToArray();

        for (var round = 0; round < 3000; round++)
        {
            var bytes = samples[random.Next(samples.Length)].ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)"{}[],:\"\\0-x \n\u0001é"u8[random.Next(15)];
            }

            try
            {
                KubernetesProtobuf.Encode(bytes, _catalog, new ArrayBufferWriter<byte>());
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

    [Test]
    public void An_error_names_the_field()
    {
        // Pod.spec (2) -> containers (2) -> image (2), which is no UTF-8.
        var body = Envelope("v1", "Pod", Message(2, Message(2, Bytes(2, [0xff, 0xfe]))));

        Assert.That(
            () => Decode(body),
            Throws.TypeOf<ObjectFormatException>().With.Message.EqualTo("spec.containers[0].image: protobuf: a string is not valid UTF-8"));
    }

    [Test]
    public void A_field_that_appears_twice_is_refused()
    {
        var body = Envelope("v1", "ConfigMap", [.. Message(1, Bytes(1, "a"u8)), .. Message(1, Bytes(3, "b"u8))]);

        Assert.That(
            () => Decode(body),
            Throws.TypeOf<ObjectFormatException>().With.Message.EqualTo("metadata: protobuf: the field appears twice"));
    }

    [Test]
    public void A_map_key_that_appears_twice_is_refused_and_order_does_not_matter()
    {
        var b = Message(2, [.. Bytes(1, "b"u8), .. Bytes(2, "1"u8)]);
        var a = Message(2, [.. Bytes(2, "2"u8), .. Bytes(1, "a"u8)]);

        Assert.That(Decode(Envelope("v1", "ConfigMap", [.. b, .. a])), Does.EndWith("\"data\":{\"a\":\"2\",\"b\":\"1\"}}"));
        Assert.That(
            () => Decode(Envelope("v1", "ConfigMap", [.. b, .. b])),
            Throws.TypeOf<ObjectFormatException>().With.Message.Contains("twice"));
    }

    [Test]
    public void An_entry_without_key_or_value_stands_for_the_empty_ones() =>
        Assert.That(Decode(Envelope("v1", "ConfigMap", Message(2, []))), Does.EndWith("\"data\":{\"\":\"\"}}"));

    [Test]
    public void A_field_of_the_wrong_wire_type_is_refused() =>
        Assert.That(
            () => Decode(Envelope("v1", "ConfigMap", [0x08, 1])),
            Throws.TypeOf<ObjectFormatException>().With.Message.EndsWith("protobuf: wire type 0 where 2 belongs"));

    [Test]
    public void Unknown_fields_are_passed_over() =>
        Assert.That(
            Decode(Envelope("v1", "ConfigMap", [.. Bytes(999, "x"u8), 0x78, 1])),
            Is.EqualTo("{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\"}"));

    [Test]
    public void Packed_numbers_are_read_as_a_list()
    {
        // PodSpec.securityContext (14) -> supplementalGroups (4).
        var body = Envelope("v1", "Pod", Message(2, Message(14, Bytes(4, [1, 2, 0x80, 1]))));

        Assert.That(Decode(body), Does.Contain("\"supplementalGroups\":[1,2,128]"));
    }

    [Test]
    public void Embedded_objects_may_be_protobuf_themselves()
    {
        var inner = Envelope("v1", "ConfigMap", Message(1, Bytes(1, "a"u8)));
        var body = Envelope("v1", "List", Message(2, Bytes(1, inner)));

        Assert.That(Decode(body), Does.Contain("\"items\":[{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}]"));
    }

    [Test]
    public void Nesting_is_bounded_in_envelopes_schemas_and_embedded_json()
    {
        var envelope = Envelope("v1", "ConfigMap", []);
        byte[] schema = [];
        for (var i = 0; i < 600; i++)
        {
            envelope = Envelope("v1", "List", Message(2, Bytes(1, envelope)));
            schema = Message(28, schema);
        }

        var definition = Envelope(
            "apiextensions.k8s.io/v1", "CustomResourceDefinition", Message(2, Message(7, Message(4, Message(1, schema)))));
        var json = Encoding.UTF8.GetBytes(new string('[', 5000) + new string(']', 5000));

        Assert.Multiple(() =>
        {
            Assert.That(() => Decode(envelope), Throws.TypeOf<ObjectFormatException>().With.Message.Contains("deeper"));
            Assert.That(() => Decode(definition), Throws.TypeOf<ObjectFormatException>().With.Message.Contains("deeper"));
            Assert.That(
                () => Decode(Envelope("apps/v1", "ControllerRevision", Message(2, Bytes(1, json)))),
                Throws.TypeOf<ObjectFormatException>().With.Message.Contains("no valid JSON"));
        });
    }

    [Test]
    public void A_short_message_that_stands_for_a_long_text_is_refused()
    {
        // Every two bytes are one empty container: `{"name":"","resources":{}}` and more.
        var containers = new byte[2_000_000];
        for (var i = 0; i < containers.Length; i += 2)
        {
            containers[i] = 0x12;
        }

        var limits = new CodecLimits { MaxOutputBytes = 1_000_000 };
        var output = new ArrayBufferWriter<byte>();

        Assert.That(
            () => KubernetesProtobuf.Decode(Envelope("v1", "Pod", Message(2, containers)), _catalog, output, limits: limits),
            Throws.TypeOf<ObjectFormatException>().With.Message.Contains("larger than 1000000 bytes"));
        Assert.That(output.WrittenCount, Is.LessThan(1_100_000));
    }

    [Test]
    public void A_kind_that_is_not_built_in_is_named() =>
        Assert.That(
            () => Decode(Envelope("example.com/v1", "Widget", [])),
            Throws.TypeOf<ObjectFormatException>().With.Message.EqualTo("no kind \"Widget\" is registered for version \"example.com/v1\""));

    [Test]
    public void A_body_without_the_magic_is_refused() =>
        Assert.That(() => Decode("{}"u8.ToArray()), Throws.TypeOf<ObjectFormatException>().With.Message.Contains("k8s"));

    [Test]
    public void Quantities_and_times_come_out_canonical()
    {
        // Pod.spec (2) -> containers (2) -> resources (8) -> limits (1) -> {1: cpu, 2: {1: "1000m"}}
        var entry = Message(1, [.. Bytes(1, "cpu"u8), .. Message(2, Bytes(1, "1000m"u8))]);
        var pod = Envelope("v1", "Pod", [.. Message(1, Message(8, [0x08, 0, 0x10, 5])), .. Message(2, Message(2, Message(8, entry)))]);

        Assert.That(Decode(pod), Does.Contain("\"limits\":{\"cpu\":\"1\"}").And.Contain("\"creationTimestamp\":\"1970-01-01T00:00:00Z\""));
    }

    [TestCase("""{"apiVersion":"v1","kind":"Pod","spec":{"hostNetwork":1}}""", "spec.hostNetwork: must be true or false")]
    [TestCase("""{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{},{"image":7}]}}""", "spec.containers[1].image: must be a string")]
    [TestCase("""{"apiVersion":"v1","kind":"Pod","spec":{"priority":3000000000}}""", "spec.priority: must be a whole number")]
    [TestCase("""{"apiVersion":"v1","kind":"Pod","metadata":{},"metadata":{}}""", "metadata: the field appears twice")]
    [TestCase("""{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a":"1","a":"2"}}}""", "metadata.labels.a: the field appears twice")]
    [TestCase("""{"apiVersion":"v1","kind":"Secret","data":{"a":"%%"}}""", "data.a: must be a string of base64")]
    [TestCase("""{"apiVersion":"v1","kind":"Nothing"}""", "no kind \"Nothing\" is registered")]
    [TestCase("""[]""", "the body is no JSON object")]
    [TestCase("", "no valid JSON")]
    [TestCase("""{"apiVersion":"meta.k8s.io/v1","kind":"Table"}""", "meta/v1.Table has no protobuf form")]
    public void Json_that_is_no_object_of_its_type_is_refused_with_its_place(string json, string message) =>
        Assert.That(
            () => KubernetesProtobuf.Encode(Encoding.UTF8.GetBytes(json), _catalog, new ArrayBufferWriter<byte>()),
            Throws.TypeOf<ObjectFormatException>().With.Message.Contains(message));

    [Test]
    public void A_schema_definition_survives_both_ways()
    {
        const string Json = """
            {
              "kind": "CustomResourceDefinition",
              "apiVersion": "apiextensions.k8s.io/v1",
              "metadata": {
                "name": "w.example.com"
              },
              "spec": {
                "group": "example.com",
                "names": {
                  "plural": "w",
                  "kind": "W"
                },
                "scope": "Cluster",
                "versions": [
                  {
                    "name": "v1",
                    "served": true,
                    "storage": true,
                    "schema": {
                      "openAPIV3Schema": {
                        "type": "object",
                        "maximum": 1.5,
                        "properties": {
                          "a": {
                            "type": "array",
                            "items": {
                              "type": "string",
                              "default": "x"
                            }
                          },
                          "b": {
                            "additionalProperties": true
                          },
                          "c": {
                            "additionalProperties": {
                              "type": "integer"
                            },
                            "dependencies": {
                              "d": [
                                "e"
                              ],
                              "f": {
                                "type": "object"
                              }
                            }
                          },
                          "g": {
                            "items": [
                              {
                                "type": "string"
                              },
                              {
                                "type": "number"
                              }
                            ]
                          }
                        },
                        "x-kubernetes-preserve-unknown-fields": true
                      }
                    }
                  }
                ]
              },
              "status": {
                "acceptedNames": {
                  "plural": "",
                  "kind": ""
                }
              }
            }
            """;
        var protobuf = new ArrayBufferWriter<byte>();
        KubernetesProtobuf.Encode(Encoding.UTF8.GetBytes(Json), _catalog, protobuf);

        var text = Decode(protobuf.WrittenSpan.ToArray());

        Assert.That(text, Is.EqualTo(JsonNode.Parse(Json)!.ToJsonString()));
    }

    private static void AssertCivil(ReadOnlySpan<byte> body, string what)
    {
        var output = new ArrayBufferWriter<byte>();
        try
        {
            KubernetesProtobuf.Decode(body, _catalog, output);
            JsonDocument.Parse(output.WrittenMemory, new JsonDocumentOptions { MaxDepth = 512 }).Dispose();
        }
        catch (ObjectFormatException)
        {
            // The one error there may be.
        }
        catch (Exception fault)
        {
            Assert.Fail($"{what}: {fault}");
        }
    }

    private static string Decode(byte[] body)
    {
        var output = new ArrayBufferWriter<byte>();
        KubernetesProtobuf.Decode(body, _catalog, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static byte[] Envelope(string apiVersion, string kind, byte[] message)
    {
        var header = Message(1, [.. Bytes(1, Encoding.UTF8.GetBytes(apiVersion)), .. Bytes(2, Encoding.UTF8.GetBytes(kind))]);
        return [.. "k8s\0"u8, .. header, .. Message(2, message)];
    }

    private static byte[] Message(int number, byte[] content) => Bytes(number, content);

    private static byte[] Bytes(int number, ReadOnlySpan<byte> content)
    {
        using var buffer = new MessageBuffer(int.MaxValue);
        buffer.AppendBytes(number, content);
        return buffer.Written.ToArray();
    }
}
