using System.Buffers;
using System.Text;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.Fuzz.Inputs;
using Etcdish.Kubernetes;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// A Pod sent to the Kubernetes API as JSON, YAML or protobuf (the first byte says which): an object of its type that can be written again,
/// or the failure that the client is told.
/// </summary>
internal sealed class ApiBodyTarget : IFuzzTarget
{
    private static readonly string[] _types = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
    private static readonly StructType _pod = SchemaCatalog.BuiltIn.FindKind("v1", "Pod")!;

    private static readonly string _json = """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{"a":"b"},"creationTimestamp":"2026-01-01T00:00:00Z"},
        "spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"protocol":"TCP"}],"command":["x","y"],
        "resources":{"limits":{"cpu":"100m","memory":1024}},"livenessProbe":{"httpGet":{"port":"http"},"periodSeconds":3}}],
        "nodeSelector":{"k":"v"},"terminationGracePeriodSeconds":30,"hostNetwork":false}}
        """;

    private static readonly string _yaml = """
        apiVersion: v1
        kind: Pod
        metadata: &m {name: p, labels: {a: "b", 'c': d}}
        spec:
          containers:
          - name: c
            image: >-
              registry/
              image
            args: [a, 0x1F, 1e3, ~, yes]
            env:
            - {name: TEXT, value: |
                two
                lines
              }
          nodeSelector: {k: v}
        """;

    private static readonly byte[] _protobuf = MakeProtobuf();

    public string Name => "apiBody";

    public byte[] MakeInput(Random random)
    {
        var type = random.Next(_types.Length);
        return [(byte)type, .. InputMutator.MakeInput(random, _ => Valid(type))];
    }

    public bool Accepts(byte[] input)
    {
        var type = input.Length == 0 ? 0 : input[0] % _types.Length;
        try
        {
            var json = RequestBody.ToJson(input.Length == 0 ? [] : input[1..], _types[type], _pod);
            var value = ObjectDocument.Decode(json.Span, _pod, "Pod", "v1", FieldValidation.Warn, out _);
            var again = ObjectDocument.Decode(ApiJson.Write(value), _pod, "Pod", "v1", FieldValidation.Strict, out _);
            return System.Text.Json.Nodes.JsonNode.DeepEquals(value, again)
                ? true
                : throw new ContractException($"read again it is another object: {value.ToJsonString()} and {again.ToJsonString()}");
        }
        catch (Exception e) when (e is ObjectFormatException or ApiException { Code: 400 })
        {
            return false;
        }
    }

    public long MostAllocatedBytes(byte[] input) => (4 << 20) + (4096L * input.Length);

    private static byte[] Valid(int type) => type switch
    {
        0 => Encoding.UTF8.GetBytes(_json),
        1 => Encoding.UTF8.GetBytes(_yaml),
        _ => _protobuf,
    };

    private static byte[] MakeProtobuf()
    {
        var output = new ArrayBufferWriter<byte>();
        KubernetesProtobuf.Encode(Encoding.UTF8.GetBytes(_json), SchemaCatalog.BuiltIn, output);
        return output.WrittenSpan.ToArray();
    }
}
