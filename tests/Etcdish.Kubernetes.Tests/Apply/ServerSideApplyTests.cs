using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

public sealed class ServerSideApplyTests
{
    private const string TwoContainers = """
        {"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}]}}}}
        """;

    [Test]
    public void Applying_to_nothing_creates_and_owns_what_was_applied()
    {
        var deployment = new ApplyHarness();

        deployment.Apply("kubectl", """{"metadata":{"name":"d","labels":{"l":"1"}},"spec":{"replicas":2}}""");

        Assert.Multiple(() =>
        {
            Assert.That(deployment.Spec["replicas"]!.GetValue<int>(), Is.EqualTo(2));
            Assert.That(deployment.Owned("kubectl"), Is.EqualTo(".metadata.labels.l .spec.replicas"));
            Assert.That(deployment.Entry("kubectl").ToJsonString(), Is.EqualTo(
                """{"manager":"kubectl","operation":"Apply","apiVersion":"apps/v1","time":"2030-01-01T00:00:00Z","fieldsType":"FieldsV1","""
                + """ "fieldsV1":{"f:metadata":{"f:labels":{"f:l":{}}},"f:spec":{"f:replicas":{}}}}""".TrimStart()));
        });
    }

    [Test]
    public void Changing_what_another_owns_is_a_conflict_that_names_it()
    {
        var deployment = new ApplyHarness();
        deployment.Update("kubectl-edit", """{"spec":{"replicas":2,"paused":true}}""");

        Assert.That(
            () => deployment.Apply("helm", """{"spec":{"replicas":3}}"""),
            Throws.TypeOf<ApplyConflictException>().With.Message.EqualTo(
                "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using apps/v1: .spec.replicas"));
        Assert.That(
            () => deployment.Apply("helm", """{"spec":{"replicas":3,"paused":null}}"""),
            Throws.TypeOf<ApplyConflictException>().With.Message.EqualTo(
                "Apply failed with 2 conflicts: conflicts with \"kubectl-edit\" using apps/v1:\n- .spec.paused\n- .spec.replicas"));
    }

    [Test]
    public void Conflicts_name_each_manager_and_its_subresource()
    {
        var deployment = new ApplyHarness();
        deployment.Apply("one", """{"spec":{"replicas":1}}""");
        deployment.Change("two", o => o["status"] = JsonNode.Parse("""{"replicas":1}"""), "status");

        var conflict = Assert.Throws<ApplyConflictException>(
            () => deployment.Apply("three", """{"spec":{"replicas":2},"status":{"replicas":2}}"""));

        Assert.That(conflict!.Conflicts, Is.EqualTo(
        [
            new ApplyConflict("\"one\"", ".spec.replicas"),
            new ApplyConflict("\"two\" with subresource \"status\" using apps/v1", ".status.replicas"),
        ]));
    }

    [Test]
    public void Force_takes_fields_over()
    {
        var deployment = new ApplyHarness();
        deployment.Apply("one", """{"spec":{"replicas":1,"paused":true}}""");

        deployment.Apply("two", """{"spec":{"replicas":2}}""", force: true);

        Assert.Multiple(() =>
        {
            Assert.That(deployment.Spec["replicas"]!.GetValue<int>(), Is.EqualTo(2));
            Assert.That(deployment.Owned("one"), Is.EqualTo(".spec.paused"));
            Assert.That(deployment.Owned("two"), Is.EqualTo(".spec.replicas"));
        });
    }

    [Test]
    public void Agreeing_on_a_value_shares_it_and_one_of_two_owners_leaving_keeps_it()
    {
        var deployment = new ApplyHarness();
        deployment.Apply("one", """{"spec":{"replicas":1,"paused":true}}""");
        deployment.Apply("two", """{"spec":{"replicas":1}}""");

        deployment.Apply("one", """{"spec":{"paused":true}}""");
        Assert.That(deployment.Spec["replicas"]!.GetValue<int>(), Is.EqualTo(1));

        deployment.Apply("two", "{}");
        Assert.That(deployment.Spec.ToJsonString(), Is.EqualTo("""{"paused":true}"""));
        Assert.That(deployment.Owned("two"), Is.Null);
    }

    [Test]
    public void What_is_no_longer_applied_goes_if_nobody_else_owns_it()
    {
        var deployment = new ApplyHarness();
        deployment.Apply("one", TwoContainers);
        deployment.Apply("side", """{"spec":{"template":{"spec":{"containers":[{"name":"b","tty":true}]}}}}""");

        deployment.Apply("one", """{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x"}]}}}}""");

        Assert.That(deployment.Spec.ToJsonString(), Is.EqualTo(
            """{"template":{"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","tty":true}]}}}"""));
    }

    [Test]
    public void What_a_writer_changed_stays_when_its_applier_lets_go()
    {
        var deployment = new ApplyHarness();
        deployment.Apply("one", TwoContainers);
        deployment.Change("editor", o => o["spec"]!["replicas"] = 7);

        deployment.Apply("one", """{"spec":{"paused":true}}""");

        Assert.That(deployment.Spec.ToJsonString(), Is.EqualTo("""{"replicas":7,"paused":true}"""));
        Assert.That(deployment.Owned("editor"), Is.EqualTo(".spec.replicas"));
    }

    [Test]
    public void Items_nobody_owns_stay_when_their_neighbours_go()
    {
        var pod = new ApplyHarness("v1", "Pod");
        pod.Apply("one", """{"spec":{"containers":[{"name":"a"}]}}""");
        pod.Spec["containers"]!.AsArray().Add(new JsonObject { ["name"] = "injected" });

        pod.Apply("one", """{"spec":{"containers":[{"name":"b"}]}}""");

        Assert.That(pod.Spec.ToJsonString(), Is.EqualTo("""{"containers":[{"name":"injected"},{"name":"b"}]}"""));
    }

    [Test]
    public void Defaults_within_a_struct_go_with_what_was_applied_in_it()
    {
        var deployment = new ApplyHarness();
        deployment.Apply("one", """{"spec":{"strategy":{"type":"RollingUpdate"}}}""");
        deployment.Spec["strategy"]!["rollingUpdate"] = JsonNode.Parse("""{"maxSurge":"25%"}""");

        deployment.Apply("one", """{"spec":{"replicas":1}}""");

        Assert.That(deployment.Spec.ToJsonString(), Is.EqualTo("""{"replicas":1}"""));
    }

    [Test]
    public void A_struct_is_owned_for_being_there_only_if_it_is_a_pointer()
    {
        var deployment = new ApplyHarness();

        deployment.Update("m", """{"metadata":{"labels":{"a":"b"}},"spec":{"strategy":{"rollingUpdate":{"maxSurge":1}}}}""");

        Assert.That(deployment.Owned("m"), Is.EqualTo(
            ".metadata.labels .metadata.labels.a .spec.strategy.rollingUpdate .spec.strategy.rollingUpdate.maxSurge"));
    }

    [Test]
    public void Lists_with_keys_that_have_defaults_merge_by_them()
    {
        var service = new ApplyHarness("v1", "Service");
        service.Apply("one", """{"spec":{"ports":[{"port":53,"name":"a"},{"port":53,"protocol":"UDP","name":"b"}]}}""");

        service.Spec["ports"]![0]!["protocol"] = "TCP";
        service.Apply("two", """{"spec":{"ports":[{"port":53,"protocol":"TCP","nodePort":30053}]}}""");

        Assert.That(service.Spec["ports"]!.ToJsonString(), Is.EqualTo(
            """[{"port":53,"name":"a","protocol":"TCP","nodePort":30053},{"port":53,"protocol":"UDP","name":"b"}]"""));
        Assert.That(service.Owned("one"), Does.Contain(".spec.ports[port=53,protocol=\"TCP\"].name"));
        Assert.That(service.Owned("two"), Does.Contain(".spec.ports[port=53,protocol=\"TCP\"].protocol"));
    }

    [Test]
    public void Atomic_lists_and_maps_have_one_owner()
    {
        var service = new ApplyHarness("v1", "Service");
        service.Apply("one", """{"spec":{"selector":{"a":"1"},"externalIPs":["1.1.1.1"]}}""");

        Assert.That(service.Owned("one"), Is.EqualTo(".spec.externalIPs .spec.selector"));
        Assert.That(
            () => service.Apply("two", """{"spec":{"selector":{"b":"2"}}}"""),
            Throws.TypeOf<ApplyConflictException>().With.Message.EndsWith(".spec.selector"));

        service.Apply("two", """{"spec":{"selector":{"b":"2"}}}""", force: true);
        Assert.That(service.Spec["selector"]!.ToJsonString(), Is.EqualTo("""{"b":"2"}"""));
        Assert.That(service.Owned("one"), Is.EqualTo(".spec.externalIPs"));
    }

    [Test]
    public void Sets_are_shared_item_by_item()
    {
        var pod = new ApplyHarness("v1", "Pod");
        pod.Apply("one", """{"metadata":{"finalizers":["a","b"]}}""");
        pod.Apply("two", """{"metadata":{"finalizers":["b","c"]}}""");
        Assert.That(pod.Live["metadata"]!["finalizers"]!.ToJsonString(), Is.EqualTo("""["a","b","c"]"""));

        pod.Apply("one", """{"metadata":{"finalizers":[]}}""");
        Assert.That(pod.Live["metadata"]!["finalizers"]!.ToJsonString(), Is.EqualTo("""["b","c"]"""));
        Assert.That(pod.Owned("two"), Is.EqualTo(".metadata.finalizers[=\"b\"] .metadata.finalizers[=\"c\"]"));
    }

    [Test]
    public void Order_follows_the_configuration_where_both_know_it()
    {
        var pod = new ApplyHarness("v1", "Pod");
        pod.Update("one", """{"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}}""");

        pod.Apply("two", """{"spec":{"containers":[{"name":"c"},{"name":"n"},{"name":"a"}]}}""");

        Assert.That(
            pod.Spec["containers"]!.AsArray().Select(c => c!["name"]!.GetValue<string>()), Is.EqualTo(["b", "c", "n", "a"]));
    }

    [Test]
    public void Applying_the_same_again_changes_nothing_not_even_the_time()
    {
        var deployment = new ApplyHarness();
        deployment.Apply("one", TwoContainers);
        var before = deployment.Live;

        deployment.Apply("one", TwoContainers);

        Assert.That(JsonNode.DeepEquals(deployment.Live, before), Is.True);
    }

    [Test]
    public void The_first_apply_keeps_what_was_there_under_a_name_of_its_own()
    {
        var deployment = new ApplyHarness
        {
            Live = JsonNode.Parse(
            """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"uid":"1"},"spec":{"replicas":1}}""")!.AsObject()
        };

        deployment.Update("editor", """{"spec":{"replicas":2}}""");
        Assert.That(deployment.Entries(), Is.Empty, "an object without owners gets none by an update");

        deployment.Apply("one", """{"spec":{"replicas":2,"paused":true}}""");
        Assert.That(deployment.Owned("before-first-apply"), Is.EqualTo(".spec.replicas"));
        Assert.That(deployment.Owned("one"), Is.EqualTo(".spec.paused .spec.replicas"));
    }

    [Test]
    public void Updates_own_what_they_change_and_lose_what_others_change()
    {
        var deployment = new ApplyHarness();
        deployment.Update("one",
            """{"metadata":{"name":"d","labels":{"a":"1","b":"2"}},"spec":{"replicas":1,"selector":{"matchLabels":{"x":"y"}}}}""");
        Assert.That(deployment.Owned("one"), Is.EqualTo(
            ".metadata.labels .metadata.labels.a .metadata.labels.b .spec.replicas .spec.selector"));

        deployment.Change("two", o =>
        {
            o["spec"]!["replicas"] = 2;
            o["metadata"]!["labels"]!.AsObject().Remove("a");
            o["metadata"]!["generation"] = 2;
        });

        Assert.Multiple(() =>
        {
            Assert.That(deployment.Owned("two"), Is.EqualTo(".spec.replicas"));
            Assert.That(deployment.Owned("one"), Does.Not.Contain(".metadata.labels.a").And.Not.Contain(".spec.replicas"));
            Assert.That(deployment.Owned("one"), Does.Contain(".metadata.labels.b"));
        });
    }

    [Test]
    public void An_update_that_changes_nothing_leaves_owners_and_times()
    {
        var deployment = new ApplyHarness();
        deployment.Update("one", """{"spec":{"replicas":1}}""");
        var before = deployment.Live;

        deployment.Change("two", _ => { });
        deployment.Change("one", _ => { });

        Assert.That(JsonNode.DeepEquals(deployment.Live, before), Is.True);
    }

    [Test]
    public void A_manager_has_an_entry_per_operation_and_subresource()
    {
        var deployment = new ApplyHarness();
        deployment.Apply("m", """{"spec":{"replicas":1}}""");
        deployment.Change("m", o => o["spec"]!["paused"] = true);
        deployment.Change("m", o => o["status"] = JsonNode.Parse("""{"replicas":1}"""), "status", "spec");

        Assert.That(
            deployment.Entries().Select(e => $"{e["operation"]} {e["subresource"]}"), Is.EqualTo(["Apply ", "Update ", "Update status"]));
    }

    [Test]
    public void Reset_fields_are_never_owned()
    {
        var deployment = new ApplyHarness();
        deployment.Apply("m", """{"spec":{"replicas":1},"status":{"replicas":1}}""", reset: "status");
        deployment.Change("n", o => o["status"]!["replicas"] = 5, "", "status");

        Assert.That(deployment.Owned("m"), Is.EqualTo(".spec.replicas"));
        Assert.That(deployment.Owned("n"), Is.Null);
    }

    [Test]
    public void Many_updaters_are_put_together()
    {
        var deployment = new ApplyHarness();
        deployment.Update("m0", """{"metadata":{"labels":{"l0":"x"}}}""");
        for (var i = 1; i < 14; i++)
        {
            deployment.Change($"m{i}", o => o["metadata"]!["labels"]![$"l{i}"] = "x");
        }

        Assert.Multiple(() =>
        {
            Assert.That(deployment.Entries().Count(), Is.EqualTo(10));
            Assert.That(deployment.Owned("ancient-changes"), Does.Contain(".metadata.labels.l0").And.Contain(".metadata.labels.l4"));
            Assert.That(deployment.Owned("m13"), Is.EqualTo(".metadata.labels.l13"));
        });
    }

    [Test]
    public void One_empty_entry_clears_all_owners_and_others_sent_are_taken()
    {
        var deployment = new ApplyHarness();
        deployment.Apply("one", """{"spec":{"replicas":1}}""");

        deployment.Change("two", o => o["metadata"]!["managedFields"]![0]!["manager"] = "renamed");
        Assert.That(deployment.Owned("renamed"), Is.EqualTo(".spec.replicas"));

        deployment.Change("two", o => o["metadata"]!.AsObject().Remove("managedFields"));
        Assert.That(deployment.Owned("renamed"), Is.EqualTo(".spec.replicas"), "a client that does not know them does not lose them");

        deployment.Change("two", o => o["metadata"]!["managedFields"] = JsonNode.Parse("""[{"manager":"x"}]"""));
        Assert.That(deployment.Owned("renamed"), Is.EqualTo(".spec.replicas"), "nonsense is not taken");

        deployment.Change("two", o => o["metadata"]!["managedFields"] = JsonNode.Parse("[{}]"));
        Assert.That(deployment.Entries(), Is.Empty);
    }

    [Test]
    public void Kubectl_takes_over_from_its_own_annotation_without_conflict()
    {
        const string Config = """{"metadata":{"annotations":{}},"spec":{"replicas":1}}""";
        var last = """{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":1}}""";
        var deployment = new ApplyHarness();
        deployment.Update("kubectl-client-side-apply", Config);
        deployment.Change("kubectl-client-side-apply", o =>
            o["metadata"]!["annotations"]!["kubectl.kubernetes.io/last-applied-configuration"] = last);

        Assert.That(() => deployment.Apply("other", """{"spec":{"replicas":2}}"""), Throws.TypeOf<ApplyConflictException>());
        deployment.Apply("kubectl", """{"spec":{"replicas":2}}""");

        Assert.That(deployment.Spec["replicas"]!.GetValue<int>(), Is.EqualTo(2));
        Assert.That(
            deployment.Live["metadata"]!["annotations"]!["kubectl.kubernetes.io/last-applied-configuration"]!.GetValue<string>(),
            Is.EqualTo("""{"spec":{"replicas":2},"apiVersion":"apps/v1","kind":"Deployment"}""" + "\n"));
    }

    [Test]
    public void Kubectl_conflicts_where_the_annotation_is_out_of_date()
    {
        var deployment = new ApplyHarness();
        deployment.Update("csa", """{"spec":{"replicas":1,"paused":true}}""");
        deployment.Change("csa", o => o["metadata"]!["annotations"] = new JsonObject
        {
            ["kubectl.kubernetes.io/last-applied-configuration"] = """{"apiVersion":"apps/v1","spec":{"replicas":9,"paused":true}}""",
        });

        Assert.That(
            () => deployment.Apply("kubectl", """{"spec":{"replicas":2,"paused":false}}"""),
            Throws.TypeOf<ApplyConflictException>().With.Message.EqualTo(
                "Apply failed with 1 conflict: conflict with \"csa\" using apps/v1: .spec.replicas"));
    }

    [Test]
    public void Objects_without_a_schema_merge_by_field_and_keep_lists_whole()
    {
        var widget = new ApplyHarness("example.com/v1", "Widget", SingleVersion.DeducedType);
        widget.Apply("one", """{"metadata":{"finalizers":["a"]},"spec":{"a":{"b":1},"list":[{"name":"x"}]}}""");
        widget.Apply("two", """{"metadata":{"finalizers":["b"]},"spec":{"a":{"c":2}}}""");

        Assert.That(widget.Spec.ToJsonString(), Is.EqualTo("""{"a":{"b":1,"c":2},"list":[{"name":"x"}]}"""));
        Assert.That(widget.Owned("one"), Is.EqualTo(".metadata.finalizers[=\"a\"] .spec .spec.a .spec.a.b .spec.list"));
        Assert.That(
            () => widget.Apply("two", """{"spec":{"list":[{"name":"y"}]}}"""),
            Throws.TypeOf<ApplyConflictException>().With.Message.EndsWith(".spec.list"));
    }

    [Test]
    public void A_value_may_change_its_shape_where_no_schema_says_what_it_is()
    {
        var widget = new ApplyHarness("example.com/v1", "Widget", SingleVersion.DeducedType);
        widget.Apply("one", """{"spec":{"a":{"b":1}}}""");
        widget.Apply("one", """{"spec":{"a":5}}""");
        Assert.That(widget.Spec.ToJsonString(), Is.EqualTo("""{"a":5}"""));

        widget.Apply("one", """{"spec":{"a":{"c":[1]}}}""");
        Assert.That(widget.Spec.ToJsonString(), Is.EqualTo("""{"a":{"c":[1]}}"""));
    }

    [TestCase("""{"spec":{"replicas":"lots"}}""", ".spec.replicas: expected numeric (int or float), got string")]
    [TestCase("""{"spec":{"paused":"yes"}}""", ".spec.paused: expected boolean, got \"yes\"")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"P","value":80}]}]}}}}""",
        ".spec.template.spec.containers[name=\"a\"].env[name=\"P\"].value: expected string, got 80")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"P"},{"name":"P"}]}]}}}}""",
        ".spec.template.spec.containers[name=\"a\"].env: duplicate entries for key [name=\"P\"]")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"a"},{"image":"x"}]}}}}""",
        ".spec.template.spec.containers: element 1: associative list with keys has an element that omits all key fields")]
    [TestCase("""{"spec":{"foo":1}}""", "failed to create typed patch object (/; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"a","imag":"x"}]}}}}""",
        ".spec.template.spec.containers[name=\"a\"].imag: field not declared in schema")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"name":"a"},{"name":"a"}]}}}}""", "duplicate entries for key [name=\"a\"]")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[{"image":"a"}]}}}}""", "omits all key fields")]
    [TestCase("""{"spec":{"template":{"spec":{"containers":[null]}}}}""", "associative list")]
    [TestCase("""{"metadata":{"finalizers":[{}]}}""", "no scalar")]
    [TestCase("""{"metadata":{"managedFields":[]}}""", "metadata.managedFields must be nil")]
    [TestCase("""{"apiVersion":"apps/v2"}""",
        "Incorrect version specified in apply patch. Specified patch version: apps/v2, expected: apps/v1")]
    public void A_configuration_that_is_no_object_of_the_type_is_refused(string config, string words) =>
        Assert.That(() => new ApplyHarness().Apply("m", config), Throws.TypeOf<ApplyException>().With.Message.Contains(words));
}
