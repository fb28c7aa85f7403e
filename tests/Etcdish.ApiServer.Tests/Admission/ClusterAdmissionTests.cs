namespace Etcdish.ApiServer.Tests.Admission;

/// <summary>Plugins that look at other things than pods.</summary>
[TestFixture(StoreKind.InProcess)]
public class ClusterAdmissionTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Claims = "/api/v1/namespaces/default/persistentvolumeclaims";

    [TestCase("default", 403)]
    [TestCase("kube-system", 403)]
    [TestCase("kube-public", 403)]
    [TestCase("team", 200)]
    public async Task Three_namespaces_never_go(string name, int status)
    {
        await Cluster.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"team"}}""");
        var deleted = await Cluster.DeleteAsync("/api/v1/namespaces/" + name);

        Assert.That(deleted.Status, Is.EqualTo(status), deleted.Text);
        if (status == 403)
        {
            Assert.That(deleted["message"], Is.EqualTo($"namespaces \"{name}\" is forbidden: this namespace may not be deleted"));
        }
    }

    [Test]
    public async Task Nothing_is_created_where_there_is_no_namespace()
    {
        var answer = await Cluster.PostAsync("/api/v1/namespaces/none/configmaps", """{"metadata":{"name":"a"}}""");

        Assert.That((answer.Status, answer["message"]), Is.EqualTo((404, "namespaces \"none\" not found")));
    }

    [Test]
    public async Task A_new_node_takes_no_pods_yet()
    {
        var node = await Cluster.PostAsync("/api/v1/nodes", """{"metadata":{"name":"n"}}""");

        Assert.That(node["spec.taints.0.key"] + ":" + node["spec.taints.0.effect"], Is.EqualTo("node.kubernetes.io/not-ready:NoSchedule"));
    }

    [Test]
    public async Task Claims_and_ingresses_get_the_default_class()
    {
        await AddClassAsync("old", isDefault: true, expands: false);
        var claimed = await AddClaimAsync("a", null);
        var named = await AddClaimAsync("b", "\"other\"");
        var none = await AddClaimAsync("c", "\"\"");
        await Cluster.PostAsync("/apis/networking.k8s.io/v1/ingressclasses", """
            {"metadata":{"name":"front","annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},"spec":{"controller":"example.com/x"}}
            """);
        var ingress = await Cluster.PostAsync("/apis/networking.k8s.io/v1/namespaces/default/ingresses", """
            {"metadata":{"name":"i"},"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}}
            """);

        Assert.That(
            claimed["spec.storageClassName"] + named["spec.storageClassName"] + none["spec.storageClassName"],
            Is.EqualTo("oldother"),
            none.Text);
        Assert.That(ingress["spec.ingressClassName"], Is.EqualTo("front"), ingress.Text);
    }

    [Test]
    public async Task Claims_grow_if_their_class_can()
    {
        await AddClassAsync("stiff", isDefault: false, expands: false);
        await AddClassAsync("elastic", isDefault: false, expands: true);
        await AddClaimAsync("a", "\"stiff\"");
        await AddClaimAsync("b", "\"elastic\"");
        var unbound = await GrowAsync("b");
        foreach (var name in new[] { "a", "b" })
        {
            await Cluster.PatchAsync($"{Claims}/{name}/status", """{"status":{"phase":"Bound"}}""", "merge");
        }

        var stiff = await GrowAsync("a");
        var elastic = await GrowAsync("b");

        Assert.That((unbound.Status, stiff.Status, elastic.Status), Is.EqualTo((422, 403, 200)), elastic.Text);
        Assert.That(stiff["message"], Does.EndWith("the storageclass that provisions the pvc must support resize"));
    }

    private Task<Answer> AddClassAsync(string name, bool isDefault, bool expands) => Cluster.PostAsync("/apis/storage.k8s.io/v1/storageclasses", $$$"""
        {"metadata":{"name":"{{{name}}}","annotations":{"storageclass.kubernetes.io/is-default-class":"{{{(isDefault ? "true" : "false")}}}"} },
        "provisioner":"example.com/p","allowVolumeExpansion":{{{(expands ? "true" : "false")}}}}
        """);

    private Task<Answer> AddClaimAsync(string name, string? storageClass) => Cluster.PostAsync(Claims, $$$"""
        {"metadata":{"name":"{{{name}}}"},"spec":{"storageClassName":{{{storageClass ?? "null"}}},"accessModes":["ReadWriteOnce"],
        "resources":{"requests":{"storage":"1Gi"} } } }
        """);

    private Task<Answer> GrowAsync(string name) =>
        Cluster.PatchAsync($"{Claims}/{name}", """{"spec":{"volumeName":"v","resources":{"requests":{"storage":"2Gi"}}}}""", "merge");
}
