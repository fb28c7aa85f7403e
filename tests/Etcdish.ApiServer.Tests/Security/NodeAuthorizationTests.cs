using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Tests.Security;

/// <summary>What nodes may read, and what they may write, as users of the group system:nodes.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
[TestFixture(StoreKind.InProcess)]
[TestFixture(StoreKind.GenuineEtcd)]
public class NodeAuthorizationTests(StoreKind kind)
{
    private const string Core = "/api/v1";
    private const string Space = "/api/v1/namespaces/default";
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

    private const string Using = """
        {"metadata":{"name":"POD"},"spec":{"nodeName":"NODE","automountServiceAccountToken":false,"imagePullSecrets":[{"name":"POD-pull"}],
        "volumes":[{"name":"a","secret":{"secretName":"POD-volume"}},{"name":"b","persistentVolumeClaim":{"claimName":"POD-claim"}},
        {"name":"c","projected":{"sources":[{"configMap":{"name":"POD-projected"}}]}}],
        "containers":[{"name":"c","image":"i","env":[{"name":"E","valueFrom":{"secretKeyRef":{"name":"POD-env","key":"k"}}}],
        "envFrom":[{"configMapRef":{"name":"POD-map"}}]}]}}
        """;

    private TestCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _cluster = await TestCluster.StartAsync(kind);
        foreach (var node in new[] { "one", "two" })
        {
            Created(await AsNode(node, HttpMethod.Post, $"{Core}/nodes", $$$"""{"metadata":{"name":"{{{node}}}"}}"""));
        }
    }

    [OneTimeTearDown]
    public async Task Stop() => await _cluster.DisposeAsync();

    [TestCase("secrets", "env")]
    [TestCase("secrets", "volume")]
    [TestCase("secrets", "pull")]
    [TestCase("configmaps", "map")]
    [TestCase("configmaps", "projected")]
    [TestCase("persistentvolumeclaims", "claim")]
    public async Task What_a_pod_needs_its_node_may_read_and_no_other(string resource, string suffix)
    {
        var pod = $"p-{suffix}";
        var path = $"{Space}/{resource}/{pod}-{suffix}";
        var before = await AsNode("one", HttpMethod.Get, path);
        Created(await BindAsync(pod, "one"));
        var own = await AsNode("one", HttpMethod.Get, path);
        var other = await AsNode("two", HttpMethod.Get, path);
        await _cluster.DeleteAsync($"{Space}/pods/{pod}?gracePeriodSeconds=0");
        var after = await AsNode("one", HttpMethod.Get, path);

        // It is not there, which a node may know.
        Assert.That((before.Status, own.Status, other.Status, after.Status), Is.EqualTo((403, 404, 403, 403)), own.Text);
        Assert.That(other["message"], Is.EqualTo(
            $"{resource} \"{pod}-{suffix}\" is forbidden: User \"system:node:two\" cannot get resource \"{resource}\" in API group \"\" "
            + "in the namespace \"default\": no relationship found between node 'two' and this object"));
    }

    [Test]
    public async Task A_watch_of_one_object_is_like_a_read_and_one_of_all_is_not_for_nodes()
    {
        Created(await BindAsync("watched", "one"));
        const string One = $"{Space}/secrets?fieldSelector=metadata.name%3Dwatched-volume";
        var listed = await AsNode("one", HttpMethod.Get, One);
        var foreign = await AsNode("two", HttpMethod.Get, One);
        var all = await AsNode("one", HttpMethod.Get, $"{Space}/secrets");
        var written = await AsNode("one", HttpMethod.Delete, $"{Space}/secrets/watched-volume");

        Assert.That((listed.Status, foreign.Status, all.Status, written.Status), Is.EqualTo((200, 403, 403, 403)), listed.Text);
        Assert.That(all["message"], Does.EndWith("in the namespace \"default\": No Object name found"));
        Assert.That(written["message"], Does.EndWith(": can only read resources of this type"));
    }

    [Test]
    public async Task A_volume_and_its_secret_are_those_of_the_claim()
    {
        Created(await BindAsync("stored", "one"));
        Created(await _cluster.PostAsync($"{Space}/persistentvolumeclaims", """
            {"metadata":{"name":"stored-claim"},"spec":{"accessModes":["ReadWriteOnce"],"volumeName":"disk",
            "resources":{"requests":{"storage":"1Gi"}}}}
            """));
        Created(await _cluster.PostAsync($"{Core}/persistentvolumes", """
            {"metadata":{"name":"disk"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],
            "claimRef":{"namespace":"default","name":"stored-claim"},
            "csi":{"driver":"d","volumeHandle":"h","nodeStageSecretRef":{"name":"disk-key","namespace":"kube-system"}}}}
            """));
        const string Key = $"{Core}/namespaces/kube-system/secrets/disk-key";
        var own = await AsNode("one", HttpMethod.Get, $"{Core}/persistentvolumes/disk");
        var other = await AsNode("two", HttpMethod.Get, $"{Core}/persistentvolumes/disk");
        var absent = await AsNode("one", HttpMethod.Get, $"{Core}/persistentvolumes/none");
        var (ownKey, otherKey) = (await AsNode("one", HttpMethod.Get, Key), await AsNode("two", HttpMethod.Get, Key));

        Assert.That((own.Status, other.Status, absent.Status), Is.EqualTo((200, 403, 403)), own.Text);
        Assert.That((ownKey.Status, otherKey.Status), Is.EqualTo((404, 403)), ownKey.Text);
    }

    [TestCase("GET", "/api/v1/nodes/one", 200, "")]
    [TestCase("GET", "/api/v1/nodes/two", 403, "node 'one' cannot read 'two', only its own Node object")]
    [TestCase("GET", "/api/v1/nodes", 403, "node 'one' cannot read all nodes, only its own Node object")]
    [TestCase("GET", "/api/v1/pods", 403, "can only list/watch pods with spec.nodeName field selector")]
    [TestCase("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Done", 200, "")]
    [TestCase("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dtwo", 403, "can only list/watch pods with spec.nodeName field selector")]
    [TestCase("GET", "/api/v1/pods?fieldSelector=spec.nodeName!%3Done", 403, "can only list/watch pods with spec.nodeName field selector")]
    [TestCase("GET", "/api/v1/namespaces/default/pods/none", 403, "no relationship found between node 'one' and this object")]
    [TestCase("GET", "/api/v1/services", 200, "")]
    [TestCase("GET", "/apis/apps/v1/deployments", 403, "")]
    [TestCase("GET", "/apis/coordination.k8s.io/v1/namespaces/default/leases/one", 403,
        "can only access leases in the \"kube-node-lease\" system namespace")]
    [TestCase("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/two", 403,
        "can only access node lease with the same name as the requesting node")]
    [TestCase("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", 403,
        "can only get, create, update, patch, or delete a node lease")]
    [TestCase("GET", "/apis/storage.k8s.io/v1/csinodes/two", 403, "can only access CSINode with the same name as the requesting node")]
    [TestCase("GET", "/apis/storage.k8s.io/v1/csinodes/one", 404, "")]
    [TestCase("DELETE", "/api/v1/nodes/one", 403, "")]
    public async Task Nodes_see_what_is_theirs(string method, string path, int status, string reason)
    {
        var answer = await AsNode("one", new HttpMethod(method), path);

        Assert.That(answer.Status, Is.EqualTo(status), answer.Text);
        Assert.That(answer["message"], reason.Length > 0 ? Does.EndWith($": {reason}") : Does.Not.Contain(": :"));
    }

    [Test]
    public async Task Who_only_has_the_name_or_only_the_group_is_no_node()
    {
        var name = await _cluster.AsAsync("system:node:one", HttpMethod.Get, $"{Core}/nodes/one");
        var group = await _cluster.AsAsync("amy", HttpMethod.Get, $"{Core}/nodes/one", null, "system:nodes");
        var nameless = await _cluster.AsAsync("system:node:", HttpMethod.Get, $"{Core}/nodes/one", null, "system:nodes");

        Assert.That((name.Status, group.Status, nameless.Status), Is.EqualTo((403, 403, 403)));
        Assert.That(nameless["message"], Does.EndWith(": unknown node for user \"system:node:\""));
    }

    [Test]
    public async Task Tokens_are_for_the_accounts_of_a_nodes_pods_and_end_with_them()
    {
        Created(await BindAsync("tokened", "one"));
        var uid = (await _cluster.GetAsync($"{Space}/pods/tokened"))["metadata.uid"];
        const string Path = $"{Space}/serviceaccounts/default/token";
        var bound = $$$"""{"spec":{"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"tokened","uid":"{{{uid}}}"} } }""";
        var granted = await AsNode("one", HttpMethod.Post, Path, bound);
        var unbound = await AsNode("one", HttpMethod.Post, Path, "{}");
        var anonymous = await AsNode("one", HttpMethod.Post, Path, bound.Replace(uid, "", StringComparison.Ordinal));
        var foreign = await AsNode("two", HttpMethod.Post, Path, bound);
        Created(await BindAsync("tokened-too", "two"));
        var stolen = await AsNode("two", HttpMethod.Post, Path, bound);
        var other = await AsNode("one", HttpMethod.Post, $"{Space}/serviceaccounts/admin/token", bound);

        Assert.That(granted.Status, Is.EqualTo(201), granted.Text);
        Assert.That(unbound["message"], Is.EqualTo("serviceaccounts \"default\" is forbidden: node requested token not bound to a pod"));
        Assert.That(
            anonymous["message"], Does.EndWith("is forbidden: node requested token with a pod binding without a uid"));
        Assert.That(foreign["message"], Does.EndWith(": no relationship found between node 'two' and this object"));
        Assert.That(stolen["message"], Does.EndWith("is forbidden: node requested token bound to a pod scheduled on a different node"));
        Assert.That(other.Status, Is.EqualTo(403));
    }

    [Test]
    public async Task Roles_still_count_for_nodes()
    {
        const string Rule = """{"verbs":["list"],"apiGroups":[""],"resources":["secrets"]}""";
        await _cluster.GrantAsync("default", "trusted", "User:system:node:trusted", Rule);
        Assert.That((await AsNode("trusted", HttpMethod.Get, $"{Space}/secrets")).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task A_node_labels_itself_with_what_is_for_kubelets_to_say()
    {
        var labels = await PatchNode("one", """{"metadata":{"labels":{"zone":"a","topology.kubernetes.io/zone":"a"}}}""");
        var role = await PatchNode("one", """{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}}""");
        var restricted = await PatchNode("one", """{"metadata":{"labels":{"x.node-restriction.kubernetes.io/a":"b"}}}""");
        var taints = await PatchNode("one", """{"spec":{"taints":[]}}""");
        var created = await AsNode(
            "three", HttpMethod.Post, $"{Core}/nodes", """{"metadata":{"name":"three","labels":{"b.k8s.io/x":"1","a.k8s.io/x":"1"}}}""");
        var another = await PatchNode("two", """{"metadata":{"labels":{"zone":"a"}}}""", "one");

        Assert.That(labels.Status, Is.EqualTo(200), labels.Text);
        Assert.That(role["message"], Is.EqualTo(
            "nodes \"one\" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/control-plane"));
        Assert.That(restricted.Status, Is.EqualTo(403));
        Assert.That(taints["message"], Is.EqualTo("nodes \"one\" is forbidden: node \"one\" is not allowed to modify taints"));
        Assert.That(created["message"], Is.EqualTo(
            "nodes \"three\" is forbidden: node \"three\" is not allowed to set the following labels: a.k8s.io/x, b.k8s.io/x"));
        Assert.That(another["message"], Is.EqualTo("nodes \"two\" is forbidden: node \"one\" is not allowed to modify node \"two\""));
    }

    [Test]
    public async Task Status_is_written_of_ones_own_pods_and_of_oneself()
    {
        Created(await BindAsync("told", "one"));
        const string Running = """{"status":{"phase":"Running"}}""";
        var own = await AsNode("one", HttpMethod.Patch, $"{Space}/pods/told/status", Running);
        var other = await AsNode("two", HttpMethod.Patch, $"{Space}/pods/told/status", Running);
        var node = await AsNode("one", HttpMethod.Patch, $"{Core}/nodes/two/status", """{"status":{"images":[]}}""");
        var main = await AsNode("one", HttpMethod.Patch, $"{Space}/pods/told", """{"metadata":{"labels":{"a":"b"}}}""");
        var deleted = await AsNode("two", HttpMethod.Delete, $"{Space}/pods/told");
        var ended = await AsNode("one", HttpMethod.Delete, $"{Space}/pods/told", """{"gracePeriodSeconds":0}""");

        Assert.That((own.Status, main.Status, ended.Status), Is.EqualTo((200, 403, 200)), own.Text + ended.Text);
        Assert.That(other["message"], Is.EqualTo(
            "pods \"told\" is forbidden: node \"two\" can only update pod status for pods with spec.nodeName set to itself"));
        Assert.That(node["message"], Is.EqualTo("nodes \"two\" is forbidden: node \"one\" is not allowed to modify node \"two\""));
        Assert.That(deleted["message"], Is.EqualTo(
            "pods \"told\" is forbidden: node \"two\" can only delete pods with spec.nodeName set to itself"));
    }

    [TestCase("", "pod does not have \"kubernetes.io/config.mirror\" annotation, node \"one\" can only create mirror pods")]
    [TestCase("two", "node \"one\" can only create pods with spec.nodeName set to itself")]
    [TestCase("ownerless", "node \"one\" can only create pods with an owner reference set to itself")]
    [TestCase("uncontrolled", "node \"one\" can only create pods with a controller owner reference set to itself")]
    [TestCase("of another", "node one UID mismatch: expected none got {uid}")]
    [TestCase("secret", "node \"one\" can not create pods that reference secrets")]
    [TestCase("config", "node \"one\" can not create pods that reference configmaps")]
    [TestCase("right", null)]
    public async Task Nodes_create_mirrors_of_their_own_pods_only(string kindOfPod, string? fault)
    {
        var uid = (await _cluster.GetAsync($"{Core}/nodes/one"))["metadata.uid"];
        var mirror = kindOfPod == "" ? "" : "\"annotations\":{\"kubernetes.io/config.mirror\":\"h\"},";
        var owner = kindOfPod == "ownerless" ? "" : $$"""
            {"apiVersion":"v1","kind":"Node","name":"one","uid":"{{(kindOfPod == "of another" ? "none" : uid)}}",
            "controller":{{(kindOfPod == "uncontrolled" ? "false" : "true")}}}
            """;
        var source = "{" + kindOfPod switch
        {
            "secret" => "\"envFrom\":[{\"secretRef\":{\"name\":\"s\"}}],",
            "config" => "\"envFrom\":[{\"configMapRef\":{\"name\":\"s\"}}],",
            _ => "",
        };
        var answer = await AsNode("one", HttpMethod.Post, $"{Space}/pods", $$$"""
            {"metadata":{"name":"mirror-one",{{{mirror}}}"ownerReferences":[{{{owner}}}]},
            "spec":{"nodeName":"{{{(kindOfPod == "two" ? "two" : "one")}}}","containers":[{{{source}}}"name":"c","image":"i"}]}}
            """);

        Assert.That(answer.Status, Is.EqualTo(fault is null ? 201 : 403), answer.Text);
        if (fault is not null)
        {
            Assert.That(answer["message"], Is.EqualTo(
                $"pods \"mirror-one\" is forbidden: {fault.Replace("{uid}", uid, StringComparison.Ordinal)}"));
        }
    }

    [Test]
    public async Task A_lease_is_made_and_renewed_by_its_node_alone()
    {
        var created = await AsNode("two", HttpMethod.Post, Leases, """{"metadata":{"name":"two"},"spec":{"holderIdentity":"two"}}""");
        var renewed = await AsNode("two", HttpMethod.Patch, $"{Leases}/two", """{"spec":{"leaseDurationSeconds":40}}""");
        var foreign = await AsNode("two", HttpMethod.Post, Leases, """{"metadata":{"name":"one"}}""");

        Assert.That((created.Status, renewed.Status), Is.EqualTo((201, 200)), created.Text);
        Assert.That(foreign["message"], Is.EqualTo(
            "leases.coordination.k8s.io \"one\" is forbidden: can only access node lease with the same name as the requesting node"));
    }

    [Test]
    public async Task Slices_of_resources_are_those_of_their_node()
    {
        const string Slices = "/apis/resource.k8s.io/v1/resourceslices";
        static string Slice(string node) => $$$"""
            {"metadata":{"name":"slice-{{{node}}}"},"spec":{"driver":"d.example.com","nodeName":"{{{node}}}",
            "pool":{"name":"p-{{{node}}}","generation":1,"resourceSliceCount":1} } }
            """;
        Created(await AsNode("one", HttpMethod.Post, Slices, Slice("one")));
        var foreign = await AsNode("one", HttpMethod.Post, Slices, Slice("two"));
        Created(await AsNode("two", HttpMethod.Post, Slices, Slice("two")));
        (HttpMethod Method, string Path, int Status, string Reason)[] asked =
        [
            (HttpMethod.Get, "/slice-one", 200, ""),
            (HttpMethod.Get, "/slice-two", 403, "no relationship found between node 'one' and this object"),
            (HttpMethod.Delete, "/slice-two", 403, "no relationship found between node 'one' and this object"),
            (HttpMethod.Get, "", 403, "can only list/watch/deletecollection resourceslices with nodeName field selector"),
            (HttpMethod.Get, "?fieldSelector=spec.nodeName%3Dtwo", 403, "can only list/watch/deletecollection resourceslices with nodeName field selector"),
            (HttpMethod.Get, "?fieldSelector=spec.nodeName%3Done", 200, ""),
            (HttpMethod.Delete, "/slice-one", 200, ""),
        ];

        Assert.That(foreign["message"], Is.EqualTo(
            "resourceslices.resource.k8s.io \"slice-two\" is forbidden: can only create ResourceSlice with the same NodeName as the requesting node"));
        foreach (var (method, path, status, reason) in asked)
        {
            var answer = await AsNode("one", method, Slices + path);
            Assert.That(answer.Status, Is.EqualTo(status), $"{method} {path}: {answer.Text}");
            Assert.That(reason.Length == 0 || answer["message"]!.EndsWith(reason, StringComparison.Ordinal), answer.Text);
        }

        await _cluster.DeleteAsync($"{Slices}/slice-two");
    }

    [Test]
    public async Task Of_a_claim_only_its_sizes_are_told()
    {
        Created(await BindAsync("grown", "one"));
        Created(await _cluster.PostAsync(
            $"{Space}/persistentvolumeclaims",
            """{"metadata":{"name":"grown-claim"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}"""));
        const string Path = $"{Space}/persistentvolumeclaims/grown-claim/status";
        var size = await AsNode("one", HttpMethod.Patch, Path, """{"status":{"capacity":{"storage":"2Gi"}}}""");
        var phase = await AsNode("one", HttpMethod.Patch, Path, """{"status":{"phase":"Lost"}}""");

        Assert.That(size.Status, Is.EqualTo(200), size.Text);
        Assert.That(phase["message"], Is.EqualTo(
            "persistentvolumeclaims \"grown-claim\" is forbidden: node \"one\" is not allowed to update fields other than "
            + "status.capacity and status.conditions"));
    }

    [Test]
    public async Task What_a_node_may_do_can_be_asked()
    {
        Created(await BindAsync("asked", "one"));
        const string Question = """
            {"spec":{"user":"system:node:one","groups":["system:nodes"],
            "resourceAttributes":{"verb":"get","resource":"secrets","namespace":"default","name":"NAME"}}}
            """;
        const string Path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        var yes = await _cluster.PostAsync(Path, Question.Replace("NAME", "asked-env", StringComparison.Ordinal));
        var no = await _cluster.PostAsync(Path, Question.Replace("NAME", "other", StringComparison.Ordinal));

        Assert.That((yes["status.allowed"], no["status.allowed"]), Is.EqualTo(("true", "false")), yes.Text);
        Assert.That(no["status.reason"], Is.EqualTo("no relationship found between node 'one' and this object"));

        var all = await AsNode(
            "one", HttpMethod.Post, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", """{"spec":{"namespace":"default"}}""");
        Assert.That(all["status.incomplete"], Is.EqualTo("true"), "its rights are not rules");
    }

    [TestCase("zone", true)]
    [TestCase("example.com/role", true)]
    [TestCase("kubernetes.io/hostname", true)]
    [TestCase("kubernetes.io/role", false)]
    [TestCase("node.kubernetes.io/anything", true)]
    [TestCase("a.kubelet.kubernetes.io/anything", true)]
    [TestCase("node-restriction.kubernetes.io/a", false)]
    [TestCase("x.k8s.io/a", false)]
    [TestCase("notkubernetes.io/a", true)]
    public void Labels_are_for_kubelets_or_not(string label, bool isForKubelets) =>
        Assert.That(NodeLabels.IsForKubelets(label), Is.EqualTo(isForKubelets));

    private static void Created(Answer answer) => Assert.That(answer.Status, Is.EqualTo(201), answer.Text);

    private Task<Answer> AsNode(string node, HttpMethod method, string path, string? body = null) =>
        _cluster.AsAsync($"system:node:{node}", method, path, body, "system:nodes");

    private Task<Answer> PatchNode(string node, string patch, string? by = null) =>
        AsNode(by ?? node, HttpMethod.Patch, $"{Core}/nodes/{node}", patch);

    private Task<Answer> BindAsync(string pod, string node) => _cluster.PostAsync(
        $"{Space}/pods", Using.Replace("POD", pod, StringComparison.Ordinal).Replace("NODE", node, StringComparison.Ordinal));
}
