namespace Etcdish.ApiServer.Tests.Admission;

/// <summary>What plugins make of pods, and which pods they refuse.</summary>
public class PodAdmissionTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Core = "/api/v1/namespaces/default/";
    private const string Classes = "/apis/scheduling.k8s.io/v1/priorityclasses";

    [Test]
    public async Task A_pod_has_an_account_with_its_token_and_bears_a_node_for_five_minutes()
    {
        var pod = await AddAsync("""{"containers":[{"name":"c","image":"i"}]}""");
        var mount = "spec.containers.0.volumeMounts.0.";

        Assert.That(pod["spec.serviceAccountName"] + pod["spec.serviceAccount"], Is.EqualTo("defaultdefault"), pod.Text);
        Assert.That(pod["spec.volumes.0.name"], Does.Match("^kube-api-access-[a-z0-9]{5}$"));
        Assert.That(
            pod[mount + "name"] + pod[mount + "mountPath"],
            Is.EqualTo(pod["spec.volumes.0.name"] + "/var/run/secrets/kubernetes.io/serviceaccount"));
        Assert.That(pod["spec.volumes.0.projected.sources.0.serviceAccountToken.expirationSeconds"], Is.EqualTo("3607"));
        Assert.That(
            pod["spec.tolerations.0.key"] + pod["spec.tolerations.1.key"],
            Is.EqualTo("node.kubernetes.io/not-readynode.kubernetes.io/unreachable"));
        Assert.That(pod["spec.tolerations.1.tolerationSeconds"], Is.EqualTo("300"));
        Assert.That((pod["spec.priority"], pod["spec.preemptionPolicy"]), Is.EqualTo(("0", "PreemptLowerPriority")));
    }

    [Test]
    public async Task The_account_decides_of_tokens_and_image_secrets()
    {
        await Cluster.PostAsync(Core + "serviceaccounts", """
            {"metadata":{"name":"robot"},"automountServiceAccountToken":false,"imagePullSecrets":[{"name":"pull"}]}
            """);
        var pod = await AddAsync(
            """{"serviceAccountName":"robot","containers":[{"name":"c","image":"i"}],"tolerations":[{"operator":"Exists"}]}""");
        var insists = await AddAsync(
            """{"serviceAccountName":"robot","automountServiceAccountToken":true,"containers":[{"name":"c","image":"i"}]}""", "b");
        var missing = await AddAsync("""{"serviceAccountName":"none","containers":[{"name":"c","image":"i"}]}""");

        Assert.That((pod["spec.volumes"], pod["spec.imagePullSecrets.0.name"]), Is.EqualTo(("", "pull")), pod.Text);
        Assert.That(pod.Body["spec"]!["tolerations"]!.AsArray(), Has.Count.EqualTo(1));
        Assert.That(insists["spec.volumes.0.projected.sources.0.serviceAccountToken.path"], Is.EqualTo("token"), insists.Text);
        Assert.That((missing.Status, missing["message"]), Is.EqualTo((403,
            "pods \"p\" is forbidden: error looking up service account default/none: serviceaccount \"none\" not found")));
    }

    [Test]
    public async Task Priorities_come_from_classes()
    {
        await Cluster.PostAsync(Classes, """{"metadata":{"name":"high"},"value":1000,"preemptionPolicy":"Never"}""");
        var high = await AddAsync("""{"priorityClassName":"high","containers":[{"name":"c","image":"i"}]}""", "high");
        var system = await AddAsync("""{"priorityClassName":"system-node-critical","containers":[{"name":"c","image":"i"}]}""", "system");
        var none = await AddAsync("""{"priorityClassName":"none","containers":[{"name":"c","image":"i"}]}""");
        var wrong = await AddAsync("""{"priorityClassName":"high","priority":5,"containers":[{"name":"c","image":"i"}]}""");
        await Cluster.PostAsync(Classes, """{"metadata":{"name":"usual"},"value":10,"globalDefault":true}""");
        var usual = await AddAsync("""{"containers":[{"name":"c","image":"i"}]}""", "usual");
        var second = await Cluster.PostAsync(Classes, """{"metadata":{"name":"other"},"value":11,"globalDefault":true}""");

        Assert.That(
            (high["spec.priority"], high["spec.preemptionPolicy"], system["spec.priority"]),
            Is.EqualTo(("1000", "Never", "2000001000")),
            system.Text);
        Assert.That(none["message"], Is.EqualTo("pods \"p\" is forbidden: no PriorityClass with name none was found"));
        Assert.That(
            wrong["message"],
            Does.StartWith("pods \"p\" is forbidden: the integer value of priority (5) must not be provided in pod spec"));
        Assert.That(usual["spec.priorityClassName"] + usual["spec.priority"], Is.EqualTo("usual10"));
        Assert.That(second["message"], Does.EndWith("PriorityClass usual is already marked as default. Only one default can exist"));
    }

    [Test]
    public async Task Limit_ranges_complete_containers_and_bound_them()
    {
        await Cluster.PostAsync(Core + "limitranges", """
            {"metadata":{"name":"r"},"spec":{"limits":[
              {"type":"Container","default":{"cpu":"500m"},"defaultRequest":{"cpu":"250m"},"min":{"cpu":"100m"},"max":{"cpu":"1"},"maxLimitRequestRatio":{"cpu":"4"}},
              {"type":"Pod","max":{"cpu":"1500m"}},
              {"type":"PersistentVolumeClaim","min":{"storage":"1Gi"},"max":{"storage":"2Gi"}}]}}
            """);
        var filled = await AddAsync("""{"containers":[{"name":"c","image":"i"}]}""");
        var low = await AddAsync(Cpu("50m", "100m"), "q");
        var high = await AddAsync(Cpu("1", "2"), "q");
        var steep = await AddAsync(Cpu("100m", "500m"), "q");
        var together = await AddAsync("""
            {"containers":[{"name":"a","image":"i","resources":{"requests":{"cpu":"1"},"limits":{"cpu":"1"}}},
            {"name":"b","image":"i","resources":{"requests":{"cpu":"1"},"limits":{"cpu":"1"}}}]}
            """, "q");
        var claim = await Cluster.PostAsync(Core + "persistentvolumeclaims", """
            {"metadata":{"name":"v"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"3Gi"}}}}
            """);

        Assert.That(
            filled["spec.containers.0.resources.requests.cpu"] + filled["spec.containers.0.resources.limits.cpu"],
            Is.EqualTo("250m500m"),
            filled.Text);
        Assert.That(filled.Body["metadata"]!["annotations"]!["kubernetes.io/limit-ranger"]!.ToString(),
            Is.EqualTo("LimitRanger plugin set: cpu request for container c; cpu limit for container c"));
        Assert.That(low["message"], Is.EqualTo("pods \"q\" is forbidden: minimum cpu usage per Container is 100m, but request is 50m"));
        Assert.That(high["message"], Is.EqualTo("pods \"q\" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Pod is 1500m, but limit is 2]"));
        Assert.That(steep["message"], Does.EndWith("cpu max limit to request ratio per Container is 4, but provided ratio is 5.000000"));
        Assert.That(together["message"], Does.EndWith("maximum cpu usage per Pod is 1500m, but limit is 2"));
        Assert.That(claim["message"], Does.EndWith("maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"));
    }

    [Test]
    public async Task Runtime_classes_add_their_cost_and_their_place()
    {
        await Cluster.PostAsync("/apis/node.k8s.io/v1/runtimeclasses", """
            {"metadata":{"name":"vm"},"handler":"kata","overhead":{"podFixed":{"cpu":"250m"}},
            "scheduling":{"nodeSelector":{"vm":"yes"},"tolerations":[{"key":"vm","operator":"Exists"}]}}
            """);
        var pod = await AddAsync("""{"runtimeClassName":"vm","containers":[{"name":"c","image":"i"}]}""");
        var torn = await AddAsync("""{"runtimeClassName":"vm","nodeSelector":{"vm":"no"},"containers":[{"name":"c","image":"i"}]}""", "q");
        var none = await AddAsync("""{"runtimeClassName":"none","containers":[{"name":"c","image":"i"}]}""", "q");
        var own = await AddAsync("""{"overhead":{"cpu":"1"},"containers":[{"name":"c","image":"i"}]}""", "q");

        Assert.That((pod["spec.overhead.cpu"], pod["spec.nodeSelector.vm"]), Is.EqualTo(("250m", "yes")), pod.Text);
        Assert.That(torn["message"], Does.Contain("conflict: runtimeClass.scheduling.nodeSelector[vm] = yes"));
        Assert.That(none["message"], Does.EndWith("pod rejected: RuntimeClass \"none\" not found"));
        Assert.That(own["message"], Does.EndWith("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"));
    }

    private Task<Answer> AddAsync(string spec, string name = "p") =>
        Cluster.PostAsync(Core + "pods", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{{{spec}}}}""");

    private static string Cpu(string request, string limit) =>
        $$$"""{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"{{{request}}}"},"limits":{"cpu":"{{{limit}}}"} } } ] }""";
}
