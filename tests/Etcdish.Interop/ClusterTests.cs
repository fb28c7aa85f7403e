namespace Etcdish.Interop;

/// <summary>A whole cluster on simulated nodes, as its users see it: controllers, scheduler and nodes behind unmodified kubectl and helm.</summary>
public sealed class ClusterTests
{
    private const string Budget = """
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: drained}
        spec: {minAvailable: 1, selector: {matchLabels: {app: drained}}}
        """;

    private const string Job = """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: sum}
        spec:
          completions: 3
          parallelism: 2
          template:
            spec:
              restartPolicy: Never
              containers: [{name: c, image: busybox}]
        """;

    private const string Set = """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          serviceName: db
          replicas: 2
          selector: {matchLabels: {app: db}}
          template:
            metadata: {labels: {app: db}}
            spec: {containers: [{name: c, image: "db:1"}]}
        """;

    private const string DaemonSet = """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent}
        spec:
          selector: {matchLabels: {app: agent}}
          template:
            metadata: {labels: {app: agent}}
            spec: {containers: [{name: c, image: "agent:1"}]}
        """;

    private const string Claim = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec: {accessModes: [ReadWriteOnce], storageClassName: local-path, resources: {requests: {storage: 1Gi}}}
        """;

    private const string Writer = """
        apiVersion: v1
        kind: Pod
        metadata: {name: writer}
        spec:
          containers: [{name: c, image: busybox, volumeMounts: [{name: data, mountPath: /data}]}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
        """;

    private const string Chart = """
        apiVersion: v2
        name: shop
        version: 0.1.0
        """;

    private const string Template = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: shop}
        spec:
          replicas: 2
          selector: {matchLabels: {app: shop}}
          template:
            metadata: {labels: {app: shop}}
            spec: {containers: [{name: c, image: nginx}]}
        """;

    private static KubernetesServer _server = null!;

    [OneTimeSetUp]
    public static void Start() => _server = new KubernetesServer(onGenuineEtcd: false, up: ["--fake-nodes", "3"]);

    [OneTimeTearDown]
    public static void Stop() => _server.Dispose();

    [Test]
    public void A_deployment_rolls_out_back_and_on() => _server.Run("""
        create deployment web --image=nginx:1 --replicas=3 => deployment\.apps/web created
        rollout status deployment/web --timeout=30s => .*deployment "web" successfully rolled out
        set image deployment/web nginx=nginx:2 => deployment\.apps/web image updated
        rollout status deployment/web --timeout=30s => .*successfully rolled out
        rollout history deployment/web => deployment\.apps/web.*REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>
        rollout undo deployment/web => deployment\.apps/web rolled back
        rollout status deployment/web --timeout=30s => .*successfully rolled out
        get deployment web -o jsonpath={.spec.template.spec.containers[0].image} => nginx:1
        rollout pause deployment/web => deployment\.apps/web paused
        rollout resume deployment/web => deployment\.apps/web resumed
        rollout restart deployment/web => deployment\.apps/web restarted
        rollout status deployment/web --timeout=30s => .*successfully rolled out
        scale deployment/web --replicas=5 => deployment\.apps/web scaled
        wait --for=jsonpath={.status.readyReplicas}=5 deployment/web --timeout=30s => deployment\.apps/web condition met
        autoscale deployment/web --min=2 --max=6 --cpu=80% => horizontalpodautoscaler\.autoscaling/web autoscaled
        expose deployment/web --port=80 => service/web exposed
        wait --for=jsonpath={.endpoints[0].conditions.ready}=true endpointslice -l kubernetes.io/service-name=web --timeout=30s => .*condition met
        delete deployment web --timeout=30s => deployment\.apps "web" deleted.*
        wait --for=delete pod -l app=web --timeout=30s => .*
        """);

    [Test]
    public void Deletion_by_all_policies() => _server.Run("""
        create deployment orphan --image=nginx => deployment\.apps/orphan created
        rollout status deployment/orphan --timeout=30s => .*successfully rolled out
        delete deployment orphan --cascade=orphan => deployment\.apps "orphan" deleted.*
        get replicasets -l app=orphan -o name => replicaset\.apps/orphan-\w+
        delete replicasets -l app=orphan --cascade=foreground --timeout=30s => replicaset\.apps "orphan-\w+" deleted.*
        get pods -l app=orphan => No resources found in default namespace\.
        """);

    [Test]
    public void A_job_completes() => _server.Run("""
        apply -f {job} => job\.batch/sum created
        wait --for=condition=complete job/sum --timeout=30s => job\.batch/sum condition met
        get job sum -o jsonpath={.status.succeeded} => 3
        """, ("job", Job));

    [Test]
    public void A_stateful_set_is_in_order() => _server.Run("""
        apply -f {set} => statefulset\.apps/db created
        rollout status statefulset/db --timeout=30s => .*(complete|2 pods).*
        get pods -l app=db -o name => pod/db-0\npod/db-1
        """, ("set", Set));

    [Test]
    public void A_stateful_set_goes_back() => _server.Run("""
        apply -f {set} => statefulset\.apps/log created
        rollout status statefulset/log --timeout=30s => .*(complete|2 pods).*
        set image statefulset/log c=log:2 => statefulset\.apps/log image updated
        rollout status statefulset/log --timeout=30s => .*complete: 2 new pods have been updated.*
        rollout history statefulset/log => statefulset\.apps/log.*REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>
        rollout history statefulset/log --revision=1 => statefulset\.apps/log with revision #1.*Image:\slog:1.*
        rollout undo statefulset/log => statefulset\.apps/log rolled back
        rollout status statefulset/log --timeout=30s => .*complete: 2 new pods have been updated.*
        get pods -l app=log -o jsonpath={.items[*].spec.containers[0].image} => log:1 log:1
        rollout history statefulset/log => statefulset\.apps/log.*REVISION +CHANGE-CAUSE\n2 +<none>\n3 +<none>
        rollout undo statefulset/log --to-revision=3 => statefulset\.apps/log skipped rollback \(current template already matches revision 3\)
        rollout undo statefulset/log --to-revision=7 !=> error: unable to find specified revision 7 in history
        """, ("set", Set.Replace("db", "log")));

    [Test]
    public void A_daemon_set_goes_back() => _server.Run("""
        apply -f {agent} => daemonset\.apps/agent created
        rollout status daemonset/agent --timeout=30s => .*daemon set "agent" successfully rolled out
        set image daemonset/agent c=agent:2 => daemonset\.apps/agent image updated
        rollout status daemonset/agent --timeout=30s => .*daemon set "agent" successfully rolled out
        rollout history daemonset/agent => daemonset\.apps/agent.*REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>
        rollout history daemonset/agent --revision=2 => daemonset\.apps/agent with revision #2.*Image:\sagent:2.*
        rollout undo daemonset/agent --to-revision=1 => daemonset\.apps/agent rolled back
        rollout status daemonset/agent --timeout=30s => .*daemon set "agent" successfully rolled out
        get pods -l app=agent -o jsonpath={.items[*].spec.containers[0].image} => agent:1 agent:1 agent:1
        rollout history daemonset/agent => daemonset\.apps/agent.*REVISION +CHANGE-CAUSE\n2 +<none>\n3 +<none>
        delete daemonset agent --timeout=30s => daemonset\.apps "agent" deleted.*
        """, ("agent", DaemonSet));

    [Test]
    public void A_claim_gets_its_volume_where_its_first_pod_goes() => _server.Run("""
        apply -f {claim} => persistentvolumeclaim/data created
        get pvc data -o jsonpath={.status.phase}{.spec.volumeName} => Pending
        wait --for=jsonpath={.reason}=WaitForFirstConsumer event --field-selector involvedObject.name=data --timeout=30s => .*condition met
        apply -f {writer} => pod/writer created
        wait --for=condition=Ready pod/writer --timeout=30s => pod/writer condition met
        get pvc data -o jsonpath={.status.phase} => Bound
        get pvc data -o jsonpath={.metadata.annotations} => .*"volume\.kubernetes\.io/selected-node":"node-\d".*
        get pv -o jsonpath={.items[*].spec.claimRef.name}/{.items[*].status.phase} => data/Bound
        get pv -o jsonpath={.items[*].spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values} => \["node-\d"\]
        delete pod writer --timeout=30s => pod "writer" deleted.*
        apply -f {writer} => pod/writer created
        wait --for=condition=Ready pod/writer --timeout=30s => pod/writer condition met
        delete pvc data --wait=false => persistentvolumeclaim "data" deleted.*
        get pvc data -o jsonpath={.metadata.finalizers} => \["kubernetes\.io/pvc-protection"\]
        delete pod writer --timeout=30s => pod "writer" deleted.*
        wait --for=delete pvc/data --timeout=30s => .*
        wait --for=delete pv --all --timeout=30s => .*
        """, ("claim", Claim), ("writer", Writer));

    [Test]
    public void A_node_is_emptied_within_budgets_and_taken_back() => _server.Run("""
        create deployment drained --image=nginx --replicas=3 => deployment\.apps/drained created
        rollout status deployment/drained --timeout=30s => .*successfully rolled out
        apply -f {budget} => poddisruptionbudget\.policy/drained created
        drain node-2 --ignore-daemonsets --force --timeout=60s => .*node/node-2 drained
        get pods --field-selector spec.nodeName=node-2 => No resources found in default namespace\.
        uncordon node-2 => node/node-2 uncordoned
        """, ("budget", Budget));

    [Test]
    public void Helm_waits_until_all_is_ready() => _server.Run("""
        helm install shop {.}/chart --wait --timeout 30s => .*STATUS: deployed.*
        get deployment shop -o jsonpath={.status.readyReplicas} => 2
        helm uninstall shop --wait --timeout 30s => release "shop" uninstalled
        """, ("chart/Chart.yaml", Chart), ("chart/templates/shop.yaml", Template));
}
