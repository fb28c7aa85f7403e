namespace Etcdish.Interop;

/// <summary>Scaling, draining, approving, debugging, quotas and services, as a user of kubectl sees them.</summary>
[TestFixture(false)]
[TestFixture(true)]
public class KubectlSubresourceTests(bool onGenuineEtcd)
{
    private const string Workload = """
        apiVersion: v1
        kind: Node
        metadata: {name: worker}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: guarded, labels: {app: a}}
        spec: {nodeName: worker, containers: [{name: c, image: "nginx:1"}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: free, labels: {app: b}}
        spec: {containers: [{name: c, image: "nginx:1"}]}
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: b}
        spec: {minAvailable: 1, selector: {matchLabels: {app: a}}}
        """;

    private const string Binding = """
        {"apiVersion":"v1","kind":"Binding","metadata":{"name":"free"},"target":{"kind":"Node","name":"worker"}}
        """;

    [Test]
    public void Replicas_are_scaled_through_their_own_object() => Run("""
        create deployment web --image=nginx --replicas=2 => deployment\.apps/web created
        scale deployment web --replicas=5 => deployment\.apps/web scaled
        scale deployment web --current-replicas=5 --replicas=3 => deployment\.apps/web scaled
        scale deployment web --current-replicas=5 --replicas=1 !=> .*Expected replicas to be 5, was 3
        get deployment web --subresource=scale => NAME +DESIRED +AVAILABLE +AGE\nweb +3 +0 +\d+s
        get deployment web --subresource=scale -o jsonpath={.status.selector} => app=web
        patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":4}}' => scale\.autoscaling/web patched
        get deployment web -o jsonpath={.spec.replicas} => 4
        """);

    [Test]
    public void A_status_is_applied_by_itself() => Run(
        """
        create deployment web --image=nginx --replicas=2 => deployment\.apps/web created
        apply --server-side --subresource=status -f {status.yaml} => deployment\.apps/web serverside-applied
        get deployment web -o jsonpath={.spec.replicas}{.status.replicas} => 27
        get deployment web --show-managed-fields -o jsonpath='{.metadata.managedFields[?(@.subresource=="status")]}' => .*"manager":"kubectl","operation":"Apply".*
        """,
        ("status.yaml", """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec: {replicas: 5}
        status: {replicas: 7}
        """));

    [Test]
    public void A_node_is_drained_as_far_as_budgets_allow() => Run(
        """
        apply -f {all.yaml} => .*pod/guarded created.*
        create --raw /api/v1/namespaces/default/pods/free/binding -f {binding.json} => .*"status":"Success".*
        patch pod guarded --subresource=status --type=merge -p '{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}' => .*patched
        patch pdb b --subresource=status --type=merge -p '{"status":{"observedGeneration":1,"currentHealthy":1,"desiredHealthy":1,"disruptionsAllowed":0}}' => .*patched
        get pods -o jsonpath={.items[*].spec.nodeName} => worker worker
        drain worker --force --grace-period=0 --timeout=3s !=> .*Cannot evict pod as it would violate the pod's disruption budget\..*
        get node worker -o jsonpath={.spec.unschedulable} => true
        get pods -o name => pod/guarded
        patch pdb b --subresource=status --type=merge -p '{"status":{"disruptionsAllowed":1}}' => .*patched
        drain worker --force --grace-period=0 --timeout=20s => .*node/worker drained.*
        get pods => No resources found in default namespace\.
        get pdb b -o jsonpath={.status.disruptionsAllowed} => 0
        """,
        ("all.yaml", Workload),
        ("binding.json", Binding));

    [Test]
    public void A_container_is_put_into_a_pod_to_look_at_it() => Run("""
        run p --image=nginx --restart=Never => pod/p created
        debug p --profile=general --image=busybox --container=look --attach=false --quiet => 
        get pod p -o jsonpath={.spec.ephemeralContainers[0].name}={.spec.ephemeralContainers[0].image} => look=busybox
        debug p --profile=general --image=busybox --container=look --attach=false --quiet !=> The Pod "p" is invalid: spec\.ephemeralContainers: Forbidden: existing ephemeral containers "look" may not be changed
        """);

    [Test]
    public void Copies_of_pods_and_pods_on_nodes_are_made_to_look_around() => Run(
        """
        apply -f {all.yaml} => .*pod/guarded created.*
        debug free --copy-to=other --profile=general --image=busybox --container=look --attach=false --quiet => 
        get pod other -o jsonpath='{.spec.containers[*].name}' => c look
        debug free --copy-to=changed --set-image=c=nginx:2 --attach=false --quiet --profile=general => 
        get pod changed -o jsonpath='{.spec.containers[*].image}' => nginx:2
        debug node/worker --profile=general --image=busybox --attach=false => Creating debugging pod node-debugger-worker-.* with container debugger on node worker\.
        get pods --field-selector=spec.nodeName=worker,spec.hostNetwork=true -o name => pod/node-debugger-worker-.*
        """,
        ("all.yaml", Workload));

    [Test]
    public void A_certificate_request_is_approved_once() => Run(
        """
        apply -f {request.yaml} => certificatesigningrequest\.certificates\.k8s\.io/r created
        certificate approve r => certificatesigningrequest\.certificates\.k8s\.io/r approved
        get csr r -o jsonpath={.status.conditions[0].type}{.spec.username} => Approved\S+
        certificate deny r !=> .*
        delete csr r => .*deleted
        apply -f {request.yaml} => certificatesigningrequest\.certificates\.k8s\.io/r created
        certificate deny r => certificatesigningrequest\.certificates\.k8s\.io/r denied
        get csr r => NAME +AGE +SIGNERNAME +REQUESTOR +REQUESTEDDURATION +CONDITION\nr +\d+s +example\.com/signer +\S+ +<none> +Denied
        """,
        ("request.yaml", """
        apiVersion: certificates.k8s.io/v1
        kind: CertificateSigningRequest
        metadata: {name: r}
        spec:
          signerName: example.com/signer
          usages: [client auth]
          request: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIYk1JR0NBZ0VBTUFreEJ6QUZCZ05WQkFNTUFBPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==
        """));

    [Test]
    public void Quotas_hold_and_say_so() => Run("""
        create quota q --hard=pods=1,services=3 => resourcequota/q created
        run a --image=nginx => pod/a created
        run b --image=nginx !=> Error from server \(Forbidden\): pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1
        get quota q => NAME +REQUEST +LIMIT +AGE\nq +pods: 1/1, services: 1/3 +\d+s
        describe quota q => Name: +q.*pods +1 +1.*services +1 +3
        delete pod a --force --grace-period=0 => .*pod "a" force deleted.*
        run b --image=nginx => pod/b created
        """);

    [Test]
    public void Services_have_addresses_and_ports() => Run("""
        get service kubernetes => NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nkubernetes +ClusterIP +10\.96\.0\.1 +<none> +443/TCP +\d+s
        create deployment web --image=nginx => deployment\.apps/web created
        expose deployment web --port=80 --type=NodePort => service/web exposed
        get service web => NAME .*\nweb +NodePort +10\.96\.\d+\.\d+ +<none> +80:3\d{4}/TCP +\d+s
        get ipaddresses => NAME +PARENTREF\n10\.96\.0\.1 +services/default/kubernetes\n10\.96\.\d+\.\d+ +services/default/web
        create service clusterip one --clusterip=10.96.0.1 --tcp=80 !=> .*failed to allocate IP 10\.96\.0\.1: provided IP is already allocated
        get priorityclasses -o name => .*system-cluster-critical\n.*system-node-critical
        delete service web => service "web" deleted.*
        get ipaddresses -o name => ipaddress\.networking\.k8s\.io/10\.96\.0\.1
        """);

    private void Run(string script, params IReadOnlyList<(string Name, string Content)> files)
    {
        using var server = new KubernetesServer(onGenuineEtcd);
        server.Run(script, files);
    }
}
