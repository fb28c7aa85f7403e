using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Tests.Kinds;

/// <summary>What is wrong with objects of the kinds beside pods, and with changes of them.</summary>
public class KindRulesTests
{
    [TestCaseSource(nameof(Names))]
    public void A_good_object_is_accepted_and_so_is_writing_it_again(string name)
    {
        var stored = KindBench.Create(GoodObjects.All[name], out var errors);

        Assert.That(KindBench.Texts(errors), Is.Empty);
        Assert.That(KindBench.Texts(KindBench.Update(stored, _ => { })), Is.Empty);
        Assert.That(KindBench.Texts(KindBench.Update(stored, value => KindBench.Set(value, "metadata/labels", """{"a":"b"}"""))), Is.Empty);
    }

    [TestCase("ConfigMap", "metadata/name", "\"A\"",
        "FieldValueInvalid metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")]
    [TestCase("ConfigMap", "metadata/labels", """{"a":"b c"}""",
        "FieldValueInvalid metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")]
    [TestCase("ConfigMap", "metadata/ownerReferences/0/uid", "\"\"", "FieldValueRequired metadata.ownerReferences[0].uid: Required value: must not be empty")]
    [TestCase("ConfigMap", "metadata/finalizers", """["mine"]""",
        "FieldValueInvalid metadata.finalizers[0]: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified")]
    [TestCase("ConfigMap", "data/..x", "\"v\"", "FieldValueInvalid data[..x]: Invalid value: \"..x\": must not start with '..'")]
    [TestCase("ConfigMap", "data/b", "\"v\"", "FieldValueInvalid data[b]: Invalid value: \"b\": duplicate of key present in binaryData")]
    [TestCase("Secret", "type", "\"kubernetes.io/tls\"",
        "FieldValueRequired data[tls.crt]: Required value", "FieldValueRequired data[tls.key]: Required value")]
    [TestCase("Secret", "type", "\"kubernetes.io/ssh-auth\"", "FieldValueRequired data[ssh-privatekey]: Required value")]
    [TestCase("Secret", "type", "\"kubernetes.io/service-account-token\"",
        "FieldValueRequired metadata.annotations[kubernetes.io/service-account.name]: Required value")]
    [TestCase("Secret", "type", "\"kubernetes.io/basic-auth\"",
        "FieldValueRequired data[username]: Required value", "FieldValueRequired data[password]: Required value")]
    [TestCase("Secret", "type", "\"kubernetes.io/dockerconfigjson\"", "FieldValueRequired data[.dockerconfigjson]: Required value")]
    [TestCase("Namespace", "metadata/name", "\"a.b\"", "FieldValueInvalid metadata.name: Invalid value: \"a.b\": must not contain dots")]
    [TestCase("Quota", "spec/hard/foo", "\"1\"",
        "FieldValueInvalid spec.hard[foo]: Invalid value: \"foo\": must be a standard resource type or fully qualified")]
    [TestCase("Quota", "spec/hard/pods", "\"500m\"", "FieldValueInvalid spec.hard[pods]: Invalid value: \"500m\": must be an integer")]
    [TestCase("Quota", "spec/scopes/+", "\"Terminating\"",
        "FieldValueInvalid spec.scopes: Invalid value: [\"NotTerminating\",\"Terminating\"]: conflicting scopes")]
    [TestCase("LimitRange", "spec/limits/0/min/cpu", "\"3\"",
        "FieldValueInvalid spec.limits[0].min[cpu]: Invalid value: \"3\": min value 3 is greater than max value 2",
        "FieldValueInvalid spec.limits[0].defaultRequest[cpu]: Invalid value: \"2\": min value 3 is greater than default request value 2",
        "FieldValueInvalid spec.limits[0].default[cpu]: Invalid value: \"2\": min value 3 is greater than default value 2")]
    [TestCase("Node", "spec/taints/+", """{"key":"a","effect":"NoSchedule"}""",
        "FieldValueDuplicate metadata.taints[1]: Duplicate value: {\"key\":\"a\",\"effect\":\"NoSchedule\"}: taints must be unique by key and effect pair")]
    [TestCase("Event", "involvedObject/namespace", "\"other\"",
        "FieldValueInvalid involvedObject.namespace: Invalid value: \"other\": does not match event.namespace")]
    public void Basic_kinds(string kind, string path, string? json, params string[] expected) => Expect(kind, path, json, expected);

    [TestCase("Deployment", "spec/selector", null, "FieldValueRequired spec.selector: Required value")]
    [TestCase("Deployment", "spec/selector", "{}", "FieldValueInvalid spec.selector: Invalid value: {}: empty selector is invalid for deployment")]
    [TestCase("Deployment", "spec/template/metadata/labels/app", "\"x\"",
        "FieldValueInvalid spec.template.metadata.labels: Invalid value: {\"app\":\"x\"}: `selector` does not match template `labels`")]
    [TestCase(
        "Deployment", "spec/replicas", "-1", "FieldValueInvalid spec.replicas: Invalid value: -1: must be greater than or equal to 0")]
    [TestCase("Deployment", "spec/strategy", """{"type":"Recreate","rollingUpdate":{}}""",
        "FieldValueForbidden spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'")]
    [TestCase("Deployment", "spec/strategy", """{"rollingUpdate":{"maxSurge":0,"maxUnavailable":"0%"}}""",
        "FieldValueInvalid spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0")]
    [TestCase("Deployment", "spec/strategy", """{"rollingUpdate":{"maxUnavailable":"x"}}""",
        "FieldValueInvalid spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"x\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')")]
    [TestCase("Deployment", "spec/progressDeadlineSeconds", "0",
        "FieldValueInvalid spec.progressDeadlineSeconds: Invalid value: 0: must be greater than minReadySeconds")]
    [TestCase("Deployment", "spec/template/spec/restartPolicy", "\"Never\"",
        "FieldValueNotSupported spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"")]
    [TestCase("StatefulSet", "spec/podManagementPolicy", "\"X\"",
        "FieldValueInvalid spec.podManagementPolicy: Invalid value: \"X\": must be 'OrderedReady' or 'Parallel'")]
    [TestCase("StatefulSet", "spec/template/spec/containers/0/volumeMounts/0/name", "\"x\"",
        "FieldValueNotFound spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"x\"")]
    [TestCase("DaemonSet", "spec/updateStrategy", """{"rollingUpdate":{"maxSurge":1}}""",
        "FieldValueInvalid spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero")]
    [TestCase("Job", "spec/template/spec/restartPolicy", null,
        "FieldValueRequired spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"")]
    [TestCase("Job", "spec/maxFailedIndexes", "1",
        "FieldValueRequired spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
        "FieldValueInvalid spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode")]
    [TestCase("Job", "spec/backoffLimitPerIndex", "1",
        "FieldValueInvalid spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode")]
    [TestCase("Job", "spec/podFailurePolicy", """{"rules":[{"action":"Ignore"}]}""",
        "FieldValueInvalid spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required")]
    [TestCase("CronJob", "spec/schedule", "\"* * *\"",
        "FieldValueInvalid spec.schedule: Invalid value: \"* * *\": expected exactly 5 fields, found 3: [* * *]")]
    [TestCase("CronJob", "spec/schedule", "\"60 * * * *\"",
        "FieldValueInvalid spec.schedule: Invalid value: \"60 * * * *\": end of range (60) above maximum (59): 60")]
    [TestCase("CronJob", "spec/schedule", "\"@often\"",
        "FieldValueInvalid spec.schedule: Invalid value: \"@often\": unrecognized descriptor: @often")]
    [TestCase("CronJob", "spec/timeZone", "\"Moon/Base\"", "FieldValueInvalid spec.timeZone: Invalid value: \"Moon/Base\": unknown time zone Moon/Base")]
    [TestCase("CronJob", "spec/jobTemplate/spec/selector", """{"matchLabels":{"a":"b"}}""",
        "FieldValueInvalid spec.jobTemplate.spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\"}}: `selector` will be auto-generated")]
    [TestCase("Autoscaler", "spec/maxReplicas", null, "FieldValueInvalid spec.maxReplicas: Invalid value: 0: must be greater than 0",
        "FieldValueInvalid spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`")]
    [TestCase("Autoscaler", "spec/metrics", """[{"type":"Pods"}]""",
        "FieldValueRequired spec.metrics[0].pods: Required value: must populate information for the given metric source")]
    [TestCase("Budget", "spec/maxUnavailable", "1",
        "FieldValueInvalid spec: Invalid value: {\"minAvailable\":\"50%\",\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"maxUnavailable\":1}: minAvailable and maxUnavailable cannot be both set")]
    [TestCase("Budget", "spec/minAvailable", "\"101%\"",
        "FieldValueInvalid spec.minAvailable: Invalid value: \"101%\": must not be greater than 100%")]
    public void Workloads(string kind, string path, string? json, params string[] expected) => Expect(kind, path, json, expected);

    [TestCase("Service", "metadata/name", "\"1a\"",
        "FieldValueInvalid metadata.name: Invalid value: \"1a\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')")]
    [TestCase("Service", "spec/ports", "[]", "FieldValueRequired spec.ports: Required value")]
    [TestCase("Service", "spec/ports/1/name", "\"\"", "FieldValueRequired spec.ports[1].name: Required value")]
    [TestCase("Service", "spec/ports/1/name", "\"http\"", "FieldValueDuplicate spec.ports[1].name: Duplicate value: \"http\"")]
    [TestCase("Service", "spec/ports/1", """{"name":"b","port":80}""",
        "FieldValueDuplicate spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,\"NodePort\":0}")]
    [TestCase("Service", "spec/ports/0/nodePort", "30000",
        "FieldValueForbidden spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'")]
    [TestCase("Service", "spec/type", "\"ExternalName\"",
        "FieldValueForbidden spec.clusterIPs: Forbidden: may not be set for ExternalName services",
        "FieldValueRequired spec.externalName: Required value")]
    [TestCase("Service", "spec/type", "\"Cluster\"",
        "FieldValueNotSupported spec.type: Unsupported value: \"Cluster\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"")]
    [TestCase("Service", "spec/externalTrafficPolicy", "\"Local\"",
        "FieldValueInvalid spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services")]
    [TestCase("Service", "spec/clusterIP", "\"10.96\"",
        "FieldValueInvalid spec.clusterIPs[0]: Invalid value: \"10.96\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    [TestCase("Service", "spec/externalIPs", """["127.0.0.1"]""",
        "FieldValueInvalid spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)")]
    [TestCase("Service", "spec/loadBalancerClass", "\"a/b\"",
        "FieldValueForbidden spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'")]
    [TestCase("Ingress", "spec/rules/0/http/paths/0/pathType", null,
        "FieldValueRequired spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified")]
    [TestCase("Ingress", "spec/rules/0/http/paths/0/path", "\"a//b\"",
        "FieldValueInvalid spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must be an absolute path",
        "FieldValueInvalid spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must not contain '//'")]
    [TestCase("Ingress", "spec/rules/0/http/paths/0/backend", "{}",
        "FieldValueInvalid spec.rules[0].http.paths[0].backend: Invalid value: \"\": resource or service backend is required")]
    [TestCase("Ingress", "spec/rules/0/http/paths/0/backend/service/port", "{}",
        "FieldValueRequired spec.rules[0].http.paths[0].backend: Required value: port name or number is required")]
    [TestCase("Ingress", "spec/rules/0/host", "\"10.0.0.1\"",
        "FieldValueInvalid spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address")]
    [TestCase("Ingress", "spec", "{}", "FieldValueInvalid spec: Invalid value: null: either `defaultBackend` or `rules` must be specified")]
    [TestCase("NetworkPolicy", "spec/ingress/0/from/1/ipBlock/except/0", "\"11.0.0.0/8\"",
        "FieldValueInvalid spec.ingress[0].from[1].ipBlock.except[0]: Invalid value: \"11.0.0.0/8\": must be a strict subset of `cidr`")]
    [TestCase("NetworkPolicy", "spec/ingress/0/from/1/podSelector", "{}",
        "FieldValueForbidden spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer")]
    [TestCase("NetworkPolicy", "spec/ingress/0/ports/1/endPort", "9",
        "FieldValueInvalid spec.ingress[0].ports[1].endPort: Invalid value: 9: may not be specified when `port` is non-numeric")]
    [TestCase("NetworkPolicy", "spec/policyTypes", """["In"]""",
        "FieldValueNotSupported spec.policyTypes[0]: Unsupported value: \"In\": supported values: \"Ingress\", \"Egress\"")]
    [TestCase("EndpointSlice", "addressType", "\"IP\"",
        "FieldValueNotSupported addressType: Unsupported value: \"IP\": supported values: \"FQDN\", \"IPv4\", \"IPv6\"")]
    [TestCase("EndpointSlice", "endpoints/0/addresses", "[]",
        "FieldValueRequired endpoints[0].addresses: Required value: must contain at least 1 address")]
    public void Networking(string kind, string path, string? json, params string[] expected) => Expect(kind, path, json, expected);

    [TestCase("Claim", "spec/accessModes", "[]", "FieldValueRequired spec.accessModes: Required value: at least 1 access mode is required")]
    [TestCase("Claim", "spec/accessModes", """["ReadWrite"]""",
        "FieldValueNotSupported spec.accessModes: Unsupported value: \"ReadWrite\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"")]
    [TestCase("Claim", "spec/resources", "{}", "FieldValueRequired spec.resources[storage]: Required value")]
    [TestCase("Claim", "spec/resources/requests/storage", "\"0\"",
        "FieldValueInvalid spec.resources[storage]: Invalid value: \"0\": must be greater than zero")]
    [TestCase("Volume", "spec/hostPath", null, "FieldValueRequired spec: Required value: must specify a volume type")]
    [TestCase("Volume", "spec/capacity", null, "FieldValueRequired spec.capacity: Required value",
        "FieldValueNotSupported spec.capacity: Unsupported value: null: supported values: \"storage\"")]
    [TestCase("Volume", "spec/persistentVolumeReclaimPolicy", "\"Keep\"",
        "FieldValueNotSupported spec.persistentVolumeReclaimPolicy: Unsupported value: \"Keep\": supported values: \"Delete\", \"Recycle\", \"Retain\"")]
    [TestCase("StorageClass", "provisioner", "\"\"", "FieldValueRequired provisioner: Required value")]
    [TestCase("StorageClass", "volumeBindingMode", "\"Later\"",
        "FieldValueNotSupported volumeBindingMode: Unsupported value: \"Later\": supported values: \"Immediate\", \"WaitForFirstConsumer\"")]
    [TestCase("RoleBinding", "roleRef/kind", "\"Rolle\"",
        "FieldValueNotSupported roleRef.kind: Unsupported value: \"Rolle\": supported values: \"Role\", \"ClusterRole\"")]
    [TestCase("RoleBinding", "subjects/0/apiGroup", "\"x\"",
        "FieldValueNotSupported subjects[0].apiGroup: Unsupported value: \"x\": supported values: \"rbac.authorization.k8s.io\"")]
    [TestCase(
        "ClusterRole", "rules/0/verbs", "[]", "FieldValueRequired rules[0].verbs: Required value: verbs must contain at least one value")]
    [TestCase("PriorityClass", "value", "1000000001",
        "FieldValueForbidden value: Forbidden: maximum allowed value of a user defined priority is 1000000000")]
    [TestCase("PriorityClass", "metadata/name", "\"system-x\"",
        "FieldValueForbidden metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class")]
    [TestCase("Lease", "spec/leaseDurationSeconds", "0",
        "FieldValueInvalid spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0")]
    public void Storage_roles_and_others(string kind, string path, string? json, params string[] expected) =>
        Expect(kind, path, json, expected);

    [TestCase("Deployment", "spec/selector/matchLabels/app", "\"x\"",
        "FieldValueInvalid spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`",
        "FieldValueInvalid spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"x\"}}: field is immutable")]
    [TestCase("StatefulSet", "spec/serviceName", "\"x\"",
        "FieldValueForbidden spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden")]
    [TestCase("StatefulSet", "spec/replicas", "3")]
    [TestCase("Job", "spec/completions", "5", "FieldValueInvalid spec.completions: Invalid value: 5: field is immutable")]
    [TestCase("Job", "spec/parallelism", "5")]
    [TestCase("Service", "spec/clusterIP", "\"10.96.0.11\"",
        "FieldValueInvalid spec.clusterIPs[0]: Invalid value: [\"10.96.0.11\"]: may not change once set")]
    [TestCase("Service", "spec/clusterIP", null)]
    [TestCase("Service", "spec", """{"selector":{"app":"web"},"ports":[{"port":81}]}""")]
    [TestCase("Secret", "type", "\"x\"", "FieldValueInvalid type: Invalid value: \"x\": field is immutable")]
    [TestCase("Claim", "spec/storageClassName", "\"slow\"",
        "FieldValueForbidden spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n- storageClassName: \"fast\"\n+ storageClassName: \"slow\"\n")]
    [TestCase("Claim", "spec/volumeName", "\"pv\"")]
    [TestCase(
        "StorageClass", "provisioner", "\"other\"", "FieldValueForbidden provisioner: Forbidden: updates to provisioner are forbidden.")]
    [TestCase("RoleBinding", "roleRef/name", "\"other\"",
        "FieldValueInvalid roleRef: Invalid value: {\"kind\":\"Role\",\"name\":\"other\",\"apiGroup\":\"rbac.authorization.k8s.io\"}: cannot change roleRef")]
    [TestCase("Node", "spec/providerID", "\"y\"",
        "FieldValueForbidden spec.providerID: Forbidden: node updates may not change providerID except from \"\" to valid")]
    [TestCase("PriorityClass", "value", "7", "FieldValueForbidden value: Forbidden: may not be changed in an update.")]
    [TestCase("EndpointSlice", "addressType", "\"FQDN\"",
        "FieldValueInvalid addressType: Invalid value: \"FQDN\": field is immutable")]
    [TestCase("Quota", "spec/scopes", "[]", "FieldValueInvalid spec.scopes: Invalid value: []: field is immutable")]
    public void Changes(string kind, string path, string? json, params string[] expected)
    {
        var stored = KindBench.Create(GoodObjects.All[kind], out _);
        Assert.That(KindBench.Texts(KindBench.Update(stored, value => KindBench.Set(value, path, json))), Is.EqualTo(expected));
    }

    [Test]
    public void An_immutable_config_stays_as_it_is()
    {
        var stored = KindBench.Create(GoodObjects.ConfigMap, out _);
        KindBench.Set(stored, "immutable", "true");
        const string Frozen = "Forbidden: field is immutable when `immutable` is set";

        Assert.That(
            KindBench.Texts(KindBench.Update(stored, m => KindBench.Set(m, "data/k", "\"w\""))),
            Is.EqualTo([$"FieldValueForbidden data: {Frozen}"]));
        Assert.That(
            KindBench.Texts(KindBench.Update(stored, m => KindBench.Set(m, "immutable", null))),
            Is.EqualTo([$"FieldValueForbidden immutable: {Frozen}"]));
    }

    [Test]
    public void A_config_of_more_than_a_megabyte_is_refused()
    {
        var map = KindBench.Read(GoodObjects.ConfigMap);
        map["data"]!["k"] = new string('x', 1024 * 1024);
        KindBench.Create(map.ToJsonString(), out var errors);

        Assert.That(KindBench.Texts(errors), Is.EqualTo(["FieldValueTooLong : Too long: may not be more than 1048576 bytes"]));
    }

    [Test]
    public void A_claim_shrinks_no_further_than_what_it_has()
    {
        var stored = KindBench.Create(GoodObjects.Claim, out _);
        stored["status"] = JsonNode.Parse("""{"phase":"Bound","capacity":{"storage":"1Gi"}}""");
        KindBench.Set(stored, "spec/resources/requests/storage", "\"3Gi\"");

        Assert.That(KindBench.Update(stored, c => KindBench.Set(c, "spec/resources/requests/storage", "\"2Gi\"")), Is.Empty);
        Assert.That(
            KindBench.Texts(KindBench.Update(stored, c => KindBench.Set(c, "spec/resources/requests/storage", "\"1Gi\""))),
            Is.EqualTo(["FieldValueForbidden spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"]));
    }

    private static IEnumerable<string> Names() => GoodObjects.All.Keys;

    private static void Expect(string kind, string path, string? json, string[] expected)
    {
        var value = KindBench.Read(GoodObjects.All[kind]);
        KindBench.Set(value, path, json);
        KindBench.Create(value.ToJsonString(), out var errors);
        Assert.That(KindBench.Texts(errors), Is.EqualTo(expected));
    }
}
