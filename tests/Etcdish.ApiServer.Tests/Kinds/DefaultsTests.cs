using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Tests.Kinds;

/// <summary>What objects say when their authors said nothing.</summary>
public class DefaultsTests
{
    private const string Folder = "kubernetes-samples-v1.35";

    [Test]
    public void A_deployment_and_its_pods()
    {
        var spec = KindBench.Create(GoodObjects.Deployment, out _)["spec"]!;

        AssertIs(spec["strategy"], """{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}}""");
        Assert.That((int)spec["replicas"]! + (int)spec["revisionHistoryLimit"]! + (int)spec["progressDeadlineSeconds"]!, Is.EqualTo(611));
        AssertIs(spec["template"]!["spec"], """
            {"containers":[{"name":"c","image":"nginx:1","resources":{},"terminationMessagePath":"/dev/termination-log",
            "terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,
            "dnsPolicy":"ClusterFirst","securityContext":{},"schedulerName":"default-scheduler"}
            """);
    }

    [Test]
    public void A_pod()
    {
        var pod = KindBench.Create(GoodObjects.Pod, out _);
        var container = pod["spec"]!["containers"]![0]!;

        Assert.That((bool)pod["spec"]!["enableServiceLinks"]!);
        AssertIs(container["resources"]!["requests"], """{"cpu":"500m","memory":"1Gi"}""");
        AssertIs(container["livenessProbe"], """
            {"httpGet":{"port":"http","path":"/","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}
            """);
        AssertIs(container["env"]![1]!["valueFrom"], """{"fieldRef":{"fieldPath":"metadata.labels['app']","apiVersion":"v1"}}""");
        AssertIs(pod["spec"]!["volumes"]![0], """{"name":"v","emptyDir":{}}""");
        AssertIs(pod["spec"]!["volumes"]![1], """{"name":"s","secret":{"secretName":"x","defaultMode":420}}""");
        Assert.That(pod["spec"]!["initContainers"]![0]!["imagePullPolicy"]!.ToString(), Is.EqualTo("Always"));
        AssertIs(pod["status"], """{"phase":"Pending","qosClass":"Burstable"}""");
    }

    [Test]
    public void A_service()
    {
        AssertIs(KindBench.Create(GoodObjects.Service, out _)["spec"], """
            {"selector":{"app":"web"},"clusterIP":"10.96.0.10","ports":[{"name":"http","port":80,"targetPort":"http","protocol":"TCP"},
            {"name":"dns","port":53,"protocol":"UDP","targetPort":53}],"type":"ClusterIP","sessionAffinity":"None",
            "internalTrafficPolicy":"Cluster","clusterIPs":["10.96.0.10"]}
            """);
    }

    [Test]
    public void A_job_selects_its_pods_by_its_uid()
    {
        var spec = KindBench.Create(GoodObjects.Job, out _)["spec"]!;

        AssertIs(spec["selector"], """{"matchLabels":{"batch.kubernetes.io/controller-uid":"0a0a0a0a-0000-0000-0000-000000000000"}}""");
        AssertIs(spec["template"]!["metadata"]!["labels"], """
            {"controller-uid":"0a0a0a0a-0000-0000-0000-000000000000","job-name":"once",
            "batch.kubernetes.io/controller-uid":"0a0a0a0a-0000-0000-0000-000000000000","batch.kubernetes.io/job-name":"once"}
            """);
        Assert.That(
            new[] { "completions", "parallelism", "backoffLimit", "completionMode", "suspend", "manualSelector", "podReplacementPolicy" }
                .Select(f => spec[f]!.ToString()),
            Is.EqualTo(["1", "1", "6", "NonIndexed", "false", "false", "TerminatingOrFailed"]));
    }

    [TestCase("StatefulSet", "spec/updateStrategy", """{"type":"RollingUpdate","rollingUpdate":{"partition":0}}""")]
    [TestCase("StatefulSet", "spec/persistentVolumeClaimRetentionPolicy", """{"whenDeleted":"Retain","whenScaled":"Retain"}""")]
    [TestCase("StatefulSet", "spec/volumeClaimTemplates/0/status", """{"phase":"Pending"}""")]
    [TestCase("DaemonSet", "spec/updateStrategy", """{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":0}}""")]
    [TestCase("CronJob", "spec/concurrencyPolicy", "\"Allow\"")]
    [TestCase("CronJob", "spec/successfulJobsHistoryLimit", "3")]
    [TestCase("Autoscaler", "spec/minReplicas", "1")]
    [TestCase("Autoscaler", "spec/metrics",
        """[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]""")]
    [TestCase("Autoscaler", "spec/behavior/scaleDown",
        """{"selectPolicy":"Max","policies":[{"type":"Percent","value":100,"periodSeconds":15}]}""")]
    [TestCase("NetworkPolicy", "spec/policyTypes", """["Ingress","Egress"]""")]
    [TestCase("NetworkPolicy", "spec/ingress/0/ports/1", """{"port":"http","protocol":"TCP"}""")]
    [TestCase("Claim", "spec/volumeMode", "\"Filesystem\"")]
    [TestCase("Claim", "status", """{"phase":"Pending"}""")]
    [TestCase("Volume", "spec/persistentVolumeReclaimPolicy", "\"Retain\"")]
    [TestCase("Volume", "spec/hostPath", """{"path":"/data","type":""}""")]
    [TestCase("StorageClass", "volumeBindingMode", "\"Immediate\"")]
    [TestCase("EndpointSlice", "ports", """[{"port":80,"name":"","protocol":"TCP"}]""")]
    [TestCase("RoleBinding", "subjects/0", """{"kind":"User","name":"u","apiGroup":"rbac.authorization.k8s.io"}""")]
    [TestCase("RoleBinding", "subjects/1", """{"kind":"ServiceAccount","name":"s","namespace":"n"}""")]
    [TestCase("LimitRange", "spec/limits/0/defaultRequest", """{"cpu":"2","memory":"1Mi"}""")]
    [TestCase("Secret", "data", """{"k":"dg=="}""")]
    [TestCase("Secret", "type", "\"Opaque\"")]
    [TestCase("PriorityClass", "preemptionPolicy", "\"PreemptLowerPriority\"")]
    [TestCase("Node", "spec/podCIDRs", """["10.1.0.0/24"]""")]
    [TestCase("Namespace", "metadata/labels", """{"kubernetes.io/metadata.name":"team"}""")]
    public void Other_kinds(string kind, string path, string expected)
    {
        JsonNode? node = KindBench.Create(GoodObjects.All[kind], out _);
        foreach (var step in path.Split('/'))
        {
            node = node is JsonArray list ? list[int.Parse(step)] : node![step];
        }

        AssertIs(node, expected);
    }

    [Test]
    public void A_service_gives_up_what_its_new_type_has_no_use_for()
    {
        var service = KindBench.Read(GoodObjects.Service);
        KindBench.Set(service, "spec/type", "\"LoadBalancer\"");
        KindBench.Set(service, "spec/loadBalancerClass", "\"example.com/lb\"");
        var stored = KindBench.Create(service.ToJsonString(), out var errors);
        JsonObject? inside = null;
        var refused = KindBench.Update(stored, value =>
        {
            value["spec"]!["type"] = "ClusterIP";
            inside = value;
        });

        Assert.That(errors.Concat(refused), Is.Empty);
        Assert.That((bool)stored["spec"]!["allocateLoadBalancerNodePorts"]!);
        Assert.That(stored["spec"]!["externalTrafficPolicy"]!.ToString(), Is.EqualTo("Cluster"));
        foreach (var field in new[] { "allocateLoadBalancerNodePorts", "loadBalancerClass", "externalTrafficPolicy" })
        {
            Assert.That(inside!["spec"]![field], Is.Null, field);
        }
    }

    [Test]
    public void Defaults_of_defaults_are_the_same()
    {
        foreach (var (type, sample) in Samples())
        {
            type.Rules.ApplyDefaults?.Invoke(sample);
            var once = sample.DeepClone();
            type.Rules.ApplyDefaults?.Invoke(sample);
            Assert.That(JsonNode.DeepEquals(once, sample), type.Info.Kind);
            type.Rules.Prepare?.Invoke(sample, null);
            var errors = new List<FieldError>();
            type.Rules.Validate?.Invoke(sample, null, errors);
            type.Rules.ValidateChange?.Invoke("status", sample, (JsonObject)once, errors);
        }
    }

    [Test]
    public void Any_damage_leads_to_errors_or_to_an_object()
    {
        var seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var good = GoodObjects.All.Values.Select(json => KindBench.Create(json, out _)).Select(value => (TypeOf(value), value));
        var all = good.Concat(Samples()).ToArray();
        for (var i = 0; i < 4000; i++)
        {
            var (type, sample) = all[random.Next(all.Length)];
            var value = (JsonObject)sample.DeepClone();
            for (var damage = random.Next(1, 4); damage > 0; damage--)
            {
                Damage(value, random);
            }

            var before = value.ToJsonString();
            try
            {
                TakeThrough(type, value, sample);
            }
            catch (Exception e)
            {
                Assert.Fail($"{type.Info.Kind}: {e}\n{before}");
            }
        }
    }

    private static void TakeThrough(ResourceType type, JsonObject value, JsonObject sample)
    {
        var errors = new List<FieldError>();
        var changed = (JsonObject)value.DeepClone();
        type.Rules.ApplyDefaults?.Invoke(value);
        type.Rules.Prepare?.Invoke(value, null);
        MetadataChecks.Check(type, value, null, errors);
        type.Rules.Validate?.Invoke(value, null, errors);
        type.Rules.ApplyDefaults?.Invoke(changed);
        type.Rules.Prepare?.Invoke(changed, sample);
        MetadataChecks.Check(type, changed, sample, errors);
        type.Rules.Validate?.Invoke(changed, sample, errors);
        foreach (var subresource in new[] { "", "status", "resize", "ephemeralcontainers" })
        {
            type.Rules.ValidateChange?.Invoke(subresource, changed, sample, errors);
        }
    }

    private static void Damage(JsonObject value, Random random)
    {
        JsonNode node = value;
        while (true)
        {
            var count = node switch { JsonObject map => map.Count, JsonArray list => list.Count, _ => 0 };
            if (count == 0)
            {
                return;
            }

            var at = random.Next(count);
            var child = node is JsonObject o ? o.GetAt(at).Value : ((JsonArray)node)[at];
            if (child is JsonObject or JsonArray && random.Next(4) > 0)
            {
                node = child;
                continue;
            }

            JsonNode? other = random.Next(8) switch
            {
                0 => null,
                1 => "",
                2 => "x/../y z",
                3 => -1,
                4 => 1.5,
                5 => new JsonObject { ["name"] = "a" },
                6 => new JsonArray("a", 1, null),
                _ => true,
            };
            if (node is JsonArray items)
            {
                items[at] = other;
            }
            else
            {
                node[((JsonObject)node).GetAt(at).Key] = other;
            }

            return;
        }
    }

    private static (ResourceType Type, JsonObject Value)[] Samples()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "data", Folder);
            if (Directory.Exists(candidate))
            {
                return Directory.GetFiles(candidate, "*.json").Order(StringComparer.Ordinal)
                    .Select(file => KindBench.Read(File.ReadAllText(file)))
                    .Where(value => SchemaCatalog.BuiltIn.Resources.Any(
                        r => r.Kind == value.Text("kind") && r.ApiVersion == value.Text("apiVersion")))
                    .Select(value => (Type: TypeOf(value), Value: value))
                    .Where(sample => sample.Type is not null).ToArray();
            }
        }

        return [];
    }

    private static ResourceType TypeOf(JsonObject value) => KindBench.TypeOf(value.Text("apiVersion"), value.Text("kind"));

    private static void AssertIs(JsonNode? actual, string expected) =>
        Assert.That(JsonNode.DeepEquals(actual, JsonNode.Parse(expected)), $"{actual?.ToJsonString()} is not {expected}");
}
