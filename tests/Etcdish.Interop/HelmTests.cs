namespace Etcdish.Interop;

/// <summary>What a user of the unmodified helm 4 sees.</summary>
[TestFixture(false)]
[TestFixture(true)]
public class HelmTests(bool onGenuineEtcd)
{
    private const string Workload = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "{{ .Release.Name }}-config"}
        data:
          greeting: {{ .Values.greeting | quote }}
          namespace: {{ (lookup "v1" "Namespace" "" "default").metadata | default dict | dig "name" "none" | quote }}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: "{{ .Release.Name }}"}
        spec:
          replicas: {{ .Values.replicas }}
          selector: {matchLabels: {app: "{{ .Release.Name }}"}}
          template:
            metadata: {labels: {app: "{{ .Release.Name }}"}}
            spec: {containers: [{name: c, image: "nginx:1"}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: "{{ .Release.Name }}"}
        spec: {selector: {app: "{{ .Release.Name }}"}, ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: "{{ .Release.Name }}-before"
          annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}
        data: {a: b}
        """;

    private const string Job = """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: after, annotations: {helm.sh/hook: post-install, helm.sh/hook-delete-policy: hook-succeeded}}
        spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}
        """;

    private const string Check = """
        apiVersion: v1
        kind: Pod
        metadata: {name: "{{ .Release.Name }}-check", annotations: {helm.sh/hook: test}}
        spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: ["true"]}]}
        """;

    private const string Definition = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: shapes.example.com}
        spec:
          group: example.com
          scope: Namespaced
          names: {plural: shapes, singular: shape, kind: Shape}
          versions:
          - name: v1
            served: true
            storage: true
            schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {corners: {type: integer}}}}}}
        """;

    private const string Shape = """
        apiVersion: example.com/v1
        kind: Shape
        metadata: {name: round}
        spec: {corners: 0}
        """;

    private const string JobDone =
        """{"status":{"startTime":"2030-01-01T00:00:00Z","completionTime":"2030-01-01T00:00:01Z","succeeded":1,"conditions":[{"type":"SuccessCriteriaMet","status":"True"},{"type":"Complete","status":"True"}]}}""";

    [Test]
    public void The_life_of_a_release() => Run("""
        helm install demo {.}/chart => NAME: demo\n.*STATUS: deployed\n.*
        get cm demo-config -o jsonpath={.data} => {"greeting":"hello","namespace":"default"}
        helm list => NAME\s.*\ndemo\s+default\s+1\s.*deployed\s+shop-1\.2\.3.*
        helm status demo => .*v1/ConfigMap\n.*demo-config .*
        helm get values demo => USER-SUPPLIED VALUES:\nnull
        helm get manifest demo => .*kind: Deployment.*
        helm get hooks demo => .*demo-before.*
        helm upgrade demo {.}/chart --set replicas=3,greeting=bye => .*has been upgraded.*
        get deploy demo -o jsonpath={.spec.replicas} => 3
        helm upgrade demo {.}/chart --set replicas=4 --dry-run=server => .*Dry run complete.*
        helm rollback demo 1 => Rollback was a success.*
        get deploy demo -o jsonpath={.spec.replicas} => 2
        helm history demo -o json => .*"revision":3,.*"Rollback to 1".*
        patch deploy demo -p '{"spec":{"replicas":9}}' => deployment\.apps/demo patched
        helm upgrade demo {.}/chart !=> .*Apply failed with 1 conflict: conflict with "kubectl-patch" using apps/v1: \.spec\.replicas.*
        helm upgrade demo {.}/chart --force-conflicts => .*has been upgraded.*
        get deploy demo --show-managed-fields -o jsonpath='{.spec.replicas} {.metadata.managedFields[*].manager}' => 2 helm
        helm uninstall demo --wait => release "demo" uninstalled
        get deploy,secret => No resources found in default namespace\.
        """);

    [Test]
    public void Releases_without_the_server_and_in_other_namespaces() => Run("""
        helm install plain {.}/chart --server-side=false => .*STATUS: deployed\n.*
        helm upgrade plain {.}/chart --server-side=false --set replicas=5 => .*has been upgraded.*
        get deploy plain -o jsonpath={.spec.replicas} => 5
        helm uninstall plain --keep-history => .*release "plain" uninstalled
        helm history plain => .*uninstalled.*
        helm upgrade --install fresh {.}/chart -n fresh --create-namespace => .*STATUS: deployed\n.*
        helm list -A => .*fresh\s+fresh\s.*
        helm get all fresh -n fresh => .*NAME: fresh.*
        helm install fresh {.}/chart -n fresh !=> .*cannot (re)?-?use a name that is still in use.*
        create cm taken-config => configmap/taken-config created
        helm install taken {.}/chart !=> .*ConfigMap "taken-config" in namespace "default" exists and cannot be imported.*
        helm install wrong {.}/chart --set replicas=abc !=> .*\.spec\.replicas: expected numeric \(int or float\), got string.*
        """);

    [Test]
    public void Waiting_for_what_a_controller_reports()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        var files = Chart(("templates/job.yaml", Job));
        server.Run("helm install slow {.}/chart --no-hooks --wait --timeout 2s !=> .*resource Deployment/default/slow not ready.*", files);

        // The hook's Job is done as soon as it is there: the test is its controller.
        var install = Task.Run(() => server.Command($"helm install hooked {server.Path("chart")} --timeout 30s"));
        server.Run("wait job/after --for=create --timeout=20s => job.batch/after condition met");
        server.Run($"patch job after --subresource=status --type=merge -p '{JobDone}' => job.batch/after patched");
        var result = install.GetAwaiter().GetResult();

        Assert.That(result.ExitCode, Is.Zero, result.ToString());
        server.Run("get job => No resources found in default namespace\\.");
    }

    [Test]
    public void A_release_is_tested_by_a_pod_that_succeeds()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run("helm install demo {.}/chart => .*STATUS: deployed\\n.*", Chart(("templates/check.yaml", Check)));

        // Nobody runs the pod: the test is its kubelet.
        var testing = Task.Run(() => server.Command("helm test demo --timeout 30s"));
        server.Run("""
            wait pod/demo-check --for=create --timeout=20s => pod/demo-check condition met
            patch pod demo-check --subresource=status --type=merge -p '{"status":{"phase":"Succeeded"}}' => pod/demo-check patched
            """);
        var result = testing.GetAwaiter().GetResult();

        Assert.That(result.ExitCode, Is.Zero, result.ToString());
        Assert.That(result.StandardOutput, Does.Match(@"TEST SUITE: +demo-check\n(.*\n)*Phase: +Succeeded"));
        server.Run("helm status demo => .*TEST SUITE: +demo-check\\n.*Phase: +Succeeded.*");
    }

    [Test]
    public void A_release_fails_its_test_with_its_pod()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run("helm install demo {.}/chart => .*STATUS: deployed\\n.*", Chart(("templates/check.yaml", Check)));
        var testing = Task.Run(() => server.Command("helm test demo --timeout 30s"));
        server.Run("""
            wait pod/demo-check --for=create --timeout=20s => pod/demo-check condition met
            patch pod demo-check --subresource=status --type=merge -p '{"status":{"phase":"Failed"}}' => pod/demo-check patched
            """);
        var result = testing.GetAwaiter().GetResult();

        Assert.That(result.ExitCode, Is.EqualTo(1), result.ToString());
        Assert.That(result.StandardError, Does.Contain("pod demo-check failed").IgnoreCase);
    }

    [Test]
    public void Objects_are_replaced_as_a_whole_when_that_is_forced() => Run("""
        helm install demo {.}/chart --server-side=false => .*STATUS: deployed\n.*
        label deploy demo by=hand => deployment\.apps/demo labeled
        get deploy demo -o jsonpath={.metadata.uid} => .+
        helm upgrade demo {.}/chart --server-side=false --set replicas=3 => .*has been upgraded.*
        get deploy demo -o jsonpath={.spec.replicas}{.metadata.labels.by} => 3hand
        helm upgrade demo {.}/chart --server-side=false --force-replace --set replicas=4 => .*has been upgraded.*
        get deploy demo -o jsonpath={.spec.replicas}{.metadata.labels.by} => 4
        get service demo -o jsonpath={.spec.clusterIP} => 10\.96\.\d+\.\d+
        """);

    [Test]
    public void Definitions_of_a_chart_come_before_its_objects()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run(
            """
            helm install shapes {.}/chart => .*STATUS: deployed\n.*
            get shapes.example.com round -o jsonpath={.spec.corners} => 0
            helm status shapes => .*==> v1/Shape\nNAME +AGE\nround .*
            helm uninstall shapes => release "shapes" uninstalled
            get shapes.example.com => No resources found in default namespace\.
            get crd shapes.example.com -o name => .*shapes\.example\.com
            """,
            Chart(("crds/shapes.yaml", Definition), ("templates/shape.yaml", Shape)));
    }

    [Test]
    public void Waiting_the_old_way_reads_the_newest_set_of_a_deployment() => Run("""
        helm install slow {.}/chart --no-hooks --wait=legacy --timeout 3s !=> .*context deadline exceeded.*
        helm status slow => .*STATUS: failed.*
        """);

    [Test]
    public void A_rendered_chart_can_be_applied()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run("get ns default -o name => namespace/default", Chart());
        var rendered = server.Command($"helm template t {server.Path("chart")} --no-hooks");
        server.Run(
            """
            apply -f {rendered.yaml} => configmap/t-config created\nservice/t created\ndeployment\.apps/t created
            apply --server-side -f {rendered.yaml} => .*deployment\.apps/t serverside-applied
            """,
            ("rendered.yaml", rendered.StandardOutput));
    }

    private void Run(string script)
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run(script, Chart());
    }

    private static IReadOnlyList<(string Name, string Content)> Chart(params IEnumerable<(string Name, string Content)> more) =>
    [
        ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.2.3\nappVersion: \"7\"\n"),
        ("chart/values.yaml", "replicas: 2\ngreeting: hello\n"),
        ("chart/templates/workload.yaml", Workload),
        .. more.Select(file => ("chart/" + file.Name, file.Content)),
    ];
}
