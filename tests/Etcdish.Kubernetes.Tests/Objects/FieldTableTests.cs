using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Tests.Objects;

/// <summary>Objects that are read by tables of fields are what the serializer would read of the same classes.</summary>
public sealed class FieldTableTests
{
    private const string RichPod =
        """
        {"kind":"Pod","metadata":{"name":"a","labels":{"x":"y"}},
         "spec":{"nodeName":"n","schedulerName":"s","nodeSelector":{"a":"b"},"restartPolicy":"Never","hostNetwork":true,"hostname":"h",
          "subdomain":"d","priority":-5,"serviceAccountName":"sa","terminationGracePeriodSeconds":3,"preemptionPolicy":"Never",
          "readinessGates":[{"conditionType":"g"}],"overhead":{"cpu":"10m"},"schedulingGates":[{"name":"gate"}],"unknown":[{"a":[1,{}]}],
          "resources":{"limits":{"cpu":1}},
          "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
            {"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]}]}}},
          "containers":[{"name":"c","image":"i","restartPolicy":"Always","volumeMounts":[{"name":"v"}],
            "ports":[{"name":"p","containerPort":80,"hostPort":8080,"hostIP":"1.2.3.4","protocol":"UDP"}],
            "resources":{"requests":{"cpu":"100m","memory":"1Gi"},"limits":{"memory":"2Gi"}}},{"name":"c2"},{"name":"c3"},{"name":"c4"},{"name":"c5"}],
          "initContainers":[{"name":"i","image":"i2","restartPolicy":"Always"}],
          "tolerations":[{"key":"k","operator":"Equal","value":"v","effect":"NoExecute","tolerationSeconds":300},{"operator":"Exists"}],
          "volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"cl","readOnly":true}},{"name":"e","ephemeral":{"volumeClaimTemplate":{}}},
            {"name":"s","projected":{"sources":[]}}]},
         "status":{"phase":"Running","reason":"r","message":"m","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"},{"ip":"::1"}],"hostIP":"1.1.1.1",
          "nominatedNodeName":"nn","startTime":"2026-01-02T03:04:05Z",
          "conditions":[{"type":"Ready","status":"True","reason":"r","message":"m","observedGeneration":2,"lastTransitionTime":"2026-01-02T03:04:05Z",
            "lastProbeTime":"2026-01-02T03:04:06Z","lastUpdateTime":"2026-01-02T03:04:07Z","lastHeartbeatTime":"2026-01-02T03:04:08Z"}],
          "containerStatuses":[{"name":"c","ready":true,"restartCount":4,"state":{"running":{"startedAt":"2026-01-02T03:04:05Z"}}}],
          "initContainerStatuses":[{"name":"i","state":{"terminated":{"reason":"Completed","exitCode":7,"startedAt":"2026-01-02T03:04:05Z",
            "finishedAt":"2026-01-02T03:04:06Z"}}},{"name":"w","state":{"waiting":{"reason":"PodInitializing"}}}]}}
        """;

    /// <summary>The serializer without our tables.</summary>
    private static readonly JsonSerializerOptions _plain = new(JsonSerializerDefaults.Web)
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new QuantityConverter(), new IntOrStringConverter(), new LabelSelectorConverter() },
    };

    private static readonly (Type Type, IEnumerable<string> Names)[] _tables =
    [
        .. new[] { typeof(PodFields), typeof(ObjectFields) }
            .SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Static))
            .Select(property => property.GetValue(null)!)
            .Select(table => (
                table.GetType().GetGenericArguments()[0],
                (IEnumerable<string>)table.GetType().GetProperty(nameof(FieldTable<Pod>.Names))!.GetValue(table)!)),
    ];

    [Test]
    public void A_table_has_all_fields_of_its_class() => Assert.Multiple(() =>
    {
        foreach (var (type, names) in _tables)
        {
            var properties = type.GetProperties()
                .Where(property => property.SetMethod is not null && property.GetCustomAttribute<JsonIgnoreAttribute>() is null)
                .Select(property => property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name
                    ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name));
            Assert.That(names, Is.EquivalentTo(properties), type.Name);
        }
    });

    [Test]
    public void A_pod_is_read_as_the_serializer_would() => Compare(RichPod);

    [TestCase("{}")]
    [TestCase("""{"spec":{},"status":{}}""")]
    [TestCase("""{"status":{"phase":"A","conditions":[]},"spec":{"containers":[]},"metadata":{"name":"late"}}""")]
    [TestCase("""{"spec":{"nodeName":"a","nodeName":"b"}}""")]
    [TestCase("""{"spec":{"node\u004eame":"escaped","hostname":"\u00e9\ud83d\ude00"}}""")]
    public void Whatever_stands_in_it(string pod) => Compare(pod);

    [Test]
    public void What_is_null_is_as_if_it_were_missing()
    {
        var pod = Read("""{"metadata":null,"spec":{"nodeName":null,"priority":null,"containers":null},"status":null}""");
        Assert.That(pod.Metadata.Name + pod.Spec.NodeName + pod.Status.Phase, Is.Empty);
        Assert.That(pod.Spec.Containers, Is.Empty);
    }

    [TestCase("""{"spec":[]}""")]
    [TestCase("""{"spec":{"containers":{} } }""")]
    [TestCase("""{"spec":{"containers":[1]}}""")]
    [TestCase("""{"spec":{"priority":"high"}}""")]
    [TestCase("""{"spec":{"priority":5000000000}}""")]
    [TestCase("""{"spec":{"hostNetwork":"yes"}}""")]
    [TestCase("""{"spec":{"nodeName":{}}}""")]
    [TestCase("""{"spec":{"overhead":{"cpu":"many"}}}""")]
    [TestCase("""{"status":{"startTime":"now"}}""")]
    [TestCase("""{"spec":{"nodeName":"a" """)]
    [TestCase("""{"spec":{}}{}""")]
    public void What_has_another_form_is_refused(string pod) => Assert.That(() => Read(pod), Throws.InstanceOf<JsonException>());

    private static Pod Read(string pod) => JsonSerializer.Deserialize(pod, ObjectForms.Default.Pod)!;

    private static void Compare(string pod)
    {
        var expected = JsonSerializer.SerializeToNode(JsonSerializer.Deserialize<Pod>(pod, _plain), _plain);
        var actual = JsonSerializer.SerializeToNode(Read(pod), _plain);
        Assert.That(JsonNode.DeepEquals(actual, expected), Is.True, $"{actual}\nis not\n{expected}");
    }
}
