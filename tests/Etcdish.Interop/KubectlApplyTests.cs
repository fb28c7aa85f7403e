namespace Etcdish.Interop;

/// <summary>The ways in which kubectl changes what is there already, on the store in the process and on a genuine etcd.</summary>
[TestFixture(false)]
[TestFixture(true)]
public class KubectlApplyTests(bool onGenuineEtcd)
{
    private const string First = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: app, labels: {tier: web}}
        spec:
          replicas: 2
          selector: {matchLabels: {app: app}}
          template:
            metadata: {labels: {app: app}}
            spec:
              containers:
              - {name: c, image: "nginx:1", ports: [{containerPort: 80}], env: [{name: A, value: "1"}, {name: B, value: "2"}]}
              - {name: d, image: "busybox:1"}
        """;

    private const string Second = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: app, labels: {level: top}}
        spec:
          replicas: 3
          selector: {matchLabels: {app: app}}
          template:
            metadata: {labels: {app: app}}
            spec:
              containers:
              - {name: c, image: "nginx:1", ports: [{containerPort: 80}], env: [{name: A, value: "1"}, {name: X, value: "3"}]}
        """;

    private const string ConfigMap = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: one, labels: {app: x}}
        data: {a: "1"}
        """;

    private const string TwoConfigMaps = ConfigMap + "\n---\n" + """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: two, labels: {app: x}}
        data: {a: "1"}
        """;

    private const string Owners = "get deploy app --show-managed-fields -o jsonpath='{range .metadata.managedFields[*]}{.manager}/{.operation} {end}'";

    private const string Shown = "get deploy app -o jsonpath='{.metadata.labels} {.spec.replicas} "
        + "{range .spec.template.spec.containers[*]}{.name}:{range .env[*]}{.name}{end}:{.imagePullPolicy} {end}'";

    [Test]
    public void A_three_way_merge_removes_what_was_applied_and_leaves_what_others_made() => Run($$$"""
        apply -f {first.yaml} => deployment\.apps/app created
        apply -f {first.yaml} => deployment\.apps/app unchanged
        label deploy app by=hand => deployment\.apps/app labeled
        set env deploy/app -c=c FOO=bar => deployment\.apps/app env updated
        apply -f {second.yaml} => deployment\.apps/app configured
        {{{Shown}}} => {"by":"hand","level":"top"} 3 c:AXFOO:IfNotPresent
        apply view-last-applied deploy app -o json => .*"level": "top".*
        {{{Owners}}} => (kubectl-client-side-apply/Update|kubectl-label/Update|kubectl-set/Update| )+
        diff -f {second.yaml} => 
        diff -f {first.yaml} !=> .*-  replicas: 3\n\+  replicas: 2.*
        diff --server-side --force-conflicts -f {first.yaml} !=> .*-  replicas: 3\n\+  replicas: 2.*
        replace -f {first.yaml} => deployment\.apps/app replaced
        {{{Shown}}} => {"tier":"web"} 2 c:AB:IfNotPresent d::IfNotPresent
        """);

    [Test]
    public void Server_side_apply_tells_conflicts_and_moves_to_and_fro() => Run($$$"""
        apply --server-side -f {first.yaml} => deployment\.apps/app serverside-applied
        {{{Owners}}} => kubectl/Apply
        patch deploy app -p '{"spec":{"replicas":7}}' => deployment\.apps/app patched
        apply --server-side -f {second.yaml} !=> error: Apply failed with 1 conflict: conflict with "kubectl-patch" using apps/v1: \.spec\.replicas\n.*--force-conflicts.*
        apply --server-side -f {second.yaml} --dry-run=server --force-conflicts -o jsonpath={.spec.replicas} => 3
        {{{Shown}}} => {"tier":"web"} 7 c:AB:IfNotPresent d::IfNotPresent
        apply --server-side --force-conflicts -f {second.yaml} => deployment\.apps/app serverside-applied
        {{{Shown}}} => {"level":"top"} 3 c:AX:IfNotPresent
        {{{Owners}}} => kubectl/Apply
        apply --server-side --field-manager=other -f {second.yaml} => deployment\.apps/app serverside-applied
        {{{Owners}}} => (kubectl/Apply|other/Apply| )+
        apply --server-side -f {wrong.yaml} !=> .*failed to create typed patch object \(default/app; apps/v1, Kind=Deployment\): \.spec\.replicaz: field not declared in schema
        apply -f {first.yaml} => deployment\.apps/app configured\n?Warning: .*last-applied-configuration.*
        {{{Owners}}} => .*kubectl-client-side-apply/Update
        apply --server-side -f {first.yaml} => deployment\.apps/app serverside-applied
        {{{Owners}}} => (?!.*client-side).*kubectl/Apply.*
        get deploy app -o jsonpath={.metadata.labels.tier} => web
        """);

    [Test]
    public void What_is_no_longer_in_a_set_is_pruned() => Run("""
        apply -f {two.yaml} => configmap/one created\nconfigmap/two created
        apply -f {one.yaml} --prune -l app=x --prune-allowlist=core/v1/ConfigMap => configmap/one unchanged\nconfigmap/two pruned
        create namespace sets => namespace/sets created
        KUBECTL_APPLYSET=true apply -n sets -f {two.yaml} --prune --applyset=mine => configmap/one created\nconfigmap/two created
        KUBECTL_APPLYSET=true apply -n sets -f {one.yaml} --prune --applyset=mine => configmap/one unchanged\nconfigmap/two pruned
        get -n sets cm -l app=x -o name => configmap/one
        get -n sets secret mine -o jsonpath={.metadata.annotations} => .*"applyset\.kubernetes\.io/contains-group-kinds":"ConfigMap".*
        """);

    [Test]
    public void Editing_patching_and_replacing() => Run("""
        apply -f {one.yaml} => configmap/one created
        KUBE_EDITOR='sh {edit.sh}' edit cm one => configmap/one edited
        KUBE_EDITOR='sh {edit.sh}' edit cm one => Edit cancelled, no changes made\.
        get cm one -o jsonpath={.data.a} => 9
        KUBE_EDITOR='sh {edit.sh}' apply edit-last-applied cm one => configmap/one edited
        apply set-last-applied -f {one.yaml} => configmap/one configured
        replace -f {one.yaml} => configmap/one replaced
        replace --force -f {one.yaml} => configmap "one" deleted.*\nconfigmap/one replaced
        apply -f {first.yaml} => deployment\.apps/app created
        patch deploy app -p '{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"nginx:7"}]}}}}' => deployment\.apps/app patched
        patch deploy app --type=merge -p '{"metadata":{"labels":{"tier":null}}}' => deployment\.apps/app patched
        patch deploy app --type=json -p '[{"op":"test","path":"/spec/replicas","value":7}]' !=> The request is invalid: the server rejected our request.*
        patch deploy app --subresource=status --type=merge -p '{"status":{"replicas":2},"spec":{"replicas":9}}' => deployment\.apps/app patched
        get deploy app --subresource=status -o jsonpath='{.spec.replicas}{.status.replicas}' => 22
        get deploy app -o jsonpath={.spec.template.spec.containers[*].image}{.metadata.labels} => nginx:7 busybox:1
        patch cm none -p '{}' !=> Error from server \(NotFound\): configmaps "none" not found
        """);

    private void Run(string script)
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run(
            script,
            ("first.yaml", First),
            ("second.yaml", Second),
            ("wrong.yaml", First.Replace("replicas", "replicaz", StringComparison.Ordinal)),
            ("one.yaml", ConfigMap),
            ("two.yaml", TwoConfigMaps),
            ("edit.sh", "#!/bin/sh\nsed -i 's/a: \"1\"/a: \"9\"/' \"$1\"\n"));
    }
}
