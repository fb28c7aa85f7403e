namespace Etcdish.Interop;

/// <summary>Each command of kubectl that needs no running container and no controller, once at least.</summary>
[TestFixture(false)]
[TestFixture(true)]
public class KubectlCommandTests(bool onGenuineEtcd)
{
    private const string Node = """
        apiVersion: v1
        kind: Node
        metadata: {name: n1, labels: {kubernetes.io/hostname: n1}}
        """;

    private const string Roles = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: reader}
        rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
        """;

    /// <summary>What a controller of deployments would have made of two versions of a template.</summary>
    private const string ReplicaSets = """
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata:
          name: app-1
          labels: {app: app, pod-template-hash: "1"}
          annotations: {deployment.kubernetes.io/revision: "1"}
          ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: app, uid: UID, controller: true}]
        spec:
          selector: {matchLabels: {app: app, pod-template-hash: "1"}}
          template:
            metadata: {labels: {app: app, pod-template-hash: "1"}}
            spec: {containers: [{name: c, image: "nginx:1"}]}
        ---
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata:
          name: app-2
          labels: {app: app, pod-template-hash: "2"}
          annotations: {deployment.kubernetes.io/revision: "2"}
          ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: app, uid: UID, controller: true}]
        spec:
          selector: {matchLabels: {app: app, pod-template-hash: "2"}}
          template:
            metadata: {labels: {app: app, pod-template-hash: "2"}}
            spec: {containers: [{name: c, image: "nginx:2"}]}
        """;

    private const string Daemons = """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: d}
        spec:
          selector: {matchLabels: {app: d}}
          template:
            metadata: {labels: {app: d}}
            spec: {containers: [{name: c, image: "nginx:2"}]}
        """;

    private const string Set = """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: s}
        spec:
          replicas: 0
          serviceName: s
          selector: {matchLabels: {app: s}}
          template:
            metadata: {labels: {app: s}}
            spec: {containers: [{name: c, image: "nginx:2"}]}
        """;

    private const string Revision = """
        apiVersion: apps/v1
        kind: ControllerRevision
        metadata:
          name: d-1
          labels: {app: d}
          ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: d, uid: UID, controller: true}]
        revision: 1
        data:
          spec:
            template:
              $patch: replace
              metadata: {labels: {app: d}}
              spec: {containers: [{name: c, image: "nginx:1"}]}
        """;

    [Test]
    public void Reading_in_all_forms() => Run("""
        create deployment app --image=nginx:1 --replicas=2 => deployment\.apps/app created
        create configmap one --from-literal=a=1 => configmap/one created
        get deploy app -o name => deployment\.apps/app
        get deploy app -o json => .*"kind": "Deployment".*
        get deploy app -o yaml => .*kind: Deployment\n.*
        get deploy app -o custom-columns=N:.metadata.name,R:.spec.replicas => N +R\napp +2
        get deploy app -o go-template={{.metadata.name}} => app
        get cm --sort-by=.metadata.name => NAME +DATA +AGE\nkube-root-ca\.crt .*\none +1 +\d+s
        get deploy --show-kind --no-headers => deployment\.apps/app +0/2 +0 +0 +\d+s
        get deploy -L app --show-labels => NAME .* AGE +APP +LABELS\napp .* app +app=app
        get ns --chunk-size=0 -o name => (namespace/\S+\s*){4}
        get ns --chunk-size=1 => NAME +STATUS +AGE\ndefault +Active .*
        get ns --server-print=false => NAME +AGE\ndefault +\d+s.*
        get cm,deploy -A => .*configmap/one .*deployment\.apps/app .*
        get deploy app nothing !=> .*app .*Error from server \(NotFound\): deployments\.apps "nothing" not found
        get deploy app --subresource=status => NAME .*\napp .*
        get --raw /api/v1/namespaces/default/configmaps?limit=1 => {"kind":"ConfigMapList".*
        get cm one -w --request-timeout=1s => NAME +DATA +AGE\none +1 +\d+s.*
        get events => No resources found in default namespace\.
        events => No events found in default namespace\.
        describe deploy app => .*Replicas: +2 desired.*
        describe ns default => .*Status: +Active.*
        cluster-info => .*Kubernetes control plane.*is running at.*
        cluster-info dump --output-directory={.}/dump => Cluster info dumped to .*
        api-versions => .*apps/v1\n.*\nv1
        api-resources --categories=all -o name => .*deployments\.apps.*
        explain cm.data => KIND: +ConfigMap\nVERSION: +v1\n\nFIELD: data <map\[string\]string>.*
        explain deploy --recursive => .*strategy\t<DeploymentStrategy>.*
        version -o json => .*"major": "1".*
        config view --minify => .*current-context: .*
        top node !=> error: metrics not available yet
        top pod => No resources found in default namespace\.
        get cs => NAME +STATUS +MESSAGE +ERROR\n.*etcd-0 +Healthy +ok.*Warning: v1 ComponentStatus is deprecated in v1\.19\+
        get componentstatus etcd-0 -o jsonpath={.conditions[0].status} => True\s*Warning: .*
        get cs none !=> .*Error from server \(NotFound\): componentstatus "none" not found
        __complete get deploy '' => app\n:4.*
        """);

    [Test]
    public void Setting_labelling_and_exposing() => Run("""
        create deployment app --image=nginx:1 --replicas=2 => deployment\.apps/app created
        set image deploy/app nginx=nginx:8 => deployment\.apps/app image updated
        set env deploy/app FOO=bar BAZ=q => deployment\.apps/app env updated
        set env deploy/app BAZ- => deployment\.apps/app env updated
        set env deploy/app --list => # Deployment app, container nginx\nFOO=bar
        set resources deploy/app -c=nginx --limits=cpu=1,memory=1Gi => deployment\.apps/app resource requirements updated
        set serviceaccount deploy/app robot => deployment\.apps/app serviceaccount updated
        get deploy app -o jsonpath={.spec.template.spec.containers[0].resources.limits}{.spec.template.spec.serviceAccountName} => {"cpu":"1","memory":"1Gi"}robot
        label deploy app x=y => deployment\.apps/app labeled
        label deploy app x=z !=> error: 'x' already has a value \(y\), and --overwrite is false
        label deploy app x=z --overwrite => deployment\.apps/app labeled
        label deploy --all x- => deployment\.apps/app unlabeled
        annotate deploy app x=y => deployment\.apps/app annotated
        annotate deploy app x- => deployment\.apps/app annotated
        scale deploy app --replicas=4 => deployment\.apps/app scaled
        scale deploy app --replicas=5 --current-replicas=4 => deployment\.apps/app scaled
        scale deploy app --replicas=5 --current-replicas=9 !=> error: Expected replicas to be 9, was 5
        get deploy app --subresource=scale => NAME +DESIRED +AVAILABLE +AGE\napp +5 +0 +\d+s
        get deploy app --show-managed-fields -o jsonpath='{.metadata.managedFields[?(@.subresource=="scale")]}' => .*"f:replicas".*
        autoscale deploy app --min=1 --max=3 --cpu=50% => horizontalpodautoscaler\.autoscaling/app autoscaled
        get hpa => NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE\napp +Deployment/app .* 1 +3 +0 +\d+s
        expose deploy app --port=80 --target-port=8080 --name=web => service/web exposed
        set selector svc/web a=b => service/web selector updated
        get svc web -o jsonpath='{.spec.selector} {.spec.ports[0].targetPort}' => {"a":"b"} 8080
        create clusterrolebinding crb --clusterrole=c --user=u => clusterrolebinding\.rbac\.authorization\.k8s\.io/crb created
        set subject clusterrolebinding crb --user=v => clusterrolebinding\.rbac\.authorization\.k8s\.io/crb subjects updated
        get clusterrolebinding crb -o wide => NAME .*\ncrb +ClusterRole/c +\d+s +u, v.*
        auth reconcile -f {roles.yaml} => clusterrole\.rbac\.authorization\.k8s\.io/reader reconciled.*
        create deployment dry --image=x --dry-run=server -o jsonpath={.spec.strategy.type} => RollingUpdate
        get deploy dry !=> .*NotFound.*
        apply -k {.}/kus => configmap/k-one created
        kustomize {.}/kus => .*name: k-one.*
        delete -k {.}/kus => configmap "k-one" deleted.*
        """, ("kus/kustomization.yaml", "namePrefix: k-\nconfigMapGenerator: [{name: one, literals: [a=b], options: {disableNameSuffixHash: true}}]\n"));

    [Test]
    public void Nodes_are_cordoned_and_tainted() => Run("""
        create -f {node.yaml} => node/n1 created
        cordon n1 => node/n1 cordoned
        get node n1 => NAME +STATUS .*\nn1 +Unknown,SchedulingDisabled .*
        uncordon n1 => node/n1 uncordoned
        taint node n1 a=b:NoSchedule => node/n1 tainted
        taint node n1 a=b:NoSchedule !=> error: node n1 already has a taint.*
        taint node n1 a=c:NoSchedule --overwrite => node/n1 modified
        get node n1 -o jsonpath={.spec.taints} => .*"value":"c".*
        taint node n1 a- => node/n1 untainted
        run here --image=nginx --overrides='{"spec":{"nodeName":"n1"}}' => pod/here created
        drain n1 --force --timeout=10s --grace-period=0 --dry-run=server => .*node/n1 drained.*
        delete pod here --now --wait=false => pod "here" deleted.*
        delete pod here --force => .*pod "here" force deleted.*
        drain n1 => node/n1 cordoned\nnode/n1 drained
        describe node n1 => .*Unschedulable: +true.*
        """);

    [Test]
    public void Waiting_and_deleting() => Run("""
        create deployment app --image=nginx:1 => deployment\.apps/app created
        patch deploy app --subresource=status --type=merge -p '{"status":{"conditions":[{"type":"Available","status":"True"}]}}' => .*patched
        wait deploy/app --for=condition=Available --timeout=10s => deployment\.apps/app condition met
        wait deploy/app --for=jsonpath={.spec.replicas}=1 --timeout=10s => deployment\.apps/app condition met
        wait deploy/app --for=create --timeout=10s => deployment\.apps/app condition met
        wait deploy/app --for=condition=Progressing --timeout=1s !=> error: timed out waiting for the condition on deployments/app
        delete deploy app --dry-run=server => deployment\.apps "app" deleted.*\(server dry run\)
        delete deploy app --now => deployment\.apps "app" deleted.*
        wait deploy/app --for=delete --timeout=10s => 
        create cm a => configmap/a created
        create cm b => configmap/b created
        delete cm --all => configmap "a" deleted.*\nconfigmap "b" deleted.*
        delete cm -l a=b => No resources found
        delete --raw /api/v1/namespaces/default/configmaps/x !=> Error from server \(NotFound\): configmaps "x" not found
        run p --image=nginx --restart=Never => pod/p created
        set image pod/p p=nginx:2 => pod/p image updated
        describe pod p => .*Status: +Pending.*
        delete pod p --force --grace-period=0 => pod "p" force deleted.*Warning: Immediate deletion.*
        create cronjob c --image=busybox --schedule='* * * * *' => cronjob\.batch/c created
        create job j --from=cronjob/c => job\.batch/j created
        get job j -o jsonpath={.metadata.ownerReferences[0].kind} => CronJob
        create secret docker-registry d --docker-server=a --docker-username=b --docker-password=c => secret/d created
        get secret d -o jsonpath={.type} => kubernetes\.io/dockerconfigjson
        """);

    [Test]
    public void Rollouts_by_the_marks_that_a_controller_would_leave()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run("create deployment app --image=nginx:2 => deployment.apps/app created");
        var uid = server.Kubectl("get deploy app -o jsonpath={.metadata.uid}").StandardOutput;
        server.Run(
            """
            annotate deploy app deployment.kubernetes.io/revision=2 => deployment\.apps/app annotated
            create -f {sets.yaml} => replicaset\.apps/app-1 created\nreplicaset\.apps/app-2 created
            rollout history deploy/app => deployment\.apps/app *\nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>
            rollout history deploy/app --revision=1 => .*Image:\tnginx:1\n.*
            rollout undo deploy/app => deployment\.apps/app rolled back
            get deploy app -o jsonpath={.spec.template.spec.containers[0].image} => nginx:1
            rollout pause deploy/app => deployment\.apps/app paused
            rollout resume deploy/app => deployment\.apps/app resumed
            rollout restart deploy/app => deployment\.apps/app restarted
            get deploy app -o jsonpath={.spec.template.metadata.annotations} => {"kubectl\.kubernetes\.io/restartedAt":".*"}
            rollout status deploy/app --timeout=1s !=> Waiting for deployment spec update to be observed\.\.\..*
            patch deploy app --subresource=status --type=merge -p '{"status":{"observedGeneration":99,"replicas":1,"updatedReplicas":1,"availableReplicas":1,"readyReplicas":1}}' => .*patched
            rollout status deploy/app --timeout=10s => deployment "app" successfully rolled out
            """,
            ("sets.yaml", ReplicaSets.Replace("UID", uid, StringComparison.Ordinal)));
    }

    [Test]
    public void Rollouts_of_daemons_and_sets_by_the_revisions_that_a_controller_would_leave()
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run("create -f {daemons.yaml} => daemonset\\.apps/d created", ("daemons.yaml", Daemons));
        var uid = server.Kubectl("get ds d -o jsonpath={.metadata.uid}").StandardOutput;
        server.Run(
            """
            create -f {revision.yaml} => controllerrevision\.apps/d-1 created
            rollout history ds/d => daemonset\.apps/d *\nREVISION +CHANGE-CAUSE\n1 +<none>.*
            rollout undo ds/d --to-revision=1 => daemonset\.apps/d rolled back
            get ds d -o jsonpath={.spec.template.spec.containers[0].image} => nginx:1
            rollout restart ds/d => daemonset\.apps/d restarted
            patch ds d --subresource=status --type=merge -p '{"status":{"observedGeneration":99,"desiredNumberScheduled":0,"currentNumberScheduled":0,"numberMisscheduled":0,"numberReady":0}}' => .*patched
            rollout status ds/d --timeout=10s => daemon set "d" successfully rolled out
            create -f {set.yaml} => statefulset\.apps/s created
            patch sts s --subresource=status --type=merge -p '{"status":{"observedGeneration":99,"replicas":0,"updateRevision":"s-1","currentRevision":"s-1"}}' => .*patched
            rollout status sts/s --timeout=10s => partitioned roll out complete: 0 new pods have been updated\.\.\.
            """,
            ("revision.yaml", Revision.Replace("UID", uid, StringComparison.Ordinal)),
            ("set.yaml", Set));
    }

    private void Run(string script, params IEnumerable<(string Name, string Content)> files)
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run(script, [("node.yaml", Node), ("roles.yaml", Roles), .. files]);
    }
}
