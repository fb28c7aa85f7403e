using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Tests;

/// <summary>Server-side apply and the owners of fields over HTTP, on both kinds of stores.</summary>
public class ApplyTests(StoreKind kind) : ClusterTests(kind)
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";
    private const string ApplyYaml = "application/apply-patch+yaml";

    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, labels: {a: b}}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: c, image: "nginx:1"}]}
        """;

    [Test]
    public async Task An_apply_creates_then_does_nothing_then_changes_what_it_names()
    {
        var created = await ApplyAsync("one", Deployment);
        var same = await ApplyAsync("one", Deployment);
        var scaled = await ApplyAsync("one", Deployment.Replace("replicas: 2", "replicas: 3", StringComparison.Ordinal));
        var without = await ApplyAsync("one", Deployment.Replace(", labels: {a: b}", "", StringComparison.Ordinal));

        Assert.That(new[] { created, same, scaled, without }.Select(a => a.Status), Is.EqualTo([201, 200, 200, 200]), created.Text);
        Assert.That(same["metadata.resourceVersion"], Is.EqualTo(created["metadata.resourceVersion"]));
        Assert.That(scaled["spec.replicas"] + scaled["metadata.generation"], Is.EqualTo("32"));
        Assert.That((scaled["metadata.labels.a"], without["metadata.labels.a"]), Is.EqualTo(("b", "")));
        Assert.That(created["spec.strategy.type"], Is.EqualTo("RollingUpdate"));
        Assert.That(Owned(created, "one Apply"), Is.EqualTo(
            """{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"""
            + """ "f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{}}}}}}}""".TrimStart()));
    }

    [Test]
    public async Task Others_fields_are_a_conflict_unless_forced()
    {
        await ApplyAsync("one", Deployment);
        await Cluster.SendAsync(
            HttpMethod.Patch, Deployments + "/web?fieldManager=kubectl-scale", """{"spec":{"replicas":5}}""", "application/merge-patch+json");
        var conflict = await ApplyAsync("one", Deployment);
        var forced = await ApplyAsync("one", Deployment, "&force=true");

        Assert.That((conflict.Status, conflict["reason"]), Is.EqualTo((409, "Conflict")));
        Assert.That(conflict["message"], Is.EqualTo(
            "Apply failed with 1 conflict: conflict with \"kubectl-scale\" using apps/v1: .spec.replicas"));
        Assert.That(conflict.Body["details"]!["causes"]!.ToJsonString(), Is.EqualTo(
            """[{"reason":"FieldManagerConflict","message":"conflict with \u0022kubectl-scale\u0022 using apps/v1","field":".spec.replicas"}]"""));
        Assert.That(forced["spec.replicas"], Is.EqualTo("2"));
        Assert.That(Owned(forced, "kubectl-scale Update"), Is.Empty);
    }

    [Test]
    public async Task Every_write_notes_its_author()
    {
        var created = await Cluster.PostAsync(ConfigMaps + "?fieldManager=maker", """{"metadata":{"name":"a"},"data":{"k":"v"}}""");
        var patched = await Cluster.SendAsync(
            HttpMethod.Patch, ConfigMaps + "/a?fieldManager=changer", """{"data":{"k":"w","l":"x"}}""", "application/merge-patch+json");
        var replaced = await Cluster.PutAsync(ConfigMaps + "/a?fieldManager=last", """{"metadata":{"name":"a"},"data":{"k":"w"}}""");

        Assert.That(Owned(created, "maker Update"), Is.EqualTo("""{"f:data":{".":{},"f:k":{}}}"""));
        Assert.That(Owned(patched, "maker Update"), Is.EqualTo("""{"f:data":{}}"""));
        Assert.That(Owned(patched, "changer Update"), Is.EqualTo("""{"f:data":{"f:k":{},"f:l":{}}}"""));
        Assert.That(Owned(replaced, "changer Update"), Is.EqualTo("""{"f:data":{"f:k":{}}}"""));
        Assert.That(Owned(replaced, "last Update"), Is.Empty);
    }

    [Test]
    public async Task A_program_that_names_no_manager_is_known_by_its_user_agent()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, ConfigMaps);
        request.Content = new StringContent("""{"metadata":{"name":"a"},"data":{"k":"v"}}""");
        request.Content.Headers.ContentType = null;
        request.Headers.TryAddWithoutValidation("User-Agent", "my-operator/v1.2 (linux/amd64)");
        using var response = await Cluster.Http.SendAsync(request);
        var created = JsonNode.Parse(await response.Content.ReadAsStringAsync());

        Assert.That(Answer.Read(created, "metadata.managedFields.0.manager"), Is.EqualTo("my-operator"));
    }

    [Test]
    public async Task Status_has_owners_of_its_own()
    {
        await ApplyAsync("one", Deployment);
        var updated = await Cluster.SendAsync(
            HttpMethod.Patch, Deployments + "/web/status?fieldManager=ctl", """{"status":{"replicas":3},"spec":{"replicas":9}}""",
            "application/merge-patch+json");
        var applied = await Cluster.SendAsync(
            HttpMethod.Patch, Deployments + "/web/status?fieldManager=two",
            """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"x":"y"}},"spec":{"replicas":7},"status":{"readyReplicas":1}}""",
            ApplyYaml);
        var nothing = await Cluster.SendAsync(HttpMethod.Patch, Deployments + "/web/status?fieldManager=two", Deployment, ApplyYaml);
        var main = await ApplyAsync("one", Deployment + "\nstatus: {replicas: 8}");

        Assert.That((updated["status.replicas"], updated["spec.replicas"]), Is.EqualTo(("3", "2")));
        Assert.That(Owned(updated, "ctl Update status"), Is.EqualTo("""{"f:status":{"f:replicas":{}}}"""));
        Assert.That(applied.Status, Is.EqualTo(200), applied.Text);
        Assert.That((applied["status.readyReplicas"], applied["spec.replicas"], applied["metadata.labels.x"]), Is.EqualTo(("1", "2", "")));
        Assert.That(Owned(applied, "two Apply status"), Is.EqualTo("""{"f:status":{"f:readyReplicas":{}}}"""));
        Assert.That((nothing.Status, nothing["reason"]), Is.EqualTo((400, "BadRequest")));
        Assert.That((main.Status, main["status.replicas"]), Is.EqualTo((200, "3")));
        Assert.That(Owned(main, "one Apply"), Does.Not.Contain("f:status"));
    }

    [Test]
    public async Task A_new_time_alone_is_no_write()
    {
        var written = await ApplyAsync("one", Deployment);
        var text = written.Text.Replace(written["metadata.managedFields.0.time"], "2001-01-01T00:00:00Z", StringComparison.Ordinal);
        var put = await Cluster.PutAsync(Deployments + "/web", text);

        Assert.That(text, Is.Not.EqualTo(written.Text));
        Assert.That(put.Text, Is.EqualTo(written.Text));
    }

    [Test]
    public async Task A_single_empty_entry_clears_the_owners_and_an_empty_list_does_not()
    {
        await ApplyAsync("one", Deployment);
        var kept = await PatchAsync("""[{"op":"replace","path":"/metadata/managedFields","value":[]}]""", "json");
        var cleared = await PatchAsync("""[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]""", "json");
        var changed = await PatchAsync("""{"spec":{"replicas":4}}""", "merge");
        var applied = await ApplyAsync("one", Deployment, "&force=true");

        Assert.That(Owned(kept, "one Apply"), Is.Not.Empty);
        Assert.That(cleared["metadata.managedFields"] + changed["metadata.managedFields"], Is.Empty);
        Assert.That(Owned(applied, "before-first-apply Update"), Does.Contain("f:strategy"));
    }

    [Test]
    public async Task A_dry_run_shows_what_would_be_and_leaves_all_as_it_was()
    {
        var created = await ApplyAsync("one", Deployment, "&dryRun=All");
        var missing = await Cluster.GetAsync(Deployments + "/web");
        var first = await ApplyAsync("one", Deployment);
        var changed = await ApplyAsync("one", Deployment.Replace("replicas: 2", "replicas: 3", StringComparison.Ordinal), "&dryRun=All");
        var read = await Cluster.GetAsync(Deployments + "/web");

        Assert.That((created.Status, missing.Status, changed["spec.replicas"]), Is.EqualTo((201, 404, "3")));
        Assert.That(read.Text, Is.EqualTo(first.Text));
    }

    [Test]
    public async Task Refusals_have_the_words_that_clients_know()
    {
        await Expect(Cluster.SendAsync(HttpMethod.Patch, Deployments + "/web", Deployment, ApplyYaml), 422, "Invalid",
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
        await Expect(Cluster.SendAsync(HttpMethod.Patch, Deployments + "/web?force=true", "{}", "application/merge-patch+json"), 422, "Invalid",
            "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch");
        await Expect(ApplyAsync(new string('x', 129), Deployment), 422, "Invalid",
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than 128 bytes");
        await Expect(
            ApplyAsync("a%01", Deployment), 422, "Invalid", "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: ");
        await Expect(Cluster.PostAsync(ConfigMaps + "?dryRun=Some", "{}"), 422, "Invalid",
            "UpdateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": supported values: \"All\"");
        await Expect(ApplyAsync("one", Deployment.Replace("replicas", "replicaz", StringComparison.Ordinal)), 400, "BadRequest",
            "failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.replicaz: field not declared in schema");
        await Expect(ApplyAsync("one", Deployment.Replace("[{name: c, ", "[{name: c, image: a}, {name: c, ", StringComparison.Ordinal)), 400,
            "BadRequest", "failed to create typed patch object (/web; apps/v1, Kind=Deployment): "
            + ".spec.template.spec.containers: duplicate entries for key [name=\"c\"]");
        await Expect(ApplyAsync("one", Deployment.Replace("name: web", "name: other", StringComparison.Ordinal)), 400, "BadRequest",
            "the name of the object (other) does not match the name on the URL (web)");
        await Expect(ApplyAsync("one", Deployment.Replace("name: web", "name: web, uid: x", StringComparison.Ordinal)), 409, "Conflict",
            "Operation cannot be fulfilled on deployments.apps \"web\": uid mismatch: the provided object specified uid x, and no");
        await Expect(ApplyAsync("one", Deployment + "\nkind: Deployment", "&fieldValidation=Strict"), 400, "BadRequest",
            "error strict decoding YAML: ");
        await Expect(ApplyAsync("one", "a: [", ""), 400, "BadRequest", "error decoding YAML: ");
        await Expect(Cluster.SendAsync(HttpMethod.Patch, Deployments + "/web?fieldManager=a", "x", "application/apply-patch+cbor"), 415,
            "UnsupportedMediaType", "the body of the request was in an unknown format");
    }

    private Task<Answer> PatchAsync(string body, string type) => Cluster.PatchAsync(Deployments + "/web", body, type);

    private Task<Answer> ApplyAsync(string manager, string body, string query = "") =>
        Cluster.SendAsync(HttpMethod.Patch, $"{Deployments}/web?fieldManager={manager}{query}", body, ApplyYaml);

    /// <summary>What a manager owns, in the notation of FieldsV1; empty if it has no entry.</summary>
    private static string Owned(Answer answer, string manager)
    {
        foreach (var entry in answer.Body["metadata"]?["managedFields"]?.AsArray() ?? [])
        {
            if ($"{entry!["manager"]} {entry["operation"]} {entry["subresource"]}".TrimEnd() == manager)
            {
                return entry["fieldsV1"]!.ToJsonString(
                    new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            }
        }

        return "";
    }

    private static async Task Expect(Task<Answer> request, int status, string reason, string message)
    {
        var answer = await request;
        Assert.That((answer.Status, answer["reason"], answer["kind"]), Is.EqualTo((status, reason, "Status")), answer.Text);
        Assert.That(answer["message"], Does.StartWith(message));
    }
}
