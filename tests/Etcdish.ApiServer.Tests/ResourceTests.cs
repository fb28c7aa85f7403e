namespace Etcdish.ApiServer.Tests;

/// <summary>Objects over HTTP: what clients are told, on both kinds of stores.</summary>
public class ResourceTests(StoreKind kind) : ClusterTests(kind)
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";

    private const string Deployment = """
        {"metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
        "spec":{"containers":[{"name":"c","image":"nginx:1"}]}}}}
        """;

    [Test]
    public async Task A_created_object_has_what_the_server_gives_and_reads_back()
    {
        var created = await Cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"a"},"data":{"k":"v"}}""");
        var read = await Cluster.GetAsync(ConfigMaps + "/a");

        Assert.That(created.Status, Is.EqualTo(201));
        Assert.That(created["metadata.uid"], Has.Length.EqualTo(36));
        Assert.That(created["metadata.resourceVersion"], Does.Match("^[1-9][0-9]*$"));
        Assert.That(created["kind"] + created["apiVersion"] + created["metadata.namespace"], Is.EqualTo("ConfigMapv1default"));
        Assert.That(read.Text, Is.EqualTo(created.Text));
    }

    [Test]
    public async Task Refusals_have_the_words_that_clients_know()
    {
        await Cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"a"}}""");
        await Expect(
            Cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"a"}}"""), 409, "AlreadyExists", "configmaps \"a\" already exists");
        await Expect(Cluster.GetAsync(Deployments + "/x"), 404, "NotFound", "deployments.apps \"x\" not found");
        await Expect(Cluster.GetAsync("/api/v1/nothing"), 404, "NotFound", "the server could not find the requested resource");
        await Expect(
            Cluster.PostAsync("/api/v1/namespaces/none/configmaps", """{"metadata":{"name":"a"}}"""),
            404, "NotFound", "namespaces \"none\" not found");
        await Expect(
            Cluster.PostAsync(ConfigMaps, "{}"),
            422, "Invalid", "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required");
        await Expect(
            Cluster.PostAsync(ConfigMaps + "?fieldValidation=Strict", """{"metadata":{"name":"b"},"daten":{}}"""),
            400, "BadRequest", "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"daten\"");
        await Expect(
            Cluster.SendAsync(HttpMethod.Post, ConfigMaps, "x", "text/plain"), 415, "UnsupportedMediaType", "the body of the request");
        await Expect(Cluster.GetAsync(ConfigMaps + "?fieldSelector=data.x=y"), 400, "BadRequest", "field label not supported: data.x");
        await Expect(Cluster.GetAsync(ConfigMaps, accept: "text/html"), 406, "NotAcceptable", "only the following media types");
        await Expect(
            Cluster.PostAsync(ConfigMaps, string.Concat(Enumerable.Repeat("[", 100_000))), 400, "BadRequest", "ConfigMap in version");
    }

    [Test]
    public async Task Warnings_tell_of_fields_that_were_dropped()
    {
        var created = await Cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"a"},"daten":{}}""");

        Assert.That(created.Status, Is.EqualTo(201));
        Assert.That(created.Warnings, Is.EqualTo(["299 - \"unknown field \\\"daten\\\"\""]));
    }

    [Test]
    public async Task An_update_by_an_old_revision_is_a_conflict_and_one_that_changes_nothing_no_write()
    {
        var first = await Cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"a"},"data":{"k":"1"}}""");
        var second = await Cluster.PutAsync(ConfigMaps + "/a", """{"metadata":{"name":"a"},"data":{"k":"2"}}""");
        var same = await Cluster.PutAsync(ConfigMaps + "/a", second.Text);

        Assert.That(second["metadata.uid"], Is.EqualTo(first["metadata.uid"]));
        Assert.That(same["metadata.resourceVersion"], Is.EqualTo(second["metadata.resourceVersion"]));
        await Expect(
            Cluster.PutAsync(ConfigMaps + "/a", first.Text),
            409,
            "Conflict",
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified");
    }

    [Test]
    public async Task Names_are_generated()
    {
        var created = await Cluster.PostAsync(ConfigMaps, """{"metadata":{"generateName":"web-"}}""");

        Assert.That(created["metadata.name"], Does.Match("^web-[bcdfghjklmnpqrstvwxz2456789]{5}$"));
    }

    [Test]
    public async Task Generation_counts_changes_of_intent_and_status_is_apart()
    {
        var created = await Cluster.PostAsync(Deployments, Deployment);
        var scaled = await Cluster.PatchAsync(Deployments + "/web", """{"spec":{"replicas":3},"status":{"replicas":9}}""", "merge");
        var labelled = await Cluster.PatchAsync(Deployments + "/web", """{"metadata":{"labels":{"a":"b"}}}""", "merge");
        var status = await Cluster.PatchAsync(Deployments + "/web/status", """{"spec":{"replicas":7},"status":{"replicas":3}}""", "merge");

        Assert.That(
            new[] { created, scaled, labelled, status }.Select(a => a["metadata.generation"]), Is.EqualTo(["1", "2", "2", "2"]));
        Assert.That(scaled["status.replicas"], Is.Empty);
        Assert.That(status["spec.replicas"] + status["status.replicas"], Is.EqualTo("33"));
        Assert.That(created["spec.template.spec.containers.0.imagePullPolicy"], Is.EqualTo("IfNotPresent"));
    }

    [Test]
    public async Task A_deployments_annotations_count_unless_they_come_with_its_status()
    {
        await Cluster.PostAsync(Deployments, Deployment);
        var noted = await Cluster.PatchAsync(Deployments + "/web", """{"metadata":{"annotations":{"why":"new"}}}""", "merge");
        var reported = await Cluster.PatchAsync(
            Deployments + "/web/status",
            """{"metadata":{"annotations":{"number":"1"},"labels":{"a":"b"}},"spec":{"replicas":7},"status":{"replicas":3}}""",
            "merge");

        Assert.That(noted["metadata.generation"] + reported["metadata.generation"], Is.EqualTo("22"));
        Assert.That(
            reported["metadata.annotations.why"] + reported["metadata.annotations.number"] + reported["status.replicas"], Is.EqualTo("new13"));
        Assert.That(reported["metadata.labels.a"] + reported["spec.replicas"], Is.EqualTo("1"), "labels and what is wanted stay");
        var owner = reported.Body["metadata"]!["managedFields"]!.AsArray().Single(entry => $"{entry!["subresource"]}" == "status")!;
        Assert.That($"{owner["fieldsV1"]!["f:metadata"]!["f:annotations"]!["f:number"]}", Is.EqualTo("{}"));
    }

    [TestCase("/api/v1/namespaces/default/pods", """{"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i"}]}}""", "lb owner:no")]
    [TestCase("/api/v1/nodes", """{"metadata":{"name":"x"}}""", "lb owner:yes")]
    [TestCase("/apis/networking.k8s.io/v1/namespaces/default/ingresses", """{"metadata":{"name":"x"},"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":1}}}}}""", "lb owner:yes")]
    [TestCase("/apis/storage.k8s.io/v1/volumeattachments", """{"metadata":{"name":"x"},"spec":{"attacher":"a","nodeName":"n","source":{"persistentVolumeName":"v"}}}""", " owner:no")]
    public async Task What_a_report_may_change_of_metadata_differs_between_kinds(string path, string json, string expected)
    {
        await Cluster.PostAsync(path, json);
        var reported = await Cluster.PatchAsync(path + "/x/status", """
            {"metadata":{"labels":{"a":"l"},"annotations":{"a":"b"},"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n","uid":"u"}]},"status":{}}
            """, "merge");

        Assert.That(reported.Status, Is.EqualTo(200), reported.Text);
        var owner = reported.Body["metadata"]!["ownerReferences"] is null ? "no" : "yes";
        Assert.That($"{reported["metadata.labels.a"]}{reported["metadata.annotations.a"]} owner:{owner}", Is.EqualTo(expected));
    }

    [Test]
    public async Task Patches_of_three_types_change_what_they_name()
    {
        await Cluster.PostAsync(Deployments, Deployment);
        await Cluster.PatchAsync(Deployments + "/web", """[{"op":"replace","path":"/spec/replicas","value":4}]""", "json");
        var merged = await Cluster.PatchAsync(
            Deployments + "/web", """{"spec":{"template":{"spec":{"containers":[{"name":"d","image":"x:1"}]}}}}""", "strategic-merge");

        Assert.That(merged["spec.replicas"], Is.EqualTo("4"));
        Assert.That(merged.Body["spec"]!["template"]!["spec"]!["containers"]!.AsArray(), Has.Count.EqualTo(2));
        await Expect(
            Cluster.SendAsync(HttpMethod.Patch, Deployments + "/web", "{}", "application/json"),
            415, "UnsupportedMediaType", "the body of the request was in an unknown format");
    }

    [Test]
    public async Task Finalizers_and_preconditions_hold_a_deletion_back()
    {
        await Cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"a","finalizers":["example.com/hold"]}}""");
        await Expect(
            Cluster.DeleteAsync(ConfigMaps + "/a", """{"preconditions":{"uid":"other"}}"""),
            409,
            "Conflict",
            "Operation cannot be fulfilled");
        var marked = await Cluster.DeleteAsync(ConfigMaps + "/a");
        var released = await Cluster.PatchAsync(ConfigMaps + "/a", """{"metadata":{"finalizers":null}}""", "merge");
        var gone = await Cluster.GetAsync(ConfigMaps + "/a");

        Assert.That(marked["metadata.deletionTimestamp"], Is.Not.Empty);
        Assert.That((released.Status, gone.Status), Is.EqualTo((200, 404)));
    }

    [Test]
    public async Task A_deleted_namespace_takes_its_objects_with_it()
    {
        await Cluster.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"team"}}""");
        await Cluster.PostAsync("/api/v1/namespaces/team/configmaps", """{"metadata":{"name":"a"}}""");
        using var events = await Cluster.WatchAsync("/api/v1/namespaces?watch=1&fieldSelector=metadata.name%3Dteam");
        await events.NamesAsync(1);
        await Cluster.DeleteAsync("/api/v1/namespaces/team");

        Assert.That(await events.NamesAsync(2), Is.EqualTo(["MODIFIED team", "DELETED team"]));
        Assert.That(Names(await Cluster.GetAsync("/api/v1/configmaps")), Is.Empty);
    }

    [Test]
    public async Task Tables_and_metadata_are_views_of_the_same_objects()
    {
        await Cluster.PostAsync(ConfigMaps, """{"metadata":{"name":"a"},"data":{"k":"v"}}""");
        var table = await Cluster.GetAsync(ConfigMaps, "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        var metadata = await Cluster.GetAsync(ConfigMaps, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");

        Assert.That(table["kind"] + table["rows.0.cells.0"] + table["rows.0.cells.1"], Is.EqualTo("Tablea1"));
        Assert.That(metadata["items.0.kind"] + metadata["items.0.data"], Is.EqualTo("PartialObjectMetadata"));
    }

    private static IEnumerable<string> Names(Answer list) =>
        list.Body["items"]!.AsArray().Select(item => Answer.Read(item, "metadata.name"));

    private static async Task Expect(Task<Answer> request, int status, string reason, string message)
    {
        var answer = await request;
        Assert.That((answer.Status, answer["reason"], answer["kind"]), Is.EqualTo((status, reason, "Status")), answer.Text);
        Assert.That(answer["message"], Does.StartWith(message));
        Assert.That(answer["code"], Is.EqualTo(status.ToString()));
    }
}
