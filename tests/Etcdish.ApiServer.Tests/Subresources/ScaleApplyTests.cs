using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Tests.Subresources;

/// <summary>Server-side apply of a Scale, and who owns the replicas then.</summary>
public class ScaleApplyTests(StoreKind kind) : ClusterTests(kind)
{
    private const string Sets = "/apis/apps/v1/namespaces/default/replicasets";
    private const string Web = Sets + "/web";

    [SetUp]
    public async Task Prepare()
    {
        var created = await Cluster.PatchAsync(Web + "?fieldManager=author", """
            {"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"name":"web"},"spec":{"replicas":2,
            "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
            "spec":{"containers":[{"name":"c","image":"nginx:1"}]}}}}
            """.ReplaceLineEndings(" "), "apply", "yaml");
        Assert.That(created.Status, Is.EqualTo(201), created.Text);
    }

    [Test]
    public async Task What_another_owns_is_a_conflict_unless_it_is_forced()
    {
        var refused = await ApplyAsync("robot", """{"replicas":5}""");
        var same = await ApplyAsync("twin", """{"replicas":2}""");
        var forced = await ApplyAsync("robot", """{"replicas":5}""", "&force=true");

        Assert.That((refused.Status, refused["message"], refused["details.causes.0.field"]), Is.EqualTo((409,
            "Apply failed with 1 conflict: conflict with \"author\": .spec.replicas", ".spec.replicas")));
        Assert.That((same.Status, same["kind"], same["spec.replicas"]), Is.EqualTo((200, "Scale", "2")), same.Text);
        Assert.That((forced.Status, forced["spec.replicas"]), Is.EqualTo((200, "5")), forced.Text);
        Assert.That(await OwnersAsync(), Is.EqualTo(["robot Apply apps/v1 scale"]));
        Assert.That((await Cluster.GetAsync(Web))["metadata.generation"], Is.EqualTo("2"));
    }

    [Test]
    public async Task Who_loses_the_replicas_keeps_the_rest()
    {
        await ApplyAsync("robot", """{"replicas":5}""", "&force=true");
        var web = await Cluster.GetAsync(Web);
        var author = web.Body["metadata"]!["managedFields"]!.AsArray().Single(e => e!["manager"]!.ToString() == "author")!;

        Assert.That(author["fieldsV1"]!["f:spec"]!.AsObject().Select(field => field.Key), Is.EquivalentTo(["f:selector", "f:template"]));
        Assert.That(author["subresource"], Is.Null);
    }

    [Test]
    public async Task Whoever_stops_wanting_a_number_scales_to_nothing_if_he_was_alone_in_it()
    {
        await ApplyAsync("twin", """{"replicas":2}""");
        var shared = await ApplyAsync("twin", "{}");
        await ApplyAsync("robot", """{"replicas":5}""", "&force=true");
        var alone = await ApplyAsync("robot", "{}");

        Assert.That((shared["spec.replicas"], alone.Status, alone["spec.replicas"]), Is.EqualTo(("2", 200, "0")), alone.Text);
        Assert.That(await OwnersAsync(), Is.Empty);
    }

    [Test]
    public async Task An_update_of_the_scale_takes_the_replicas_and_an_apply_meets_that()
    {
        await Cluster.PatchAsync(Web + "/scale?fieldManager=hand", """{"spec":{"replicas":3}}""", "merge");
        var refused = await ApplyAsync("robot", """{"replicas":5}""");

        Assert.That(await OwnersAsync(), Is.EqualTo(["hand Update apps/v1 scale"]));
        Assert.That(refused["message"], Is.EqualTo(
            "Apply failed with 1 conflict: conflict with \"hand\" with subresource \"scale\" using autoscaling/v1: .spec.replicas"));
    }

    [Test]
    public async Task The_same_again_writes_nothing()
    {
        var first = await ApplyAsync("robot", """{"replicas":5}""", "&force=true");
        var second = await ApplyAsync("robot", """{"replicas":5}""");
        var dry = await ApplyAsync("robot", """{"replicas":7}""", "&dryRun=All");

        Assert.That(second["metadata.resourceVersion"], Is.EqualTo(first["metadata.resourceVersion"]));
        Assert.That((dry["spec.replicas"], (await Cluster.GetAsync(Web + "/scale"))["spec.replicas"]), Is.EqualTo(("7", "5")));
    }

    [TestCase("""{"apiVersion":"apps/v1","kind":"Scale","metadata":{"name":"web"}}""", 400, "expected: autoscaling/v1")]
    [TestCase("""{"apiVersion":"autoscaling/v1","kind":"Pod","metadata":{"name":"web"}}""", 400, "cannot be handled as a Scale")]
    [TestCase("""{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"other"}}""", 400, "does not match the name on the URL")]
    [TestCase(
        """{"apiVersion":"autoscaling/v1","kind":"Scale","spec":{"replica":1}}""", 400, ".spec.replica: field not declared in schema")]
    [TestCase("""{"apiVersion":"autoscaling/v1","kind":"Scale","spec":{"replicas":-1}}""", 422, "must be greater than or equal to 0")]
    public async Task What_is_no_such_scale_is_refused(string body, int status, string message)
    {
        var refused = await Cluster.PatchAsync(Web + "/scale?fieldManager=robot&force=true", body, "apply", "yaml");

        Assert.That(refused.Status, Is.EqualTo(status), refused.Text);
        Assert.That(refused["message"], Does.Contain(message));
    }

    [Test]
    public async Task An_object_that_is_not_there_cannot_be_scaled()
    {
        var missing = await Cluster.PatchAsync(
            Sets + "/none/scale?fieldManager=robot", """{"apiVersion":"autoscaling/v1","kind":"Scale","spec":{"replicas":1}}""", "apply", "yaml");

        Assert.That((missing.Status, missing["message"]), Is.EqualTo((404, "replicasets.apps \"none\" not found")));
    }

    private Task<Answer> ApplyAsync(string manager, string spec, string more = "") => Cluster.PatchAsync(
        $"{Web}/scale?fieldManager={manager}{more}",
        $$$"""{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"web"},"spec":{{{spec}}}}""",
        "apply",
        "yaml");

    /// <summary>Who owns the replicas.</summary>
    private async Task<string[]> OwnersAsync()
    {
        var web = await Cluster.GetAsync(Web);
        return [.. web.Body["metadata"]!["managedFields"]!.AsArray().OfType<JsonObject>()
            .Where(entry => entry["fieldsV1"]?["f:spec"]?["f:replicas"] is not null)
            .Select(entry => $"{entry["manager"]} {entry["operation"]} {entry["apiVersion"]} {entry["subresource"]}")];
    }
}
