namespace Etcdish.ApiServer.Tests.Kinds;

/// <summary>What is wrong with pods, in Kubernetes' paths, reasons and words.</summary>
public class PodRulesTests
{
    private const string Container = "spec/containers/0/";
    private const string At = "spec.containers[0].";

    [TestCase("spec/containers", "[]", "FieldValueRequired spec.containers: Required value")]
    [TestCase(Container + "name", "\"\"", "FieldValueRequired " + At + "name: Required value")]
    [TestCase(Container + "name", "\"a.b\"", "FieldValueInvalid " + At + "name: Invalid value: \"a.b\": must not contain dots")]
    [TestCase(Container + "image", null, "FieldValueRequired " + At + "image: Required value")]
    [TestCase(Container + "image", "\" x\"",
        "FieldValueInvalid " + At + "image: Invalid value: \" x\": must not have leading or trailing whitespace")]
    [TestCase("spec/initContainers/0/name", "\"c\"", "FieldValueDuplicate spec.initContainers[0].name: Duplicate value: \"c\"")]
    [TestCase("spec/initContainers/0/livenessProbe", """{"exec":{"command":["a"]}}""",
        "FieldValueForbidden spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always")]
    [TestCase(Container + "imagePullPolicy", "\"Sometimes\"",
        "FieldValueNotSupported " + At + "imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\"")]
    [TestCase(Container + "ports/0/containerPort", "70000",
        "FieldValueInvalid " + At + "ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive")]
    [TestCase(Container + "ports/0/containerPort", null, "FieldValueRequired " + At + "ports[0].containerPort: Required value")]
    [TestCase(Container + "ports/0/protocol", "\"ICMP\"",
        "FieldValueNotSupported " + At + "ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\"")]
    [TestCase(Container + "ports/+", """{"name":"http","containerPort":81}""",
        "FieldValueDuplicate " + At + "ports[1].name: Duplicate value: \"http\"")]
    [TestCase(Container + "ports", """[{"containerPort":1,"hostPort":9},{"containerPort":2,"hostPort":9}]""",
        "FieldValueDuplicate " + At + "ports[1].hostPort: Duplicate value: \"TCP//9\"")]
    [TestCase(Container + "env/0/name", "\"\"", "FieldValueRequired " + At + "env[0].name: Required value")]
    [TestCase(Container + "env/0/valueFrom", """{"secretKeyRef":{"name":"a","key":"k"}}""",
        "FieldValueInvalid " + At + "env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty")]
    [TestCase(Container + "env/1/valueFrom", "{}",
        "FieldValueInvalid " + At + "env[1].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`")]
    [TestCase(Container + "env/1/valueFrom/fieldRef/fieldPath", "\"spec.x\"",
        "FieldValueInvalid " + At + "env[1].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.x\": error converting fieldPath: field label not supported: spec.x")]
    [TestCase(Container + "envFrom/0", "{}",
        "FieldValueInvalid " + At + "envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`")]
    [TestCase(Container + "volumeMounts/0/name", "\"no\"", "FieldValueNotFound " + At + "volumeMounts[0].name: Not found: \"no\"")]
    [TestCase(Container + "volumeMounts/1/mountPath", "\"/v\"",
        "FieldValueInvalid " + At + "volumeMounts[1].mountPath: Invalid value: \"/v\": must be unique")]
    [TestCase(Container + "volumeMounts/0/subPath", "\"../x\"",
        "FieldValueInvalid " + At + "volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'")]
    [TestCase(Container + "volumeMounts/0/mountPropagation", "\"Bidirectional\"",
        "FieldValueForbidden " + At + "volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers")]
    [TestCase(Container + "resources/requests/cpu", "\"2\"",
        "FieldValueInvalid " + At + "resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1")]
    [TestCase(Container + "resources/limits/cpu", "\"-1\"",
        "FieldValueInvalid " + At + "resources.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0",
        "FieldValueInvalid " + At + "resources.requests: Invalid value: \"500m\": must be less than or equal to cpu limit of -1")]
    [TestCase(Container + "resources/limits/gpu", "\"1\"",
        "FieldValueInvalid " + At + "resources.limits[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully qualified",
        "FieldValueInvalid " + At + "resources.requests[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully qualified")]
    [TestCase(Container + "resources/limits/example.com~1gpu", "\"500m\"",
        "FieldValueInvalid " + At + "resources.limits[example.com/gpu]: Invalid value: \"500m\": must be an integer",
        "FieldValueInvalid " + At + "resources.requests[example.com/gpu]: Invalid value: \"500m\": must be an integer")]
    [TestCase(Container + "livenessProbe", "{}", "FieldValueRequired " + At + "livenessProbe: Required value: must specify a handler type")]
    [TestCase(Container + "livenessProbe/exec", """{"command":["a"]}""",
        "FieldValueForbidden " + At + "livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type")]
    [TestCase(Container + "livenessProbe/successThreshold", "2",
        "FieldValueInvalid " + At + "livenessProbe.successThreshold: Invalid value: 2: must be 1")]
    [TestCase(Container + "livenessProbe/periodSeconds", "-1",
        "FieldValueInvalid " + At + "livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0")]
    [TestCase(Container + "readinessProbe/tcpSocket/port", "0",
        "FieldValueInvalid " + At + "readinessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive")]
    [TestCase(Container + "lifecycle/preStop", """{"sleep":{"seconds":99}}""",
        "FieldValueInvalid " + At + "lifecycle.preStop.sleep: Invalid value: 99: must be non-negative and less than terminationGracePeriodSeconds (30)")]
    [TestCase(Container + "securityContext", """{"privileged":true,"allowPrivilegeEscalation":false}""",
        "FieldValueInvalid " + At + "securityContext: Invalid value: {\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true")]
    [TestCase(Container + "securityContext/runAsUser", "-1",
        "FieldValueInvalid " + At + "securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive")]
    [TestCase(Container + "securityContext/seccompProfile", """{"type":"Localhost"}""",
        "FieldValueRequired " + At + "securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost")]
    public void Containers(string path, string? json, params string[] expected) => Expect(path, json, expected);

    [TestCase("spec/restartPolicy", "\"Maybe\"",
        "FieldValueNotSupported spec.restartPolicy: Unsupported value: \"Maybe\": supported values: \"Always\", \"OnFailure\", \"Never\"")]
    [TestCase("spec/dnsPolicy", "\"None\"",
        "FieldValueRequired spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None")]
    [TestCase("spec/dnsConfig", """{"nameservers":["a"]}""",
        "FieldValueInvalid spec.dnsConfig.nameservers[0]: Invalid value: \"a\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    [TestCase("spec/activeDeadlineSeconds", "0",
        "FieldValueInvalid spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive")]
    [TestCase("spec/hostname", "\"a.b\"", "FieldValueInvalid spec.hostname: Invalid value: \"a.b\": must not contain dots")]
    [TestCase("spec/volumes/1/emptyDir", "{}", "FieldValueForbidden spec.volumes[1].secret: Forbidden: may not specify more than 1 volume type",
        "FieldValueNotFound spec.containers[0].volumeMounts[1].name: Not found: \"s\"")]
    [TestCase("spec/volumes/+", """{"name":"v"}""", "FieldValueDuplicate spec.volumes[3].name: Duplicate value: \"v\"")]
    [TestCase("spec/volumes/+", """{"name":"h","hostPath":{"path":"/a/../b"}}""",
        "FieldValueInvalid spec.volumes[3].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'")]
    [TestCase("spec/volumes/+", """{"name":"h","configMap":{"name":"m","defaultMode":512}}""",
        "FieldValueInvalid spec.volumes[3].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive")]
    [TestCase("spec/volumes/+", """{"name":"n","nfs":{"server":"s","path":"p"}}""",
        "FieldValueInvalid spec.volumes[3].nfs.path: Invalid value: \"p\": must be an absolute path")]
    [TestCase("spec/volumes/2/projected/sources/+", """{"serviceAccountToken":{"path":"t","expirationSeconds":5}}""",
        "FieldValueInvalid spec.volumes[2].projected.sources[1].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
        "FieldValueForbidden spec.volumes[2].projected.sources[1].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set")]
    [TestCase("spec/tolerations/0/value", "\"x\"",
        "FieldValueInvalid spec.tolerations[0].operator: Invalid value: \"x\": value must be empty when `operator` is 'Exists'")]
    [TestCase("spec/tolerations/0/effect", "\"NoSchedule\"",
        "FieldValueInvalid spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set")]
    [TestCase("spec/tolerations/+", "{}",
        "FieldValueInvalid spec.tolerations[1].operator: Invalid value: \"\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"")]
    [TestCase("spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/0/topologyKey", "\"\"",
        "FieldValueRequired spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
        "FieldValueInvalid spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must be non-empty",
        "FieldValueInvalid spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")]
    [TestCase("spec/affinity/nodeAffinity", """{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":0,"preference":{}}]}""",
        "FieldValueInvalid spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100")]
    [TestCase("spec/affinity/nodeAffinity", """{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"In"}]}]}}""",
        "FieldValueRequired spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'")]
    [TestCase("spec/topologySpreadConstraints/0/maxSkew", "0",
        "FieldValueInvalid spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero")]
    [TestCase("spec/topologySpreadConstraints/+", """{"maxSkew":2,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}""",
        "FieldValueDuplicate spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: \"{zone, DoNotSchedule}\"")]
    [TestCase("spec/ephemeralContainers", """[{"name":"e","image":"x"}]""",
        "FieldValueForbidden spec.ephemeralContainers: Forbidden: cannot be set on create")]
    [TestCase("spec/securityContext", """{"sysctls":[{"name":"a"},{"name":"a"}]}""",
        "FieldValueDuplicate spec.securityContext.sysctls[1].name: Duplicate value: \"a\"")]
    [TestCase("spec/schedulingGates", """[{"name":"a b"}]""",
        "FieldValueInvalid spec.schedulingGates[0]: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")]
    [TestCase("spec/os", """{"name":"beos"}""",
        "FieldValueNotSupported spec.os: Unsupported value: \"beos\": supported values: \"linux\", \"windows\"")]
    public void Specs(string path, string? json, params string[] expected) => Expect(path, json, expected);

    [Test]
    public void A_port_of_the_node_is_that_of_the_container()
    {
        var pod = KindBench.Read(GoodObjects.Pod);
        KindBench.Set(pod, "spec/hostNetwork", "true");
        var stored = KindBench.Create(pod.ToJsonString(), out var good);
        KindBench.Set(pod, "spec/containers/0/ports/0/hostPort", "81");
        KindBench.Create(pod.ToJsonString(), out var bad);

        Assert.That(good, Is.Empty);
        Assert.That(stored["spec"]!["containers"]![0]!["ports"]![0]!["hostPort"]!.GetValue<int>(), Is.EqualTo(80));
        Assert.That(KindBench.Texts(bad), Is.EqualTo([
            "FieldValueInvalid spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true",
        ]));
    }

    [TestCase("spec/containers/0/image", "\"nginx:2\"")]
    [TestCase("spec/activeDeadlineSeconds", "9")]
    [TestCase("spec/tolerations/+", """{"key":"b","operator":"Exists"}""")]
    [TestCase("spec/tolerations/0/tolerationSeconds", "7")]
    [TestCase("metadata/labels", """{"a":"b"}""")]
    public void Some_of_a_pod_may_change(string path, string json)
    {
        var stored = KindBench.Create(GoodObjects.Pod, out _);
        Assert.That(KindBench.Update(stored, pod => KindBench.Set(pod, path, json)), Is.Empty);
    }

    [TestCase("spec/containers/+", """{"name":"d","image":"x"}""",
        "FieldValueForbidden spec.containers: Forbidden: pod updates may not add or remove containers")]
    [TestCase("spec/tolerations/0/key", "\"z\"",
        "FieldValueForbidden spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds")]
    [TestCase("spec/schedulingGates", """[{"name":"g"}]""",
        "FieldValueForbidden spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'")]
    [TestCase("spec/nodeName", "\"n\"",
        "FieldValueForbidden spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n+ nodeName: \"n\"\n")]
    public void Most_of_a_pod_may_not_change(string path, string json, string expected)
    {
        var stored = KindBench.Create(GoodObjects.Pod, out _);
        Assert.That(KindBench.Texts(KindBench.Update(stored, pod => KindBench.Set(pod, path, json))), Is.EqualTo([expected]));
    }

    [Test]
    public void A_subresource_may_change_what_a_pod_itself_may_not()
    {
        var stored = KindBench.Create(GoodObjects.Pod, out _);
        var bound = KindBench.Update(stored, pod => KindBench.Set(pod, "spec/nodeName", "\"n\""), "binding");
        var looked = KindBench.Update(
            stored, pod => KindBench.Set(pod, "spec/ephemeralContainers", """[{"name":"e","image":"x"}]"""), "ephemeralcontainers");
        var resized = KindBench.Update(stored, pod => KindBench.Set(pod, "spec/containers/0/resources/requests/cpu", "\"600m\""), "resize");
        var bared = KindBench.Update(stored, pod => KindBench.Set(pod, "spec/containers/0/resources/limits/memory", null), "resize");

        Assert.That(bound.Concat(looked).Concat(resized), Is.Empty);
        Assert.That(
            KindBench.Texts(bared),
            Is.EqualTo(["FieldValueForbidden spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed"]));
    }

    [Test]
    public void What_was_stored_under_older_rules_can_still_be_labelled()
    {
        var stored = KindBench.Create(GoodObjects.Pod, out _);
        KindBench.Set(stored, "spec/containers/0/image", "\"\"");

        Assert.That(KindBench.Update(stored, pod => KindBench.Set(pod, "metadata/labels", """{"a":"b"}""")), Is.Empty);
        Assert.That(KindBench.Update(stored, pod => KindBench.Set(pod, "spec/activeDeadlineSeconds", "5")), Is.Not.Empty);
    }

    private static void Expect(string path, string? json, string[] expected)
    {
        var pod = KindBench.Read(GoodObjects.Pod);
        KindBench.Set(pod, path, json);
        KindBench.Create(pod.ToJsonString(), out var errors);
        Assert.That(KindBench.Texts(errors), Is.EqualTo(expected));
    }
}
