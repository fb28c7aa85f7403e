using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Tests;

/// <summary>Custom resources over HTTP, from the definition to its end, on both kinds of stores.</summary>
public class CustomResourceTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string CronTabs = "/apis/stable.example.com/v1/namespaces/default/crontabs";

    [Test]
    public async Task A_definition_is_served_when_its_creation_is_answered()
    {
        var before = await Cluster.GetAsync("/apis/stable.example.com/v1");
        var created = await Cluster.PostAsync(Definitions, CronTab.Definition());
        var resources = await Cluster.GetAsync("/apis/stable.example.com/v1");
        var definition = await Cluster.GetAsync($"{Definitions}/crontabs.stable.example.com");
        var object1 = await Cluster.PostAsync(CronTabs, CronTab.Object("a"));

        Assert.That((before.Status, created.Status, object1.Status), Is.EqualTo((404, 201, 201)));
        Assert.That(resources["resources.0.name"] + resources["resources.0.shortNames.0"], Is.EqualTo("crontabsct"));
        Assert.That(
            definition.Body["status"]!["conditions"]!.AsArray().Select(c => $"{c!["type"]}={c["status"]} {c["reason"]}"),
            Is.EqualTo(["NamesAccepted=True NoConflicts", "Established=True InitialNamesAccepted"]));
        Assert.That(definition["status.storedVersions.0"], Is.EqualTo("v1"));
        Assert.That(definition["spec.names.singular"] + definition["spec.names.listKind"], Is.EqualTo("crontabCronTabList"));
    }

    [Test]
    public async Task Objects_get_defaults_and_lose_what_the_schema_does_not_know()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        var created = await Cluster.PostAsync(
            CronTabs, CronTab.Object("a", "\"cronSpec\":\"* * * * *\",\"extra\":1,\"free\":{\"kept\":true}"));
        var strict = await Cluster.PostAsync(
            CronTabs + "?fieldValidation=Strict", CronTab.Object("b", "\"cronSpec\":\"* * * * *\",\"extra\":1"));

        Assert.That(created["spec.replicas"] + created["spec.free.kept"] + created["spec.extra"], Is.EqualTo("1true"));
        Assert.That(created["metadata.generation"], Is.EqualTo("1"));
        Assert.That(created.Warnings, Is.EqualTo(["299 - \"unknown field \\\"spec.extra\\\"\""]));
        Assert.That((strict.Status, strict["message"]), Is.EqualTo((
            400, "CronTab in version \"v1\" cannot be handled as a CronTab: strict decoding error: unknown field \"spec.extra\"")));
    }

    [Test]
    public async Task Wrong_values_are_refused_in_known_words()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        var answer = await Cluster.PostAsync(CronTabs, CronTab.Object("a", "\"cronSpec\":\"wrong\",\"replicas\":\"many\""));

        Assert.That((answer.Status, answer["reason"]), Is.EqualTo((422, "Invalid")));
        Assert.That(answer["message"], Is.EqualTo(
            "CronTab.stable.example.com \"a\" is invalid: "
            + "[spec.cronSpec: Invalid value: \"wrong\": spec.cronSpec in body should match '^(\\d+|\\*)(\\s+(\\d+|\\*)){4}$', "
            + "spec.replicas: Invalid value: \"string\": spec.replicas in body must be of type integer: \"string\"]"));
    }

    [Test]
    public async Task Status_is_apart_and_generation_counts_the_rest()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        await Cluster.PostAsync(CronTabs, CronTab.Object("a"));
        var changed = await Cluster.PatchAsync(CronTabs + "/a", """{"spec":{"replicas":3},"status":{"replicas":9}}""", "merge");
        var status = await Cluster.PatchAsync(CronTabs + "/a/status", """{"spec":{"replicas":7},"status":{"replicas":2}}""", "merge");

        Assert.That(changed["metadata.generation"] + changed["status.replicas"], Is.EqualTo("2"));
        Assert.That(status["metadata.generation"] + status["spec.replicas"] + status["status.replicas"], Is.EqualTo("232"));
    }

    [Test]
    public async Task Versions_show_the_same_objects()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition(CronTab.OldVersion));
        await Cluster.PostAsync(CronTabs, CronTab.Object("a", "\"cronSpec\":\"1 2 3 4 5\",\"replicas\":2"));
        using var events = await Cluster.WatchAsync(CronTabs.Replace("/v1/", "/v1beta1/", StringComparison.Ordinal) + "?watch=1");
        var seen = await events.NextAsync();
        var old = await Cluster.GetAsync(CronTabs.Replace("/v1/", "/v1beta1/", StringComparison.Ordinal) + "/a");
        await Cluster.PatchAsync(CronTabs + "/a", """{"spec":{"replicas":5}}""", "merge");
        var next = await events.NextAsync();

        Assert.That(old["apiVersion"] + old["spec.cronSpec"] + old["spec.replicas"], Is.EqualTo("stable.example.com/v1beta11 2 3 4 5"));
        Assert.That(
            old.Warnings, Is.EqualTo(["299 - \"stable.example.com/v1beta1 CronTab is deprecated; use stable.example.com/v1 CronTab\""]));
        Assert.That($"{seen!["type"]} {seen["object"]!["apiVersion"]}", Is.EqualTo("ADDED stable.example.com/v1beta1"));
        Assert.That($"{next!["type"]} {next["object"]!["apiVersion"]}", Is.EqualTo("MODIFIED stable.example.com/v1beta1"));
    }

    [Test]
    public async Task A_changed_schema_shows_in_objects_written_before()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        await Cluster.PostAsync(CronTabs, CronTab.Object("a"));
        var patch = await Cluster.PatchAsync($"{Definitions}/crontabs.stable.example.com", """
            [{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/zone",
            "value":{"type":"string","default":"UTC"}}]
            """, "json");
        var read = await Cluster.GetAsync(CronTabs + "/a");
        var list = await Cluster.GetAsync(CronTabs);

        Assert.That(patch.Status, Is.EqualTo(200));
        Assert.That(read["spec.zone"] + list["items.0.spec.zone"], Is.EqualTo("UTCUTC"));
        Assert.That(read["metadata.generation"], Is.EqualTo("1"));
    }

    [Test]
    public async Task Stricter_rules_are_not_held_against_what_does_not_change()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        await Cluster.PostAsync(CronTabs, CronTab.Object("a", "\"cronSpec\":\"* * * * *\",\"replicas\":7"));
        await Cluster.PatchAsync($"{Definitions}/crontabs.stable.example.com", """
            [{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/replicas/maximum","value":5}]
            """, "json");
        var beside = await Cluster.PatchAsync(CronTabs + "/a", """{"spec":{"cronSpec":"1 * * * *"}}""", "merge");
        var worse = await Cluster.PatchAsync(CronTabs + "/a", """{"spec":{"replicas":8}}""", "merge");

        Assert.That(beside.Status, Is.EqualTo(200));
        Assert.That((worse.Status, worse["details.causes.0.message"]), Is.EqualTo((
            422, "Invalid value: 8: spec.replicas in body should be less than or equal to 5")));
    }

    [Test]
    public async Task Columns_names_and_categories_are_the_definitions()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        await Cluster.PostAsync(CronTabs, CronTab.Object("a"));
        var table = await Cluster.GetAsync(CronTabs, "application/json;as=Table;v=v1;g=meta.k8s.io");

        Assert.That(
            table.Body["columnDefinitions"]!.AsArray().Select(c => $"{c!["name"]} {c["type"]} {c["priority"]}"),
            Is.EqualTo(["Name string 0", "Spec string 0", "Replicas integer 1", "Age date 0"]));
        Assert.That(table.Body["rows"]![0]!["cells"]!.ToJsonString(), Does.Match("^\\[\"a\",\"\\* \\* \\* \\* \\*\",1,\"\\d+s\"\\]$"));
    }

    [Test]
    public async Task Selectable_fields_select_and_others_do_not()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        await Cluster.PostAsync(CronTabs, CronTab.Object("a", "\"cronSpec\":\"* * * * *\",\"replicas\":2"));
        await Cluster.PostAsync(CronTabs, CronTab.Object("b"));
        var two = await Cluster.GetAsync(CronTabs + "?fieldSelector=spec.replicas%3D2");
        var other = await Cluster.GetAsync(CronTabs + "?fieldSelector=spec.cronSpec%3Dx");

        Assert.That(two.Body["items"]!.AsArray().Select(item => Answer.Read(item, "metadata.name")), Is.EqualTo(["a"]));
        Assert.That((other.Status, other["message"]), Is.EqualTo((400, "field label not supported: spec.cronSpec")));
    }

    [Test]
    public async Task Bodies_that_custom_resources_have_no_form_for_are_refused()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        await Cluster.PostAsync(CronTabs, CronTab.Object("a"));
        var strategic = await Cluster.PatchAsync(CronTabs + "/a", "{}", "strategic-merge");
        var protobuf = await Cluster.SendAsync(HttpMethod.Post, CronTabs, "k8s\0", "application/vnd.kubernetes.protobuf");

        Assert.That((strategic.Status, protobuf.Status), Is.EqualTo((415, 415)));
    }

    [Test]
    public async Task A_deleted_definition_takes_its_objects_and_watchers_with_it()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        await Cluster.PostAsync(CronTabs, CronTab.Object("a", finalizer: "example.com/hold"));
        using var definitions = await Cluster.WatchAsync(Definitions + "?watch=1");
        await definitions.NextAsync();
        var marked = await Cluster.DeleteAsync($"{Definitions}/crontabs.stable.example.com");
        var refused = await Cluster.PostAsync(CronTabs, CronTab.Object("b"));
        using var events = await Cluster.WatchAsync(CronTabs + "?watch=1");
        await events.NextAsync();
        await Cluster.PatchAsync(CronTabs + "/a", """{"metadata":{"finalizers":null}}""", "merge");
        string? type;
        do
        {
            type = (await definitions.NextAsync())?["type"]?.ToString();
        }
        while (type == "MODIFIED");

        Assert.That(marked["metadata.finalizers.0"], Is.EqualTo("customresourcecleanup.apiextensions.k8s.io"));
        Assert.That((refused.Status, refused["reason"]), Is.EqualTo((403, "Forbidden")));
        Assert.That(refused["message"], Does.Contain("create not allowed while custom resource definition is terminating"));
        Assert.That(type, Is.EqualTo("DELETED"));
        Assert.That((await events.NextAsync())?["type"]?.ToString(), Is.EqualTo("DELETED").Or.EqualTo("MODIFIED"));

        // The watch ends in good order.
        while (await events.NextAsync() is not null)
        {
        }
    }

    [Test]
    public async Task Names_that_are_taken_are_not_accepted()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        var other = JsonNode.Parse(CronTab.Definition())!;
        other["metadata"]!["name"] = "tabs.stable.example.com";
        other["spec"]!["names"]!["plural"] = "tabs";
        other["spec"]!["names"]!["singular"] = "tab";
        await Cluster.PostAsync(Definitions, other.ToJsonString());
        var refused = await Cluster.GetAsync(Definitions + "/tabs.stable.example.com");

        Assert.That(
            refused.Body["status"]!["conditions"]!.AsArray().Select(c => $"{c!["type"]}={c["status"]} {c["reason"]}: {c["message"]}"),
            Is.EqualTo([
                "NamesAccepted=False ListKindConflict: \"CronTabList\" is already in use",
                "Established=False NotAccepted: not all names are accepted"]));
        Assert.That((await Cluster.GetAsync("/apis/stable.example.com/v1/tabs")).Status, Is.EqualTo(404));

        await Cluster.DeleteAsync(Definitions + "/crontabs.stable.example.com");
        using var events = await Cluster.WatchAsync(Definitions + "?watch=1&fieldSelector=metadata.name%3Dtabs.stable.example.com");
        JsonNode? latest;
        do
        {
            latest = (await events.NextAsync())!["object"];
        }
        while (!latest!["status"]!["conditions"]!.AsArray().Any(c => $"{c!["type"]}={c["status"]}" == "Established=True"));

        Assert.That((await Cluster.GetAsync("/apis/stable.example.com/v1/tabs")).Status, Is.EqualTo(200));
    }

    [Test]
    public async Task Definitions_are_checked()
    {
        var wrong = JsonNode.Parse(CronTab.Definition())!;
        wrong["metadata"]!["name"] = "x.stable.example.com";
        wrong["spec"]!["versions"]![0]!["storage"] = false;
        wrong["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!.AsObject().Remove("type");
        var answer = await Cluster.PostAsync(Definitions, wrong.ToJsonString());
        var causes = answer.Body["details"]!["causes"]!.AsArray().Select(c => $"{c!["field"]}: {c["message"]}").ToArray();

        Assert.That(answer.Status, Is.EqualTo(422));
        Assert.That(causes, Does.Contain(
            "spec.versions[0].schema.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields"));
        Assert.That(causes, Has.Some.EndsWith("must have exactly one version marked as storage version"));
        Assert.That(causes, Has.Some.EndsWith("must be spec.names.plural+\".\"+spec.group"));
    }

    [Test]
    public async Task Rules_are_kept_and_warned_of()
    {
        var definition = JsonNode.Parse(CronTab.Definition())!;
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["x-kubernetes-validations"] =
            JsonNode.Parse("""[{"rule":"self.replicas < 10"}]""");
        var created = await Cluster.PostAsync(Definitions, definition.ToJsonString());

        Assert.That(
            created["spec.versions.0.schema.openAPIV3Schema.properties.spec.x-kubernetes-validations.0.rule"],
            Is.EqualTo("self.replicas < 10"));
        Assert.That(created.Warnings, Has.One.Contains("does not enforce them yet"));
    }

    [Test]
    public async Task Another_server_on_the_store_serves_the_same()
    {
        await using var other = await Cluster.StartAnotherAsync();
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        using var events = await other.WatchAsync(Definitions + "?watch=1");
        JsonNode? latest;
        do
        {
            latest = (await events.NextAsync())!["object"];
        }
        while (latest!["status"]!["conditions"] is not JsonArray conditions || conditions.Count < 2);

        Answer created;
        do
        {
            // The other server learns of it by a watch of its own.
            created = await other.PostAsync(CronTabs, CronTab.Object("a"));
        }
        while (created.Status == 404);

        await using var late = await Cluster.StartAnotherAsync();

        Assert.That(created.Status, Is.EqualTo(201));
        Assert.That((await late.GetAsync(CronTabs + "/a"))["spec.replicas"], Is.EqualTo("1"));
    }

    [Test]
    public async Task Scale_reads_and_writes_where_the_definition_says()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        await Cluster.PostAsync(CronTabs, CronTab.Object("a"));
        var scaled = await Cluster.PatchAsync(CronTabs + "/a/scale", """{"spec":{"replicas":4}}""", "merge");
        var read = await Cluster.GetAsync(CronTabs + "/a");

        Assert.That(scaled["kind"] + scaled["spec.replicas"] + read["spec.replicas"] + read["metadata.generation"], Is.EqualTo("Scale442"));
    }

    [Test]
    public async Task Fields_have_owners_by_the_schema()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        var first = await ApplyAsync("one", "\"cronSpec\":\"* * * * *\",\"replicas\":2");
        var conflict = await ApplyAsync("two", "\"cronSpec\":\"* * * * *\",\"replicas\":3");
        var dropped = await ApplyAsync("one", "\"cronSpec\":\"* * * * *\"");

        Assert.That((first.Status, conflict.Status, dropped.Status), Is.EqualTo((201, 409, 200)));
        Assert.That(conflict["details.causes.0.field"], Is.EqualTo(".spec.replicas"));
        Assert.That(dropped["spec.replicas"], Is.EqualTo("1"));

        Task<Answer> ApplyAsync(string manager, string spec) => Cluster.SendAsync(
            HttpMethod.Patch, $"{CronTabs}/a?fieldManager={manager}", CronTab.Object("a", spec), "application/apply-patch+yaml");
    }

    [Test]
    public async Task Documents_and_lists_of_what_is_served_follow()
    {
        var before = await Cluster.GetAsync("/openapi/v3");
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        var index = await Cluster.GetAsync("/openapi/v3");
        var document = await Cluster.GetAsync("/openapi/v3/apis/stable.example.com/v1");
        var whole = await Cluster.GetAsync("/openapi/v2");
        var all = await Cluster.GetAsync("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
        var schema = document.Body["components"]!["schemas"]!["com.example.stable.v1.CronTab"]!;
        var patch = document.Body["paths"]!["/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}"]!["patch"]!;

        Assert.That(before.Body["paths"]!["apis/stable.example.com/v1"], Is.Null);
        Assert.That(index.Body["paths"]!["apis/stable.example.com/v1"], Is.Not.Null);
        Assert.That(
            Answer.Read(schema, "description") + Answer.Read(schema, "properties.spec.properties.replicas.type"),
            Is.EqualTo("A table of times.integer"));
        Assert.That(Answer.Read(schema, "x-kubernetes-group-version-kind.0.kind"), Is.EqualTo("CronTab"));
        Assert.That(patch["parameters"]!.AsArray().Select(p => Answer.Read(p, "name")), Does.Contain("fieldValidation"));
        Assert.That(whole.Body["definitions"]!["com.example.stable.v1.CronTab"], Is.Not.Null);
        Assert.That(
            all.Body["items"]!.AsArray().Select(item => Answer.Read(item, "metadata.name")), Does.Contain("stable.example.com"));
    }

    [Test]
    public async Task Every_group_version_is_a_local_service()
    {
        using var events = await Cluster.WatchAsync("/apis/apiregistration.k8s.io/v1/apiservices?watch=1");
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        JsonNode? seen;
        do
        {
            seen = (await events.NextAsync())!["object"];
        }
        while (Answer.Read(seen, "metadata.name") != "v1.stable.example.com");

        var core = await Cluster.GetAsync("/apis/apiregistration.k8s.io/v1/apiservices/v1.");
        var refused = await Cluster.PostAsync("/apis/apiregistration.k8s.io/v1/apiservices", """{"metadata":{"name":"v1.a.b"}}""");
        Assert.That(
            Answer.Read(seen, "status.conditions.0.type") + Answer.Read(seen, "status.conditions.0.status"), Is.EqualTo("AvailableTrue"));
        Assert.That(core["spec.groupPriorityMinimum"] + core["status.conditions.0.reason"], Is.EqualTo("18000Local"));
        Assert.That(refused.Status, Is.EqualTo(405));
    }

    [Test]
    public async Task A_namespace_takes_custom_objects_with_it()
    {
        await Cluster.PostAsync(Definitions, CronTab.Definition());
        await Cluster.PostAsync("/api/v1/namespaces", """{"metadata":{"name":"team"}}""");
        await Cluster.PostAsync(CronTabs.Replace("default", "team", StringComparison.Ordinal), CronTab.Object("a"));
        using var events = await Cluster.WatchAsync("/apis/stable.example.com/v1/crontabs?watch=1");
        var first = await events.NamesAsync(1);
        await Cluster.DeleteAsync("/api/v1/namespaces/team");

        Assert.That(first.Concat(await events.NamesAsync(1)), Is.EqualTo(["ADDED a", "DELETED a"]));
    }
}
