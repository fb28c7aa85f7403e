namespace Etcdish.Interop;

/// <summary>What a user of kubectl sees, on the store in the process and on a genuine etcd.</summary>
[TestFixture(false)]
[TestFixture(true)]
public class KubectlTests(bool onGenuineEtcd)
{
    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: app}
        spec:
          replicas: 2
          selector: {matchLabels: {app: app}}
          template:
            metadata: {labels: {app: app}}
            spec: {containers: [{name: c, image: "nginx:1", ports: [{containerPort: 80}]}]}
        """;

    [Test]
    public void Reads_and_writes_of_plain_objects() => Run("""
        version => .*Server Version: v1\.35.*
        get --raw /readyz => ok
        api-resources -o name => .*configmaps.*deployments\.apps.*
        get namespaces -o name => namespace/default\nnamespace/kube-node-lease\nnamespace/kube-public\nnamespace/kube-system
        create configmap greeting --from-literal=hello=world => configmap/greeting created
        create configmap greeting --from-literal=hello=world !=> error: failed to create configmap: configmaps "greeting" already exists
        get configmap => NAME +DATA +AGE\ngreeting +1 +\d+s\nkube-root-ca.crt +1 +\d+s
        get serviceaccounts -A -o name => (serviceaccount/default\n?){4}
        get cm greeting -o jsonpath={.data.hello} => world
        label configmap greeting tier=front => configmap/greeting labeled
        get cm -l tier=front -o name => configmap/greeting
        get cm -l tier=back => No resources found in default namespace\.
        annotate cm greeting a=b => configmap/greeting annotated
        describe configmap greeting => Name: +greeting.*Labels: +tier=front.*hello:.*world.*
        create secret generic s --from-literal=p=q => secret/s created
        get secret s -o jsonpath={.data.p} => cQ==
        get secrets => NAME +TYPE +DATA +AGE\ns +Opaque +1 +\d+s
        patch cm greeting --type=merge -p '{"data":{"x":"y"}}' => configmap/greeting patched
        patch cm greeting --type=json -p '[{"op":"remove","path":"/data/x"}]' => configmap/greeting patched
        create cm tried --from-literal=a=b --dry-run=server -o name => configmap/tried
        get cm tried !=> Error from server \(NotFound\): configmaps "tried" not found
        delete configmap greeting => configmap "greeting" deleted.*
        get nothing !=> error: the server doesn't have a resource type "nothing"
        get events => No resources found in default namespace\.
        create configmap Wrong_Name !=> .*metadata\.name: Invalid value: "Wrong_Name".*
        """);

    [Test]
    public void Apply_diff_and_edit_by_command_of_a_deployment() => Run(
        """
        apply -f {first.yaml} => deployment\.apps/app created
        apply -f {first.yaml} => deployment\.apps/app unchanged
        diff -f {first.yaml} => 
        diff -f {second.yaml} !=> .*-  replicas: 2\n\+  replicas: 3.*
        apply -f {second.yaml} => deployment\.apps/app configured
        get deployment app => NAME +READY +UP-TO-DATE +AVAILABLE +AGE\napp +0/3 +0 +0 +\d+s
        get deploy -o wide => .*CONTAINERS +IMAGES +SELECTOR\napp .* c +nginx:2 +app=app
        set image deployment/app c=nginx:3 => deployment\.apps/app image updated
        get deploy app -o jsonpath={.spec.template.spec.containers[*].image} => nginx:3
        rollout pause deployment/app => deployment\.apps/app paused
        explain deployment.spec.replicas => .*KIND: +Deployment.*FIELD: replicas <integer>.*
        apply -f {wrong.yaml} !=> .*strict decoding error: unknown field "spec\.replicaz".*
        replace -f {first.yaml} => deployment\.apps/app replaced
        get all => NAME .*\ndeployment\.apps/app .*
        delete -f {first.yaml} => deployment\.apps "app" deleted.*
        """,
        ("first.yaml", Deployment),
        ("second.yaml", Deployment.Replace("replicas: 2", "replicas: 3", StringComparison.Ordinal)
            .Replace("nginx:1", "nginx:2", StringComparison.Ordinal)),
        ("wrong.yaml", Deployment.Replace("replicas: 2", "replicaz: 2", StringComparison.Ordinal)));

    [Test]
    public void Namespaces_pods_and_waiting() => Run("""
        create namespace team => namespace/team created
        -n team create configmap a --from-literal=k=v => configmap/a created
        delete namespace team => namespace "team" deleted
        get namespace team !=> .*namespaces "team" not found
        run p --image=nginx => pod/p created
        get pods => NAME +READY +STATUS +RESTARTS +AGE\np +0/1 +Pending +0 +\d+s
        get pod p -o jsonpath={.spec.securityContext}{.spec.restartPolicy} => \{\}Always
        get pods --field-selector=status.phase=Running => No resources found in default namespace\.
        wait pod/p --for=jsonpath={.status.phase}=Pending --timeout=10s => pod/p condition met
        delete pod p => pod "p" deleted.*
        wait --for=delete pod/p --timeout=10s => 
        """);

    [Test]
    public void Typed_creations_come_as_protobuf() => Run("""
        create serviceaccount robot => serviceaccount/robot created
        create role r --verb=get --resource=pods => role\.rbac\.authorization\.k8s\.io/r created
        create rolebinding b --role=r --serviceaccount=default:robot => rolebinding\.rbac\.authorization\.k8s\.io/b created
        create clusterrole c --verb=list --resource=nodes => clusterrole\.rbac\.authorization\.k8s\.io/c created
        create job j --image=busybox => job\.batch/j created
        create cronjob k --image=busybox --schedule='* * * * *' => cronjob\.batch/k created
        create service clusterip s --tcp=80 => service/s created
        create ingress i --rule=h/p=s:80 => ingress\.networking\.k8s\.io/i created
        create quota q --hard=pods=1 => resourcequota/q created
        create poddisruptionbudget d --min-available=1 --selector=a=b => poddisruptionbudget\.policy/d created
        create priorityclass f --value=7 => priorityclass\.scheduling\.k8s\.io/f created
        create deployment w --image=nginx => deployment\.apps/w created
        get rolebinding b => NAME +ROLE +AGE\nb +Role/r +\d+s
        get job,cronjob,svc,ing,pdb => .*job\.batch/j .*cronjob\.batch/k .*service/s .*i +<none> +h .*d +1 +N/A .*
        """);

    private void Run(string script, params IReadOnlyList<(string Name, string Content)> files)
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run(script, files);
    }
}
