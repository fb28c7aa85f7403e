using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

public sealed class StrategicMergePatchTests
{
    [Test]
    public void Objects_merge_and_null_deletes() => AssertSpec(
        """{"nodeName":"a","hostNetwork":true,"securityContext":{"runAsUser":1,"fsGroup":2}}""",
        """{"nodeName":"b","hostNetwork":null,"securityContext":{"fsGroup":null,"runAsGroup":3}}""",
        """{"nodeName":"b","securityContext":{"runAsUser":1,"runAsGroup":3}}""");

    [Test]
    public void A_list_with_a_key_merges_item_by_item() => AssertSpec(
        """{"containers":[{"name":"a","image":"x","tty":true},{"name":"b","image":"y"}]}""",
        """{"containers":[{"name":"b","image":"z"},{"name":"c","image":"w"}]}""",
        """{"containers":[{"name":"a","image":"x","tty":true},{"name":"b","image":"z"},{"name":"c","image":"w"}]}""");

    [Test]
    public void New_items_come_without_nulls_and_directives() => AssertSpec(
        """{}""",
        """{"containers":[{"name":"a","image":null,"env":[{"name":"x","$patch":"delete"},{"name":"y"}],"$setElementOrder/env":[]}]}""",
        """{"containers":[{"name":"a","env":[{"name":"y"}]}]}""");

    [Test]
    public void An_item_is_deleted_by_its_key() => AssertSpec(
        """{"containers":[{"name":"a"},{"name":"b"}]}""",
        """{"containers":[{"$patch":"delete","name":"a"},{"$patch":"delete","name":"z"}]}""",
        """{"containers":[{"name":"b"}]}""");

    [Test]
    public void A_list_is_replaced_by_an_item_that_says_so() => AssertSpec(
        """{"containers":[{"name":"a"},{"name":"b"}]}""",
        """{"containers":[{"name":"c"},{"$patch":"replace"}]}""",
        """{"containers":[{"name":"c"}]}""");

    [Test]
    public void An_object_is_replaced_or_emptied_by_a_directive()
    {
        AssertSpec(
            """{"securityContext":{"runAsUser":1,"fsGroup":2}}""",
            """{"securityContext":{"$patch":"replace","runAsUser":5}}""",
            """{"securityContext":{"runAsUser":5}}""");
        AssertSpec(
            """{"securityContext":{"runAsUser":1}}""",
            """{"securityContext":{"$patch":"delete"}}""",
            """{"securityContext":{}}""");
        AssertSpec("""{}""", """{"securityContext":{"$patch":"delete"}}""", """{}""");
    }

    [Test]
    public void Retained_keys_drop_all_others() => AssertSpec(
        """{"volumes":[{"name":"v","emptyDir":{}},{"name":"w","emptyDir":{}}]}""",
        """{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/x"}}]}""",
        """{"volumes":[{"name":"v","hostPath":{"path":"/x"}},{"name":"w","emptyDir":{}}]}""");

    [Test]
    public void A_deployments_strategy_can_be_switched()
    {
        var target = Parse("""{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}""");

        StrategicMergePatch.Apply(target, Parse("""{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}"""),
            Type("apps/v1", "Deployment"));

        Assert.That(target.ToJsonString(), Is.EqualTo("""{"spec":{"strategy":{"type":"Recreate"}}}"""));
    }

    [Test]
    public void Sets_of_scalars_unite_and_lose_items()
    {
        var target = Parse("""{"metadata":{"finalizers":["a","b","c"]}}""");
        var patch = Parse("""{"metadata":{"$deleteFromPrimitiveList/finalizers":["b"],"finalizers":["d","a"]}}""");

        StrategicMergePatch.Apply(target, patch, Type("v1", "Pod"));

        Assert.That(target.ToJsonString(), Is.EqualTo("""{"metadata":{"finalizers":["d","a","c"]}}"""));
    }

    [Test]
    public void A_list_without_a_strategy_is_replaced() => AssertSpec(
        """{"tolerations":[{"key":"a"},{"key":"b"}],"containers":[{"name":"a","command":["x","y"]}]}""",
        """{"tolerations":[{"key":"c"}],"containers":[{"name":"a","command":["z"]}]}""",
        """{"tolerations":[{"key":"c"}],"containers":[{"name":"a","command":["z"]}]}""");

    [Test]
    public void The_order_of_a_list_can_be_set()
    {
        AssertSpec(
            """{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}""",
            """{"$setElementOrder/containers":[{"name":"c"},{"name":"a"}],"containers":[{"name":"a","image":"x"}]}""",
            """{"containers":[{"name":"b"},{"name":"c"},{"name":"a","image":"x"}]}""");
        AssertSpec(
            """{"containers":[{"name":"a"},{"name":"b"}]}""",
            """{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}""",
            """{"containers":[{"name":"b"},{"name":"a"}]}""");
        AssertSpec(
            """{"containers":[{"name":"1"},{"name":"2"},{"name":"3"}]}""",
            """{"$setElementOrder/containers":[{"name":"1"},{"name":"4"},{"name":"3"}],"containers":[{"name":"4"}]}""",
            """{"containers":[{"name":"1"},{"name":"4"},{"name":"2"},{"name":"3"}]}""");
        AssertSpec("""{}""", """{"$setElementOrder/containers":[{"name":"a"}]}""", """{}""");
    }

    [Test]
    public void What_kubectl_set_image_sends_is_understood() => AssertSpec(
        """{"containers":[{"name":"side","image":"s"},{"name":"web","image":"nginx:1","ports":[{"containerPort":80}]}]}""",
        """{"$setElementOrder/containers":[{"name":"side"},{"name":"web"}],"containers":[{"image":"nginx:2","name":"web"}]}""",
        """{"containers":[{"name":"side","image":"s"},{"name":"web","image":"nginx:2","ports":[{"containerPort":80}]}]}""");

    [Test]
    public void Service_ports_merge_by_number()
    {
        var target = Parse("""{"spec":{"ports":[{"port":80,"name":"a"},{"port":81}]}}""");

        StrategicMergePatch.Apply(target, Parse("""{"spec":{"ports":[{"port":80,"nodePort":30000}]}}"""), Type("v1", "Service"));

        Assert.That(target.ToJsonString(), Is.EqualTo("""{"spec":{"ports":[{"port":80,"name":"a","nodePort":30000},{"port":81}]}}"""));
    }

    [Test]
    public void Types_that_differ_replace() => AssertSpec(
        """{"nodeSelector":{"a":"b"}}""", """{"nodeSelector":"x","securityContext":[1]}""",
            """{"nodeSelector":"x","securityContext":[1]}""");

    [TestCase("""{"containers":[{"image":"x"}]}""", "does not contain declared merge key: name")]
    [TestCase("""{"containers":[1]}""", "list element types are not identical")]
    [TestCase("""{"containers":[[]]}""", "lists of lists are not supported")]
    [TestCase("""{"containers":[{"$patch":"merge","name":"a"}]}""", "merging lists cannot yet be specified in the patch")]
    [TestCase("""{"containers":[{"$patch":"shuffle","name":"a"}]}""", "unknown patch type: \"shuffle\"")]
    [TestCase("""{"containers":[{"$patch":"delete"}]}""", "does not contain declared merge key: name")]
    [TestCase("""{"$patch":"shuffle"}""", "unknown patch type: \"shuffle\"")]
    [TestCase("""{"$retainKeys":["nodeName"],"hostNetwork":true}""", "invalid patch format of retainKeys")]
    [TestCase("""{"$retainKeys":{}}""", "invalid patch format of retainKeys")]
    [TestCase("""{"$deleteFromPrimitiveList/x":1}""", "invalid patch format of primitive list")]
    [TestCase("""{"$setElementOrder/containers":{}}""", "invalid patch format of setElementOrder list")]
    [TestCase("""{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"b"}]}""", "The order in patch list")]
    [TestCase("""{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a"},{"name":"b"}]}""",
        "The order in patch list")]
    public void A_wrong_directive_is_refused_in_kubernetes_words(string patch, string words) =>
        Assert.That(
            () => ApplySpec("""{"containers":[{"name":"a"}],"nodeName":"n"}""", patch),
            Throws.TypeOf<PatchException>().With.Message.Contains(words).And.Property("Fault").EqualTo(PatchFault.Malformed));

    [Test]
    public void Applying_a_patch_twice_is_applying_it_once()
    {
        const int Seed = 41;
        var random = new Random(Seed);
        for (var round = 0; round < 2000; round++)
        {
            var target = RandomSpec(random, isPatch: false);
            var patch = RandomSpec(random, isPatch: true);

            var once = ApplySpec(target, patch);
            var twice = ApplySpec(once, patch);

            Assert.That(twice, Is.EqualTo(once), $"seed {Seed}, round {round}: {target} with {patch}");
        }
    }

    [Test]
    public void Large_lists_merge_in_reasonable_time()
    {
        var before = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $$"""{"name":"c{{i}}","image":"a"}"""));
        var after = string.Join(',', Enumerable.Range(10_000, 20_000).Select(i => $$"""{"name":"c{{i}}","image":"b"}"""));

        var merged = JsonNode.Parse(ApplySpec($$"""{"containers":[{{before}}]}""", $$"""{"containers":[{{after}}]}"""))!;

        Assert.That(merged["containers"]!.AsArray(), Has.Count.EqualTo(30_000));
    }

    private static string RandomSpec(Random random, bool isPatch)
    {
        var items = Enumerable.Range(0, 5).Where(_ => random.Next(2) == 0).Select(i => (JsonNode)new JsonObject
        {
            ["name"] = $"c{i}",
            ["image"] = isPatch && random.Next(3) == 0 ? null : $"i{random.Next(3)}",
            ["env"] = new JsonArray([.. Enumerable.Range(0, 3).Where(_ => random.Next(2) == 0)
                .Select(e => (JsonNode)new JsonObject { ["name"] = $"e{e}", ["value"] = $"{random.Next(3)}" })]),
        }).ToArray();
        random.Shuffle(items);
        if (isPatch && random.Next(2) == 0)
        {
            items = [.. items, new JsonObject { ["$patch"] = "delete", ["name"] = "c9" }];
        }

        return new JsonObject { ["containers"] = new JsonArray(items), ["nodeName"] = $"n{random.Next(3)}" }.ToJsonString();
    }

    private static void AssertSpec(string target, string patch, string expected) =>
        Assert.That(ApplySpec(target, patch), Is.EqualTo(expected));

    private static string ApplySpec(string target, string patch)
    {
        var document = Parse($$"""{"spec":{{target}}}""");
        var change = Parse($$"""{"spec":{{patch}}}""");
        var before = change.ToJsonString();
        StrategicMergePatch.Apply(document, change, Type("v1", "Pod"));
        Assert.That(change.ToJsonString(), Is.EqualTo(before), "a patch can be applied again");
        return document["spec"]!.ToJsonString();
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private static StructType Type(string apiVersion, string kind) => SchemaCatalog.BuiltIn.FindKind(apiVersion, kind)!;
}
